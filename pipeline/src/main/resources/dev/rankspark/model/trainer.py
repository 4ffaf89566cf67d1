class Trainer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  frozen : List[Tensor]
  # N tokens of a batch, R texts, D the width, H and K query and key heads of width d. A layer's modules in this order:
  # q, k, v, o, gate, up, down; those that read the same input are one product: q, kv, o, gate and up, down.
  # frozen: embedding, norm, then by layer norm, qkv, o, norm, gate and up, down.
  # Gradients are worked out by hand; the tests hold them against automatic differentiation.
  def product(self: __torch__.Trainer, x: Tensor, w: Tensor) -> Tensor:
    # x (N, K), w (M, K) -> (N, M). oneDNN's product of float32 is up to twice as fast as MKL's (AMD EPYC).
    if x.dtype == 6 and not x.is_cuda:
      y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
    else:
      y = torch.linear(x, w)
    return y
  def put(self: __torch__.Trainer, target: Tensor, at: int, source: Tensor) -> int:
    target[at:at + source.size(0)].copy_(source)
    return source.size(0)
  def unfreeze(self: __torch__.Trainer, params: Tensor, sizes: List[int], dtype: int) -> int:
    # Full training: the first time, the loaded weights become the parameters; the head is there already.
    p = torch.split_with_sizes(params, sizes)
    for i in range(len(self.frozen)):
      p[i].copy_(self.frozen[i].reshape([-1]))
      self.frozen[i] = p[i].view(self.frozen[i].size()).to(dtype)
    return len(self.frozen)
  def refresh(self: __torch__.Trainer, params: Tensor, sizes: List[int]) -> int:
    # Full training: the weights after the parameters have changed; in float32 they are the same memory.
    p = torch.split_with_sizes(params, sizes)
    for i in range(len(self.frozen)):
      self.frozen[i] = p[i].view(self.frozen[i].size()).to(self.frozen[i].dtype)
    return len(self.frozen)
  def factors(self: __torch__.Trainer, params: Tensor, sizes: List[int], ranks: List[int], scale: float, full: bool) -> List[Tensor]:
    # By layer and product, in the dtype of the weights: A (r, in) of its modules stacked, B (out, r) block diagonal and
    # scaled. A module that is not adapted has a rank of 0, in full training all are empty. Last the head (1, D) in float32.
    p = torch.split_with_sizes(params, sizes)
    dtype = self.frozen[0].dtype
    of_product = [1, 2, 1, 2, 1]
    out : List[Tensor] = []
    for i in range(torch.floordiv(len(self.frozen) - 2, 6)):
      j = 0
      for n in of_product:
        a : List[Tensor] = []
        b : List[Tensor] = []
        width = self.input_width(i, j)
        count = n
        if full:
          count = 0
        for k in range(count):
          r = ranks[j]
          a.append(p[14 * i + 2 * j].view([r, width]))
          b.append(p[14 * i + 2 * j + 1].view([self.output_width(i, j, ranks, p), r]))
          j = j + 1
        if full:
          out.append(params[:0])
          out.append(params[:0])
        else:
          out.append(torch.cat(a).to(dtype))
          out.append(torch.mul(torch.block_diag(b), scale).to(dtype))
    out.append(p[-1].view([1, -1]))
    return out
  def input_width(self: __torch__.Trainer, i: int, module: int) -> int:
    if module < 3:
      width = self.frozen[3 + 6 * i].size(1)
    elif module == 3:
      width = self.frozen[4 + 6 * i].size(1)
    elif module < 6:
      width = self.frozen[6 + 6 * i].size(1)
    else:
      width = self.frozen[7 + 6 * i].size(1)
    return width
  def output_width(self: __torch__.Trainer, i: int, module: int, ranks: List[int], p: List[Tensor]) -> int:
    if ranks[module] > 0:
      width = torch.floordiv(p[14 * i + 2 * module + 1].size(0), ranks[module])
    elif module == 0:
      width = self.frozen[4 + 6 * i].size(1)
    elif module < 3:
      width = torch.floordiv(self.frozen[3 + 6 * i].size(0) - self.frozen[4 + 6 * i].size(1), 2)
    elif module == 3:
      width = self.frozen[4 + 6 * i].size(0)
    elif module < 6:
      width = torch.floordiv(self.frozen[6 + 6 * i].size(0), 2)
    else:
      width = self.frozen[7 + 6 * i].size(0)
    return width
  def mask(self: __torch__.Trainer, x: Tensor, p: float, bounds: List[int], seeds: List[int], number: int) -> Tensor:
    # (N, K): 0, or 1 / (1 - p). The rows of a group, from one bound to the next, are drawn from the group's own seed, so
    # that they do not depend on which groups a batch has. A uniform number takes half the time of a Bernoulli one.
    u = torch.ones(x.size(), dtype=6, device=x.device)
    for g in range(len(seeds)):
      generator = torch.Generator(device=x.device, seed=(seeds[g] + number * 2654435761) & 4294967295)
      u[bounds[g]:bounds[g + 1]].uniform_(0., 1., generator=generator)
    return torch.lt(u, 1. - p).to(x.dtype).mul_(1. / (1. - p))
  def dense(self: __torch__.Trainer, x: Tensor, w: Tensor, lora: List[Tensor], c: int, ranks: List[int], parts: List[int], p: float, bounds: List[int], seeds: List[int], kept: List[Tensor]) -> Tensor:
    # x w^T + dropout(x) A^T B^T; keeps dropout(x) A^T. parts: a module's number and its number among all layers' each
    y = self.product(x, w)
    a = lora[c]
    if a.size(0) > 0:
      if p > 0.:
        zs : List[Tensor] = []
        at = 0
        for j in range(torch.floordiv(len(parts), 2)):
          r = ranks[parts[2 * j]]
          if r > 0:
            zs.append(self.product(torch.mul(x, self.mask(x, p, bounds, seeds, parts[2 * j + 1])), a[at:at + r]))
          at = at + r
        z = torch.cat(zs, 1)
      else:
        z = self.product(x, a)
      kept.append(z)
      y = y.addmm_(z, lora[c + 1].t())
    return y
  def dense_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, w: Tensor, lora: List[Tensor], c: int, ranks: List[int], parts: List[int], p: float, bounds: List[int], seeds: List[int], z: Tensor, grad: List[Tensor], layer: int, segment: int, row: int, scale: float, need: bool, full: bool) -> Tensor:
    # Adds the gradients of A and B, in full training of w: rows from row on of a segment. Returns that of x, if it is needed.
    if full:
      grad[segment].view([-1, x.size(1)])[row:row + dy.size(1)].add_(self.product(dy.t(), x.t()))
    if need:
      dx = self.product(dy, w.t())
    else:
      dx = dy
    a = lora[c]
    if a.size(0) > 0:
      dz = self.product(dy, lora[c + 1].t())
      db = self.product(z.t(), dy.t())
      n = torch.floordiv(len(parts), 2)
      width = torch.floordiv(dy.size(1), n)
      if p > 0.:
        at = 0
        for j in range(n):
          r = ranks[parts[2 * j]]
          if r > 0:
            m = self.mask(x, p, bounds, seeds, parts[2 * j + 1])
            dz1 = dz[:, at:at + r].contiguous()
            grad[14 * layer + 2 * parts[2 * j]].add_(self.product(dz1.t(), torch.mul(x, m).t()).reshape([-1]))
            if need:
              dx = dx.addcmul_(torch.matmul(dz1, a[at:at + r]), m)
          at = at + r
      else:
        da = self.product(dz.t(), x.t())
        at = 0
        for j in range(n):
          r = ranks[parts[2 * j]]
          grad[14 * layer + 2 * parts[2 * j]].add_(da[at:at + r].reshape([-1]))
          at = at + r
        if need:
          dx = dx.addmm_(dz, a)
      at = 0
      for j in range(n):
        r = ranks[parts[2 * j]]
        grad[14 * layer + 2 * parts[2 * j] + 1].add_(db[at:at + r, j * width:(j + 1) * width].t().reshape([-1]), alpha=scale)
        at = at + r
    return dx
  def norm_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, w: Tensor, eps: float, grad: List[Tensor], segment: int, full: bool) -> Tensor:
    y = x.to(6)
    r = torch.rsqrt(torch.add(torch.mean(torch.mul(y, y), [-1], True), eps))
    n = torch.mul(y, r)
    if full:
      grad[segment].add_(torch.mul(dy.to(6), n.to(x.dtype).to(6)).sum([0]))
    g = torch.mul(dy, w).to(6)
    return torch.sub(g, torch.mul(n, torch.mean(torch.mul(g, n), [-1], True))).mul_(r).to(x.dtype)
  def attend(self: __torch__.Trainer, q: Tensor, k: Tensor, v: Tensor, blocks: List[int], masks: List[Tensor], last: bool, kept: List[Tensor]) -> Tensor:
    # q (Q, H, d): a row for every token, in the last layer one for every text; k, v (N, K, d). Keeps each block's
    # probabilities. In float32, as scoring's.
    q0 = q.to(6)
    k0 = k.to(6)
    v0 = v.to(6)
    kv = k.size(1)
    d = k.size(2)
    out = torch.zeros([q.size(0), q.size(1) * d], dtype=q.dtype, device=q.device)
    at = 0
    row = 0
    for i in range(len(masks)):
      f, p, n, s = blocks[4 * i], blocks[4 * i + 1], blocks[4 * i + 2], blocks[4 * i + 3]
      t = s
      if last:
        t = 1
      if not last or f >= 0:
        q1 = q0[row:row + n * t].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n * kv, -1, d])
        k1 = self.with_prefix(k0, at, f, p, n, s).reshape([n * kv, -1, d])
        v1 = self.with_prefix(v0, at, f, p, n, s).reshape([n * kv, -1, d])
        if last:
          a = torch.mul(torch.bmm(q1, k1.transpose(1, 2)), d ** -0.5)
        else:
          a = torch.baddbmm(masks[i].expand([n * kv, -1, -1]), q1, k1.transpose(1, 2), alpha=d ** -0.5)
        a1 = torch.softmax(a, -1)
        kept.append(a1)
        y = torch.bmm(a1, v1).view([n, kv, -1, t, d]).permute([0, 3, 1, 2, 4])
        out[row:row + n * t].view([n, t, kv, -1, d]).copy_(y)
        row = row + n * t
      at = at + n * s
    return out
  def attend_back(self: __torch__.Trainer, dy: Tensor, q: Tensor, k: Tensor, v: Tensor, blocks: List[int], last: bool, kept: List[Tensor], first: int) -> Tuple[Tensor, Tensor, Tensor]:
    # The gradients of q (Q, H, d), k and v (N, K, d), in float32
    q0 = q.to(6)
    k0 = k.to(6)
    v0 = v.to(6)
    y0 = dy.to(6)
    kv = k.size(1)
    d = k.size(2)
    dq = torch.zeros_like(q0)
    dk = torch.zeros_like(k0)
    dv = torch.zeros_like(v0)
    at = 0
    row = 0
    c = first
    for i in range(torch.floordiv(len(blocks), 4)):
      f, p, n, s = blocks[4 * i], blocks[4 * i + 1], blocks[4 * i + 2], blocks[4 * i + 3]
      t = s
      if last:
        t = 1
      if not last or f >= 0:
        q1 = q0[row:row + n * t].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n * kv, -1, d])
        y1 = y0[row:row + n * t].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n * kv, -1, d])
        k1 = self.with_prefix(k0, at, f, p, n, s).reshape([n * kv, -1, d])
        v1 = self.with_prefix(v0, at, f, p, n, s).reshape([n * kv, -1, d])
        a = kept[c]
        c = c + 1
        dv1 = torch.bmm(a.transpose(1, 2), y1)
        da = torch._softmax_backward_data(torch.bmm(y1, v1.transpose(1, 2)), a, -1, a.dtype).mul_(d ** -0.5)
        dq1 = torch.bmm(da, k1).view([n, kv, -1, t, d]).permute([0, 3, 1, 2, 4])
        dq[row:row + n * t].view([n, t, kv, -1, d]).copy_(dq1)
        self.add_with_prefix(dk, torch.bmm(da.transpose(1, 2), q1).view([n, kv, p + s, d]), at, f, p, n, s)
        self.add_with_prefix(dv, dv1.view([n, kv, p + s, d]), at, f, p, n, s)
        row = row + n * t
      at = at + n * s
    return (dq, dk, dv)
  def add_with_prefix(self: __torch__.Trainer, dx: Tensor, dy: Tensor, at: int, f: int, p: int, n: int, s: int) -> int:
    # what with_prefix gathered, back to its rows: dy (n, K, p + s, d), dx (N, K, d)
    dx[at:at + n * s].view([n, s, dx.size(1), dx.size(2)]).add_(dy[:, :, p:].transpose(1, 2))
    if p > 0:
      dx[f:f + p].add_(dy[:, :, :p].sum([0]).transpose(0, 1))
    return 0
  def attention(self: __torch__.Trainer, x: Tensor, i: int, lora: List[Tensor], ranks: List[int], cos: Tensor, sin: Tensor, pooled: Tensor, blocks: List[int], masks: List[Tensor], heads: int, last: bool, eps: float, p: float, bounds: List[int], ends: List[int], seeds: List[int]) -> List[Tensor]:
    # keeps: attention's output, q, k, v, the LoRA products of q and of kv, then the blocks' probabilities
    c = 2 + 6 * i
    d = cos.size(2)
    y = self.norm(x, self.frozen[c], eps)
    w = self.frozen[c + 1]
    z : List[Tensor] = []
    kv = self.dense(y, w[heads * d:], lora, 10 * i + 2, ranks, [1, 7 * i + 1, 2, 7 * i + 2], p, bounds, seeds, z)
    k0, v = torch.chunk(kv.view([x.size(0), -1, d]), 2, 1)
    k = self.rotate(k0, cos, sin)
    if last:
      q0 = self.dense(y.index_select(0, pooled), w[:heads * d], lora, 10 * i, ranks, [0, 7 * i], p, ends, seeds, z)
      q = self.rotate(q0.view([-1, heads, d]), cos.index_select(0, pooled), sin.index_select(0, pooled))
    else:
      q0 = self.dense(y, w[:heads * d], lora, 10 * i, ranks, [0, 7 * i], p, bounds, seeds, z)
      q = self.rotate(q0.view([-1, heads, d]), cos, sin)
    a : List[Tensor] = []
    out = self.attend(q, k, v, blocks, masks, last, a)
    none = x[:0]
    zkv = none
    zq = none
    if lora[10 * i + 2].size(0) > 0:
      zkv = z[0]
    if lora[10 * i].size(0) > 0:
      zq = z[-1]
    return [out, q, k, v, zkv, zq] + a
  def attention_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, i: int, lora: List[Tensor], ranks: List[int], cos: Tensor, sin: Tensor, pooled: Tensor, blocks: List[int], heads: int, last: bool, eps: float, p: float, bounds: List[int], ends: List[int], seeds: List[int], kept: List[Tensor], grad: List[Tensor], scale: float, full: bool) -> Tensor:
    # The first layer's input needs no gradient unless the embedding is trained.
    need = i > 0 or full
    c = 2 + 6 * i
    d = cos.size(2)
    w = self.frozen[c + 1]
    y = self.norm(x, self.frozen[c], eps)
    dq, dk, dv = self.attend_back(dy, kept[1], kept[2], kept[3], blocks, last, kept, 6)
    dk1 = self.rotate(dk.to(x.dtype), cos, torch.neg(sin))
    dkv = torch.cat([dk1, dv.to(x.dtype)], 1).view([x.size(0), -1])
    dn = self.dense_back(dkv, y, w[heads * d:], lora, 10 * i + 2, ranks, [1, 7 * i + 1, 2, 7 * i + 2], p, bounds, seeds, kept[4], grad, i, c + 1, heads * d, scale, need, full)
    if last:
      dq1 = self.rotate(dq.to(x.dtype), cos.index_select(0, pooled), torch.neg(sin.index_select(0, pooled))).view([-1, heads * d])
      dnq = self.dense_back(dq1, y.index_select(0, pooled), w[:heads * d], lora, 10 * i, ranks, [0, 7 * i], p, ends, seeds, kept[5], grad, i, c + 1, 0, scale, need, full)
      if need:
        dn = dn.index_add_(0, pooled, dnq)
    else:
      dq1 = self.rotate(dq.to(x.dtype), cos, torch.neg(sin)).view([-1, heads * d])
      dnq = self.dense_back(dq1, y, w[:heads * d], lora, 10 * i, ranks, [0, 7 * i], p, bounds, seeds, kept[5], grad, i, c + 1, 0, scale, need, full)
      if need:
        dn = dn.add_(dnq)
    if need:
      dn = self.norm_back(dn, x, self.frozen[c], eps, grad, c, full)
    return dn
  def mlp(self: __torch__.Trainer, x: Tensor, i: int, lora: List[Tensor], ranks: List[int], eps: float, p: float, bounds: List[int], seeds: List[int]) -> List[Tensor]:
    # keeps: gate and up, their LoRA product
    z : List[Tensor] = [x[:0]]
    y = self.norm(x, self.frozen[5 + 6 * i], eps)
    gu = self.dense(y, self.frozen[6 + 6 * i], lora, 10 * i + 6, ranks, [4, 7 * i + 4, 5, 7 * i + 5], p, bounds, seeds, z)
    return [gu, z[-1]]
  def gated(self: __torch__.Trainer, gu: Tensor) -> Tensor:
    g, u = torch.chunk(gu, 2, 1)
    return torch.silu(g).mul_(u)
  def mlp_back(self: __torch__.Trainer, dy: Tensor, x: Tensor, i: int, lora: List[Tensor], ranks: List[int], eps: float, p: float, bounds: List[int], seeds: List[int], kept: List[Tensor], zdown: Tensor, grad: List[Tensor], scale: float, full: bool) -> Tensor:
    c = 2 + 6 * i
    gu = kept[0]
    g, u = torch.chunk(gu, 2, 1)
    s = torch.silu(g)
    dh = self.dense_back(dy, torch.mul(s, u), self.frozen[c + 5], lora, 10 * i + 8, ranks, [6, 7 * i + 6], p, bounds, seeds, zdown, grad, i, c + 5, 0, scale, True, full)
    dgu = torch.cat([torch.silu_backward(torch.mul(dh, u), g), torch.mul(dh, s)], 1)
    y = self.norm(x, self.frozen[c + 3], eps)
    dn = self.dense_back(dgu, y, self.frozen[c + 4], lora, 10 * i + 6, ranks, [4, 7 * i + 4, 5, 7 * i + 5], p, bounds, seeds, kept[1], grad, i, c + 4, 0, scale, True, full)
    return self.norm_back(dn, x, self.frozen[c + 3], eps, grad, c + 3, full).add_(dy)
  def pool(self: __torch__.Trainer, ids: Tensor, pooled: Tensor, blocks: List[int], cos: Tensor, sin: Tensor, lora: List[Tensor], ranks: List[int], heads: int, eps: float, keep: bool, checkpoint: bool, p: float, bounds: List[int], ends: List[int], seeds: List[int], masks: List[Tensor], xs: List[Tensor], kept: List[List[Tensor]]) -> Tensor:
    # The texts' last states (R, D) before the last norm. Kept where gradients are wanted: each layer's input and the
    # state between attention and MLP; what else its way back needs, or with checkpointing, nothing but the last layer's.
    x = torch.embedding(self.frozen[0], ids)
    layers = torch.floordiv(len(self.frozen) - 2, 6)
    for i in range(layers):
      last = i == layers - 1
      at = bounds
      y = x
      if last:
        at = ends
        y = x.index_select(0, pooled)
      a = self.attention(x, i, lora, ranks, cos, sin, pooled, blocks, masks, heads, last, eps, p, bounds, ends, seeds)
      z : List[Tensor] = [x[:0]]
      y = torch.add(y, self.dense(a[0], self.frozen[4 + 6 * i], lora, 10 * i + 4, ranks, [3, 7 * i + 3], p, at, seeds, z))
      m = self.mlp(y, i, lora, ranks, eps, p, at, seeds)
      z1 : List[Tensor] = [x[:0]]
      out = torch.add(y, self.dense(self.gated(m[0]), self.frozen[7 + 6 * i], lora, 10 * i + 8, ranks, [6, 7 * i + 6], p, at, seeds, z1))
      if keep:
        xs.append(x)
        xs.append(y)
        kept.append([z[-1], z1[-1]])
        if not checkpoint or last:
          kept.append(a)
          kept.append(m)
      x = out
    return x
  def scores(self: __torch__.Trainer, ids: Tensor, positions: Tensor, pooled: Tensor, blocks: List[int], cos: Tensor, sin: Tensor, lora: List[Tensor], ranks: List[int], heads: int, kv: int, eps: float) -> Tensor:
    dtype = self.frozen[0].dtype
    cos1 = cos.index_select(0, positions).to(dtype).unsqueeze(1)
    sin1 = sin.index_select(0, positions).to(dtype).unsqueeze(1)
    masks = self.masks(blocks, torch.floordiv(heads, kv), ids.device)
    x = self.pool(ids, pooled, blocks, cos1, sin1, lora, ranks, heads, eps, False, False, 0., annotate(List[int], []), annotate(List[int], []), annotate(List[int], []), masks, annotate(List[Tensor], []), annotate(List[List[Tensor]], []))
    return torch.linear(self.norm(x, self.frozen[1], eps).to(6), lora[-1]).view([-1])
  def step(self: __torch__.Trainer, ids: Tensor, positions: Tensor, pooled: Tensor, blocks: List[int], order: Tensor, cos: Tensor, sin: Tensor, lora: List[Tensor], ranks: List[int], grads: Tensor, sizes: List[int], heads: int, kv: int, eps: float, scale: float, weight: float, checkpoint: bool, full: bool, p: float, bounds: List[int], ends: List[int], seeds: List[int]) -> Tensor:
    # order (G, S): which text is each group's first, the positive, and its others. Adds weight times the gradient of the
    # groups' summed losses to grads; returns the losses (G) and the scores (G * S).
    grad = torch.split_with_sizes(grads, sizes)
    dtype = self.frozen[0].dtype
    cos1 = cos.index_select(0, positions).to(dtype).unsqueeze(1)
    sin1 = sin.index_select(0, positions).to(dtype).unsqueeze(1)
    masks = self.masks(blocks, torch.floordiv(heads, kv), ids.device)
    xs : List[Tensor] = []
    kept : List[List[Tensor]] = []
    x = self.pool(ids, pooled, blocks, cos1, sin1, lora, ranks, heads, eps, True, checkpoint, p, bounds, ends, seeds, masks, xs, kept)
    n = self.norm(x, self.frozen[1], eps)
    all = torch.linear(n.to(6), lora[-1]).view([-1])
    scores = all.index_select(0, order.view([-1])).view(order.size())
    logp = torch.log_softmax(scores, 1)
    losses = torch.neg(logp[:, 0])
    ds = torch.exp(logp)
    ds[:, 0].sub_(1.)
    dall = torch.zeros_like(all).index_add_(0, order.view([-1]), ds.view([-1]).mul_(weight))
    grad[-1].add_(torch.matmul(dall, n.to(6)))
    dx = self.norm_back(torch.mul(dall.unsqueeze(1), lora[-1]).to(dtype), x, self.frozen[1], eps, grad, 1, full)
    layers = torch.floordiv(len(self.frozen) - 2, 6)
    for j in range(layers):
      i = layers - 1 - j
      last = i == layers - 1
      y = xs.pop()
      x = xs.pop()
      at = bounds
      if last:
        at = ends
      if checkpoint and not last:
        z = kept.pop()
        a = self.attention(x, i, lora, ranks, cos1, sin1, pooled, blocks, masks, heads, last, eps, p, bounds, ends, seeds)
        m = self.mlp(y, i, lora, ranks, eps, p, at, seeds)
      else:
        m = kept.pop()
        a = kept.pop()
        z = kept.pop()
      dy = self.mlp_back(dx, y, i, lora, ranks, eps, p, at, seeds, m, z[1], grad, scale, full)
      da = self.dense_back(dy, a[0], self.frozen[4 + 6 * i], lora, 10 * i + 4, ranks, [3, 7 * i + 3], p, at, seeds, z[0], grad, i, 4 + 6 * i, 0, scale, True, full)
      dx = self.attention_back(da, x, i, lora, ranks, cos1, sin1, pooled, blocks, heads, last, eps, p, bounds, ends, seeds, a, grad, scale, full)
      if i > 0 or full:
        if last:
          dx = dx.index_add_(0, pooled, dy)
        else:
          dx = dx.add_(dy)
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
