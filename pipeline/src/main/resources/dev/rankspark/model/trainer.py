class Trainer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  frozen : List[Tensor]
  # N tokens of a batch, R texts of at most L tokens, D the width, H and K query and key heads of width d. A layer's modules
  # in this order: q, k, v, o, gate, up, down; those that read the same input are one product: qkv, o, gate and up, down.
  # frozen: embedding, norm, then by layer norm, qkv, o, norm, gate and up, down.
  # A product W (M, K) with LoRA is held as [W, B; A, 0] (M + r, K + r), A (r, K) of its modules stacked, B (M, r) block
  # diagonal and scaled, and its input as [x, x A^T], so that [W, B] is one product, and so is the backward by [W; A].
  # Gradients are worked out by hand; the tests hold them against automatic differentiation.
  def put(self: __torch__.Trainer, target: Tensor, at: int, source: Tensor) -> int:
    target[at:at + source.size(0)].copy_(source)
    return source.size(0)
  def layers(self: __torch__.Trainer) -> int:
    return torch.floordiv(len(self.frozen) - 2, 6)
  def unfreeze(self: __torch__.Trainer, params: Tensor, sizes: List[int], dtype: int) -> int:
    # Full training: the first time, the loaded weights become the parameters; the head is there already.
    p = torch.split_with_sizes(params, sizes)
    for i in range(len(self.frozen)):
      p[i].copy_(self.frozen[i].reshape([-1]))
      self.frozen[i] = p[i].view(self.frozen[i].size()).to(dtype)
    return len(self.frozen)
  def rank(self: __torch__.Trainer, ranks: List[int], first: int, count: int) -> int:
    r = 0
    for k in range(first, first + count):
      r = r + ranks[k]
    return r
  def widen(self: __torch__.Trainer, ranks: List[int]) -> int:
    # Makes room for the factors beside each product's weight, one after the other.
    first = [0, 3, 4, 6, 7]
    at = [3, 4, 6, 7]
    for i in range(self.layers()):
      for j in range(4):
        r = self.rank(ranks, first[j], first[j + 1] - first[j])
        w = self.frozen[6 * i + at[j]]
        if r > 0:
          wide = torch.zeros([w.size(0) + r, w.size(1) + r], dtype=w.dtype, device=w.device)
          wide[:w.size(0), :w.size(1)].copy_(w)
          self.frozen[6 * i + at[j]] = wide
    return 0
  def refresh(self: __torch__.Trainer, params: Tensor, sizes: List[int], ranks: List[int], scale: float, full: bool) -> int:
    # After the parameters have changed. In full training of float32 they are the weights' own memory.
    p = torch.split_with_sizes(params, sizes)
    if full:
      for i in range(len(self.frozen)):
        self.frozen[i] = p[i].view(self.frozen[i].size()).to(self.frozen[i].dtype)
    else:
      first = [0, 3, 4, 6, 7]
      at = [3, 4, 6, 7]
      for i in range(self.layers()):
        for j in range(4):
          w = self.frozen[6 * i + at[j]]
          r = self.rank(ranks, first[j], first[j + 1] - first[j])
          rows = w.size(0) - r
          width = w.size(1) - r
          row = 0
          column = 0
          for k in range(first[j], first[j + 1]):
            n = self.outputs(i, k, ranks)
            if ranks[k] > 0:
              w[rows + column:rows + column + ranks[k], :width].copy_(p[14 * i + 2 * k].view([ranks[k], width]))
              w[row:row + n, width + column:width + column + ranks[k]].copy_(torch.mul(p[14 * i + 2 * k + 1].view([n, ranks[k]]), scale))
            row = row + n
            column = column + ranks[k]
    return 0
  def outputs(self: __torch__.Trainer, i: int, module: int, ranks: List[int]) -> int:
    # the width of a module's output
    heads = self.frozen[4 + 6 * i].size(1) - ranks[3]
    if module == 0:
      n = heads
    elif module < 3:
      n = torch.floordiv(self.frozen[3 + 6 * i].size(0) - self.rank(ranks, 0, 3) - heads, 2)
    elif module == 3:
      n = self.frozen[4 + 6 * i].size(0) - ranks[3]
    elif module < 6:
      n = torch.floordiv(self.frozen[6 + 6 * i].size(0) - ranks[4] - ranks[5], 2)
    else:
      n = self.frozen[7 + 6 * i].size(0) - ranks[6]
    return n
  def room(self: __torch__.Trainer, x: Tensor, rows: int, columns: int) -> Tensor:
    return torch.empty([rows, columns], dtype=x.dtype, device=x.device)
  def chance(self: __torch__.Trainer, p: float) -> float:
    # of being kept: 16 bits are drawn a number
    return 1. - float(round(p * 65536.)) / 65536.
  def keep(self: __torch__.Trainer, rows: int, width: int, like: Tensor, p: float, bounds: List[int], seeds: List[int], number: int) -> Tensor:
    # Dropout: which of (N, K) stay. The rows of a group, from one bound to the next, are drawn from the group's own seed,
    # so that they do not depend on which groups a batch has. A number of 64 bits decides for four.
    keep = torch.ones([rows * width], dtype=11, device=like.device)
    least = int(round(p * 65536.))
    for g in range(len(seeds)):
      part = keep[bounds[g] * width:bounds[g + 1] * width]
      n = torch.floordiv(part.size(0) + 3, 4)
      drawn = torch.empty([n], dtype=4, device=like.device)
      generator = torch.Generator(device=like.device, seed=(seeds[g] + number * 2654435761) & 4294967295)
      drawn.random_(-9223372036854775807 - 1, None, generator=generator)
      bits = 1
      for j in range(3):
        torch.ge(torch.bitwise_and(drawn, 65535 * bits), least * bits, out=part[j * n:(j + 1) * n])
        bits = bits * 65536
      torch.ge(drawn[:part.size(0) - 3 * n], (least - 32768) * bits, out=part[3 * n:])
    return keep.view([rows, width])
  def lower(self: __torch__.Trainer, x: Tensor, w: Tensor, i: int, first: int, count: int, ranks: List[int], p: float, bounds: List[int], seeds: List[int]) -> List[Tensor]:
    # x (N, K + r): writes dropout(x) A^T into its last r columns. Returns what dropout keeps, by module.
    keeps : List[Tensor] = []
    r = self.rank(ranks, first, count)
    if r > 0:
      width = w.size(1) - r
      rows = w.size(0) - r
      if p > 0.:
        at = 0
        for k in range(first, first + count):
          if ranks[k] > 0:
            keep = self.keep(x.size(0), width, x, p, bounds, seeds, 7 * i + k)
            z = torch.linear(torch.mul(x[:, :width], keep), w[rows + at:rows + at + ranks[k], :width])
            x[:, width + at:width + at + ranks[k]].copy_(z.mul_(1. / self.chance(p)))
            keeps.append(keep)
          at = at + ranks[k]
      else:
        x[:, width:].zero_()
        x[:, width:].copy_(ops.rankspark.linear(x, w[rows:]))
    return keeps
  def upper(self: __torch__.Trainer, x: Tensor, w: Tensor, first: int, count: int, ranks: List[int]) -> Tensor:
    # [x, z] (N, K + r) -> x W^T + z B^T
    return ops.rankspark.linear(x, w[:w.size(0) - self.rank(ranks, first, count)])
  def back(self: __torch__.Trainer, dy: Tensor, x: Tensor, w: Tensor, i: int, first: int, count: int, ranks: List[int], keeps: List[Tensor], p: float, scale: float, grad: List[Tensor], segment: int, need: bool, full: bool) -> Tensor:
    # dy (N, M + r) with room in its last r columns; x = [x, z]. Adds the gradients of A and B, in full training of w.
    # Returns that of x, (N, K), if it is needed.
    if full:
      grad[segment].add_(ops.rankspark.linear(dy.t(), x.t()).view([-1]))
    r = self.rank(ranks, first, count)
    width = w.size(1) - r
    rows = w.size(0) - r
    dz = dy[:, rows:]
    da = dz
    db = dz
    if r > 0:
      dy[:, rows:].zero_()
      dz = ops.rankspark.linear(dy, w[:, width:].t().contiguous())
      db = ops.rankspark.linear(x[:, width:].t().contiguous(), dy.t())
      if p == 0.:
        da = ops.rankspark.linear(dz.t().contiguous(), x.t())
        dy[:, rows:].copy_(dz)
    dx = dy
    if need:
      dx = ops.rankspark.linear(dy, w[:, :width].t())
    row = 0
    at = 0
    kept = 0
    for k in range(first, first + count):
      n = self.outputs(i, k, ranks)
      if ranks[k] > 0:
        if p > 0.:
          # dropout's input is each module's own
          dz1 = torch.mul(dz[:, at:at + ranks[k]], 1. / self.chance(p))
          da1 = ops.rankspark.linear(dz1.t().contiguous(), torch.mul(x[:, :width], keeps[kept]).t())
          if need:
            dx.add_(torch.matmul(dz1, w[rows + at:rows + at + ranks[k], :width]).mul_(keeps[kept]))
          kept = kept + 1
        else:
          da1 = da[at:at + ranks[k], :width]
        grad[14 * i + 2 * k].view([ranks[k], width]).add_(da1)
        grad[14 * i + 2 * k + 1].view([n, ranks[k]]).add_(db[at:at + ranks[k], row:row + n].t(), alpha=scale)
      row = row + n
      at = at + ranks[k]
    return dx
  def norm_into(self: __torch__.Trainer, x: Tensor, w: Tensor, eps: float, out: Tensor) -> Tensor:
    # RMSNorm. Returns the scale of each row, (N, 1).
    squares = self.mean_square(x)
    torch.mul(self.normalized(x, squares, eps), w, out=out)
    return torch.rsqrt(torch.add(squares, eps)).unsqueeze(1)
  def norm_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, scale: Tensor, w: Tensor, grad: List[Tensor], segment: int, full: bool) -> Tensor:
    # RMSNorm is weight normalization (arXiv:1602.07868) of the rows to a length of sqrt(D): one pass of a kernel.
    y = x.to(6)
    gain = torch.full_like(scale, float(x.size(-1)) ** 0.5)
    if full:
      n = torch.mul(y, scale).to(x.dtype)
      grad[segment].add_(torch.mul(dy.to(6), n.to(6)).sum([0]))
    dx, _ = torch._weight_norm_interface_backward(torch.mul(dy, w).to(6), y.contiguous(), gain, torch.div(gain, scale), 0)
    return dx.to(x.dtype)
  def rotate_ends(self: __torch__.Trainer, x: Tensor, cos: Tensor, sin: Tensor, lengths: Tensor) -> Tensor:
    # (R, H, d): each text's last token
    ends = torch.sub(lengths, 1)
    return ops.rankspark.rotate(x, cos.index_select(0, ends).unsqueeze(1), sin.index_select(0, ends).unsqueeze(1), torch.empty_like(x))
  def masks(self: __torch__.Trainer, lengths: Tensor, longest: int, kv: int, group: int) -> List[Tensor]:
    # 0 where a token may look and -inf elsewhere: (1, group L, L), and of the last layer (R K, 1, L)
    inner = torch.full([1, longest, longest], -inf, dtype=6, device=lengths.device).triu(1).repeat([1, group, 1])
    beyond = torch.ge(torch.arange(longest, device=lengths.device).unsqueeze(0), lengths.unsqueeze(1))
    last = torch.zeros(beyond.size(), dtype=6, device=lengths.device).masked_fill_(beyond, -inf)
    return [inner, last.unsqueeze(1).repeat_interleave(kv, 0)]
  def attend(self: __torch__.Trainer, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> List[Tensor]:
    # q (R K, T, d), k, v (R K, L, d) -> the output (R K, T, d), and the probabilities, which are computed in float32
    a = torch.softmax(torch.baddbmm(mask.expand([q.size(0), q.size(1), -1]), q.to(6), k.to(6).transpose(1, 2), alpha=q.size(2) ** -0.5), -1).to(q.dtype)
    return [torch.bmm(a, v), a]
  def attend_back(self: __torch__.Trainer, dy: Tensor, q: Tensor, k: Tensor, v: Tensor, a: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    ds = torch._softmax_backward_data(torch.bmm(dy, v.transpose(1, 2)), a, -1, a.dtype).mul_(q.size(2) ** -0.5)
    return (torch.bmm(ds, k), torch.bmm(ds.transpose(1, 2), q), torch.bmm(a.transpose(1, 2), dy))
  def attention(self: __torch__.Trainer, x: Tensor, i: int, ranks: List[int], cos: Tensor, sin: Tensor, pooled: Tensor, places: Tensor, inverse: Tensor, lengths: Tensor, masks: List[Tensor], heads: int, kv: int, last: bool, eps: float, p: float, bounds: List[int], ends: List[int], seeds: List[int]) -> Tuple[List[Tensor], List[Tensor], List[Tensor]]:
    # cos, sin (L, d). Keeps [x, z] of qkv, its rows' scales, q, k, v, the probabilities, [x, z] of o; and what dropout
    # keeps.
    c = 2 + 6 * i
    d = cos.size(1)
    y = self.room(x, x.size(0), self.frozen[c + 1].size(1))
    norms = self.norm_into(x, self.frozen[c], eps, y[:, :x.size(1)])
    keeps = self.lower(y, self.frozen[c + 1], i, 0, 3, ranks, p, bounds, seeds)
    w = self.frozen[c + 1][:self.frozen[c + 1].size(0) - self.rank(ranks, 0, 3)]
    h = heads
    if last:
      h = 0
    # texts whole, from their first token on: (R, H + 2 K, L, d)
    texts = pooled.size(0)
    longest = cos.size(0)
    all = ops.rankspark.linear(y, w[(heads - h) * d:]).index_select(0, places).view([texts, longest, -1, d]).transpose(1, 2)
    k = ops.rankspark.rotate(all[:, h:h + kv], cos, sin, self.room(x, texts * kv * longest, d).view([texts, kv, longest, d]))
    v = all[:, h + kv:].contiguous()
    out = self.room(x, x.size(0), self.frozen[c + 2].size(1))
    at = bounds
    if last:
      out = out[:texts]
      at = ends
      q0 = ops.rankspark.linear(y.index_select(0, pooled), w[:heads * d]).view([texts, heads, d])
      q = self.rotate_ends(q0, cos, sin, lengths)
    else:
      q = ops.rankspark.rotate(all[:, :heads], cos, sin, self.room(x, texts * heads * longest, d).view([texts, heads, longest, d]))
    q1, k1, v1 = q.view([texts * kv, -1, d]), k.view([texts * kv, -1, d]), v.view([texts * kv, -1, d])
    o = self.attend(q1, k1, v1, masks[int(last)])
    if last:
      out[:, :heads * d].copy_(o[0].view([texts, -1]))
    else:
      o1 = o[0].view([texts, heads, longest, d]).transpose(1, 2).reshape([texts * longest, -1])
      torch.index_select(o1, 0, inverse, out=out[:, :heads * d])
    keeps1 = self.lower(out, self.frozen[c + 2], i, 3, 1, ranks, p, at, seeds)
    return ([y, norms, q1, k1, v1, o[1], out], keeps, keeps1)
  def attention_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, i: int, ranks: List[int], cos: Tensor, sin: Tensor, pooled: Tensor, back: Tensor, inverse: Tensor, lengths: Tensor, prefixes: List[int], heads: int, kv: int, last: bool, p: float, bounds: List[int], kept: List[Tensor], keeps: List[Tensor], grad: List[Tensor], scale: float, full: bool) -> Tensor:
    # sin is that of turning back. The first layer's input needs no gradient unless the embedding is trained.
    need = i > 0 or full
    c = 2 + 6 * i
    d = cos.size(1)
    w = self.frozen[c + 1]
    texts = pooled.size(0)
    longest = cos.size(0)
    if last:
      h = 0
      dy1 = dy.reshape([texts * kv, -1, d])
    else:
      h = heads
      dy1 = dy.index_select(0, back).view([texts, longest, heads, d]).transpose(1, 2).reshape([texts * kv, -1, d])
    dq, dk, dv = self.attend_back(dy1, kept[2], kept[3], kept[4], kept[5])
    rows = self.room(x, texts * longest, (h + 2 * kv) * d)
    all = rows.view([texts, longest, -1, d]).transpose(1, 2)
    ops.rankspark.rotate(dk.view([texts, kv, longest, d]), cos, sin, all[:, h:h + kv])
    all[:, h + kv:].copy_(dv.view([texts, kv, longest, d]))
    dqkv = self.room(x, x.size(0), w.size(0))
    if last:
      dq1 = self.rotate_ends(dq.view([texts, heads, d]), cos, sin, lengths)
      dqkv[:, :heads * d].zero_()
      dqkv[:, :heads * d].index_add_(0, pooled, dq1.view([texts, -1]))
    else:
      ops.rankspark.rotate(dq.view([texts, heads, longest, d]), cos, sin, all[:, :heads])
    # Each token has one place that its gradient comes from, those of a prefix their texts' sum.
    dall = dqkv[:, (heads - h) * d:(heads + 2 * kv) * d]
    torch.index_select(rows, 0, inverse, out=dall)
    for j in range(torch.floordiv(len(prefixes), 4)):
      f, n, t, s = prefixes[4 * j], prefixes[4 * j + 1], prefixes[4 * j + 2], prefixes[4 * j + 3]
      dall[f:f + n].copy_(rows.view([texts, longest, -1])[t:t + s, :n].sum([0]))
    dall[bounds[-1]:].zero_()
    dn = self.back(dqkv, kept[0], w, i, 0, 3, ranks, keeps, p, scale, grad, c + 1, need, full)
    if need:
      dn = self.norm_back(dn, x, kept[1], self.frozen[c], grad, c, full)
    return dn
  def mlp(self: __torch__.Trainer, x: Tensor, i: int, ranks: List[int], eps: float, p: float, at: List[int], seeds: List[int]) -> Tuple[List[Tensor], List[Tensor], List[Tensor]]:
    # Keeps [x, z] of gate and up, its rows' scales, gate and up, [x, z] of down or z alone; and what dropout keeps.
    c = 5 + 6 * i
    y = self.room(x, x.size(0), self.frozen[c + 1].size(1))
    norms = self.norm_into(x, self.frozen[c], eps, y[:, :x.size(1)])
    keeps = self.lower(y, self.frozen[c + 1], i, 4, 2, ranks, p, at, seeds)
    gu = self.upper(y, self.frozen[c + 1], 4, 2, ranks)
    h = self.room(x, x.size(0), self.frozen[c + 2].size(1))
    ops.rankspark.gate(gu, h[:, :torch.floordiv(gu.size(1), 2)])
    keeps1 = self.lower(h, self.frozen[c + 2], i, 6, 1, ranks, p, at, seeds)
    return ([y, norms, gu, h], keeps, keeps1)
  def mlp_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, i: int, ranks: List[int], p: float, kept: List[Tensor], keeps: List[Tensor], keeps1: List[Tensor], grad: List[Tensor], scale: float, full: bool) -> Tensor:
    # dy (N, D + r) with room for down's. Returns the gradient of x with room for o's.
    c = 5 + 6 * i
    f = torch.floordiv(kept[2].size(1), 2)
    h = kept[3]
    if h.size(1) < f:
      z = h
      h = self.room(x, x.size(0), f + z.size(1))
      ops.rankspark.gate(kept[2], h[:, :f])
      h[:, f:].copy_(z)
    dh = self.back(dy, h, self.frozen[c + 2], i, 6, 1, ranks, keeps1, p, scale, grad, c + 2, True, full)
    dgu = self.room(x, x.size(0), self.frozen[c + 1].size(0))
    ops.rankspark.gate_back(dh, kept[2], dgu[:, :2 * f])
    dn = self.back(dgu, kept[0], self.frozen[c + 1], i, 4, 2, ranks, keeps, p, scale, grad, c + 1, True, full)
    dx = self.room(x, x.size(0), self.frozen[c - 1].size(0))
    torch.add(self.norm_back(dn, x, kept[1], self.frozen[c], grad, c, full), dy[:, :x.size(1)], out=dx[:, :x.size(1)])
    return dx
  def pool(self: __torch__.Trainer, ids: Tensor, pooled: Tensor, places: Tensor, inverse: Tensor, lengths: Tensor, masks: List[Tensor], cos: Tensor, sin: Tensor, ranks: List[int], heads: int, kv: int, eps: float, keep: bool, checkpoint: bool, p: float, bounds: List[int], ends: List[int], seeds: List[int], xs: List[Tensor], kept: List[Tuple[List[Tensor], List[Tensor], List[Tensor]]]) -> Tensor:
    # The texts' last states (R, D) before the last norm. Kept where gradients are wanted: each layer's input and the
    # state between attention and MLP; what else its backward needs, or with checkpointing, the last layer's alone.
    x = torch.embedding(self.frozen[0], ids)
    for i in range(self.layers()):
      last = i == self.layers() - 1
      at = bounds
      y = x
      if last:
        at = ends
        y = x.index_select(0, pooled)
      a = self.attention(x, i, ranks, cos, sin, pooled, places, inverse, lengths, masks, heads, kv, last, eps, p, bounds, ends, seeds)
      y = self.upper(a[0][6], self.frozen[4 + 6 * i], 3, 1, ranks).add_(y)
      m = self.mlp(y, i, ranks, eps, p, at, seeds)
      out = self.upper(m[0][3], self.frozen[7 + 6 * i], 6, 1, ranks).add_(y)
      if keep:
        xs.append(x)
        xs.append(y)
        if not checkpoint or last:
          # Of down's [x, z] only z: the backward pass computes x from gate and up again, in one pass.
          m[0][3] = m[0][3][:, torch.floordiv(m[0][2].size(1), 2):].clone()
          kept.append(a)
          kept.append(m)
      x = out
    return x
  def scores(self: __torch__.Trainer, ids: Tensor, pooled: Tensor, places: Tensor, inverse: Tensor, lengths: Tensor, cos: Tensor, sin: Tensor, params: Tensor, ranks: List[int], heads: int, kv: int, eps: float) -> Tensor:
    dtype = self.frozen[0].dtype
    longest = torch.floordiv(places.size(0), pooled.size(0))
    cos1 = cos[:longest].to(dtype)
    sin1 = sin[:longest].to(dtype)
    masks = self.masks(lengths, longest, kv, torch.floordiv(heads, kv))
    none = annotate(List[int], [])
    x = self.pool(ids, pooled, places, inverse, lengths, masks, cos1, sin1, ranks, heads, kv, eps, False, False, 0., none, none, none, annotate(List[Tensor], []), annotate(List[Tuple[List[Tensor], List[Tensor], List[Tensor]]], []))
    n = self.room(x, x.size(0), x.size(1))
    self.norm_into(x, self.frozen[1], eps, n)
    return torch.linear(n.to(6), params[-n.size(1):].view([1, -1])).view([-1])
  def step(self: __torch__.Trainer, ids: Tensor, pooled: Tensor, places: Tensor, back: Tensor, inverse: Tensor, lengths: Tensor, prefixes: List[int], order: Tensor, cos: Tensor, sin: Tensor, params: Tensor, ranks: List[int], grads: Tensor, sizes: List[int], heads: int, kv: int, eps: float, scale: float, weight: float, checkpoint: bool, full: bool, p: float, bounds: List[int], ends: List[int], seeds: List[int]) -> Tensor:
    # order (G, S): which text is each group's first, the positive, and its others. Adds weight times the gradient of the
    # groups' summed losses to grads; returns the losses (G) and the scores (G * S).
    grad = torch.split_with_sizes(grads, sizes)
    dtype = self.frozen[0].dtype
    longest = torch.floordiv(places.size(0), pooled.size(0))
    cos1 = cos[:longest].to(dtype)
    sin1 = sin[:longest].to(dtype)
    masks = self.masks(lengths, longest, kv, torch.floordiv(heads, kv))
    xs : List[Tensor] = []
    kept : List[Tuple[List[Tensor], List[Tensor], List[Tensor]]] = []
    x = self.pool(ids, pooled, places, inverse, lengths, masks, cos1, sin1, ranks, heads, kv, eps, True, checkpoint, p, bounds, ends, seeds, xs, kept)
    head = params[-x.size(1):].view([1, -1])
    n = self.room(x, x.size(0), x.size(1))
    norms = self.norm_into(x, self.frozen[1], eps, n)
    all = torch.linear(n.to(6), head).view([-1])
    scores = all.index_select(0, order.view([-1])).view(order.size())
    logp = torch.log_softmax(scores, 1)
    losses = torch.neg(logp[:, 0])
    ds = torch.exp(logp)
    ds[:, 0].sub_(1.)
    dall = torch.zeros_like(all).index_add_(0, order.view([-1]), ds.view([-1]).mul_(weight))
    grad[-1].add_(torch.matmul(dall, n.to(6)))
    width = x.size(1)
    top = self.layers() - 1
    sin_back = torch.neg(sin1)
    dx = self.room(x, x.size(0), self.frozen[7 + 6 * top].size(0))
    dx[:, :width].copy_(self.norm_back(torch.mul(dall.unsqueeze(1), head).to(dtype), x, norms, self.frozen[1], grad, 1, full))
    for j in range(self.layers()):
      i = top - j
      last = i == top
      y = xs.pop()
      x = xs.pop()
      at = bounds
      if last:
        at = ends
      if checkpoint and not last:
        a, ka, ka1 = self.attention(x, i, ranks, cos1, sin1, pooled, places, inverse, lengths, masks, heads, kv, last, eps, p, bounds, ends, seeds)
        m, km, km1 = self.mlp(y, i, ranks, eps, p, at, seeds)
      else:
        m, km, km1 = kept.pop()
        a, ka, ka1 = kept.pop()
      dy = self.mlp_back(dx, y, i, ranks, p, m, km, km1, grad, scale, full)
      da = self.back(dy, a[6], self.frozen[4 + 6 * i], i, 3, 1, ranks, ka1, p, scale, grad, 4 + 6 * i, True, full)
      dn = self.attention_back(da, x, i, ranks, cos1, sin_back, pooled, back, inverse, lengths, prefixes, heads, kv, last, p, bounds, a, ka, grad, scale, full)
      if i > 0:
        dx = self.room(x, x.size(0), self.frozen[1 + 6 * i].size(0))
      else:
        dx = self.room(x, x.size(0), width)
      if i > 0 or full:
        if last:
          dx[:, :width].copy_(dn)
          dx[:, :width].index_add_(0, pooled, dy[:, :width])
        else:
          torch.add(dn, dy[:, :width], out=dx[:, :width])
    if full:
      grad[0].view(self.frozen[0].size()).index_add_(0, ids, dx.to(6))
    return torch.cat([losses, scores.view([-1])])
  def update(self: __torch__.Trainer, params: Tensor, grads: Tensor, means: Tensor, squares: Tensor, sizes: List[int], decays: List[int], rate: float, beta1: float, beta2: float, eps: float, decay: float, most: float, step: int) -> Tensor:
    # Clips the gradient to the norm most if that is above 0 (clip_grad_norm_), takes a step of AdamW (decoupled weight
    # decay, arXiv:1711.05101) in place and zeroes the gradient. Returns the norm before clipping.
    g = torch.split_with_sizes(grads, sizes)
    norms : List[Tensor] = []
    for i in range(len(sizes)):
      norms.append(torch.linalg_vector_norm(g[i], 2, [0], False, dtype=None))
    norm = torch.linalg_vector_norm(torch.stack(norms), 2, [0], False, dtype=None)
    if most > 0.:
      grads.mul_(torch.clamp_max(torch.mul(torch.reciprocal(torch.add(norm, 1e-6)), most), 1.))
    p = torch.split_with_sizes(params, sizes)
    m = torch.split_with_sizes(means, sizes)
    v = torch.split_with_sizes(squares, sizes)
    c1 = 1. - beta1 ** step
    c2 = (1. - beta2 ** step) ** 0.5
    for i in range(len(sizes)):
      if decay > 0. and decays[i] > 0:
        p[i].mul_(1. - rate * decay)
      m[i].lerp_(g[i], 1. - beta1)
      v[i].mul_(beta2).addcmul_(g[i], g[i], value=1. - beta2)
      p[i].addcdiv_(m[i], torch.sqrt(v[i]).div_(c2).add_(eps), value=-(rate / c1))
    grads.zero_()
    return norm
  def forward(self: __torch__.Trainer, x: Tensor) -> Tensor:
    return x
