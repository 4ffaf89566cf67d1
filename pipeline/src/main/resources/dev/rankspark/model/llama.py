class Llama(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  frozen : List[Tensor]
  def mapped(self: __torch__.Llama,
    path: str,
    first: int,
    sizes: List[int],
    dtype: int) -> Tensor:
    count = 1
    for i in range(torch.len(sizes)):
      count = torch.mul(count, sizes[i])
    end = torch.add(first, count)
    file = torch.from_file(path, False, end, dtype=dtype, layout=None, device=None, pin_memory=None)
    return torch.slice(file, 0, first, end).view(sizes)
  def hold(self: __torch__.Llama,
    w: Tensor) -> int:
    _0 = torch.append(self.frozen, w)
    return torch.len(self.frozen)
  def reserve(self: __torch__.Llama,
    sizes: List[int],
    dtype: int,
    like: Tensor) -> int:
    _0 = torch.append(self.frozen, torch.empty(sizes, dtype=dtype, layout=None, device=like.device))
    return torch.len(self.frozen)
  def fill(self: __torch__.Llama,
    at: int,
    row: int,
    rows: Tensor,
    a: Tensor,
    b: Tensor,
    scaling: float,
    dtype: int) -> int:
    n = torch.size(rows, 0)
    target = torch.slice(self.frozen[-1], 0, at, torch.add(at, n))
    w = rows.to(target.device).to(dtype)
    if torch.gt(torch.numel(a), 0):
      b1 = torch.slice(b, 0, row, torch.add(row, n))
      w1 = torch.add(w.to(6), torch.mul(torch.matmul(b1.to(6), a.to(6)), scaling)).to(dtype)
    else:
      w1 = w
    _0 = torch.copy_(target, w1)
    return n
  def norm(self: __torch__.Llama,
    x: Tensor,
    w: Tensor,
    eps: float) -> Tensor:
    y = x.to(6)
    y1 = torch.mul(y, torch.rsqrt(torch.add(torch.mean(torch.mul(y, y), [-1], True), eps)))
    return torch.mul(y1.to(x.dtype), w)
  def pack(self: __torch__.Llama,
    w: Tensor,
    rows: int) -> Tensor:
    # rows 0: as it is. Else oneDNN's own layout, made for products of so many rows.
    if torch.gt(rows, 0):
      packed = ops.mkldnn._reorder_linear_weight(w, rows)
    else:
      packed = w
    return packed
  def arrange(self: __torch__.Llama,
    heads: int,
    kv: int,
    rows: int) -> int:
    # The weights as score() takes them: embedding, norm, head; the last layer's q and k/v apart; then, by layer,
    # norm, qkv, o, norm, gate, up, down. A weight is let go as soon as its packed form is made.
    w = self.frozen
    layers = torch.floordiv(torch.len(w) - 3, 6)
    qkv = w[6 * layers - 2]
    d = torch.floordiv(qkv.size(0), heads + 2 * kv)
    out = [w[0], w[1], w[2], self.pack(qkv[0:heads * d], rows), self.pack(qkv[heads * d:], rows)]
    for i in range(layers):
      c = 3 + 6 * i
      out.append(w[c])
      if i == layers - 1:
        out.append(w[c])
      else:
        out.append(self.pack(w[c + 1], rows))
      out.append(self.pack(w[c + 2], rows))
      out.append(w[c + 3])
      gate, up = torch.chunk(w[c + 4], 2, 0)
      out.append(self.pack(gate, rows))
      out.append(self.pack(up, rows))
      out.append(self.pack(w[c + 5], rows))
      if torch.gt(rows, 0):
        for j in range(1, 6):
          w[c + j] = w[c]
    self.frozen = out
    return torch.len(out)
  def product(self: __torch__.Llama,
    x: Tensor,
    w: Tensor) -> Tensor:
    if w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
    else:
      y = torch.linear(x, w)
    return y
  def add_product(self: __torch__.Llama,
    x: Tensor,
    a: Tensor,
    w: Tensor) -> Tensor:
    if w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(a, x, w, None, "add")
    else:
      y = torch.add(x, torch.linear(a, w))
    return y
  def gated(self: __torch__.Llama,
    x: Tensor,
    gate: Tensor,
    up: Tensor) -> Tensor:
    # silu(gate x) * (up x), both within oneDNN's products where they are its
    if gate.is_mkldnn:
      g = ops.mkldnn._linear_pointwise(x, gate, None, "swish", annotate(List[Optional[number]], []), "")
      y = ops.mkldnn._linear_pointwise(x, g, up, None, "mul")
    else:
      y = torch.mul(torch.silu(torch.linear(x, gate)), torch.linear(x, up))
    return y
  def rotate(self: __torch__.Llama,
    x: Tensor,
    cos: Tensor,
    sin: Tensor) -> Tensor:
    # x (N, heads, d); cos, sin (N, 1, d), the first half of sin negative
    a, b = torch.chunk(x, 2, -1)
    return torch.addcmul(torch.mul(x, cos), torch.cat([b, a], -1), sin)
  def masks(self: __torch__.Llama,
    blocks: List[int],
    group: int,
    device: Device) -> List[Tensor]:
    # by block, (1, group * width, prefix + width): a token sees the prefix, itself and what is between
    out = annotate(List[Tensor], [])
    for i in range(torch.floordiv(torch.len(blocks), 4)):
      p, s = blocks[4 * i + 1], blocks[4 * i + 3]
      mask = torch.full([1, s, p + s], -inf, dtype=6, device=device).triu(p + 1)
      out.append(mask.repeat([1, group, 1]))
    return out
  def with_prefix(self: __torch__.Llama,
    x: Tensor,
    at: int,
    f: int,
    p: int,
    n: int,
    s: int) -> Tensor:
    # (n, kv, p + s, d): rows f to f + p of x (N, kv, d) before each of the n texts of s tokens that begin at row at
    own = x[at:at + n * s].view([n, s, x.size(1), x.size(2)]).transpose(1, 2)
    if torch.gt(p, 0):
      prefix = x[f:f + p].transpose(0, 1).unsqueeze(0).expand([n, -1, -1, -1])
      y = torch.cat([prefix, own], 2)
    else:
      y = own
    return y
  def attend(self: __torch__.Llama,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    blocks: List[int],
    masks: List[Tensor],
    last: bool) -> Tensor:
    # q (Q, heads, d): a row for every token, in the last layer one for every scored text; k, v (N, kv, d)
    kv = k.size(1)
    d = k.size(2)
    out = torch.empty([q.size(0), q.size(1) * d], dtype=q.dtype, device=q.device)
    at = 0
    row = 0
    for i in range(torch.len(masks)):
      f, p, n, s = blocks[4 * i], blocks[4 * i + 1], blocks[4 * i + 2], blocks[4 * i + 3]
      t = s
      if last:
        t = 1
      if not last or f >= 0:
        q1 = q[row:row + n * t].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n * kv, -1, d])
        k1 = self.with_prefix(k, at, f, p, n, s).reshape([n * kv, -1, d])
        v1 = self.with_prefix(v, at, f, p, n, s).reshape([n * kv, -1, d])
        k2 = k1.transpose(1, 2)
        # Logits in float32: in bfloat16 they cost more than anything else does.
        if last:
          a = torch.mul(torch.bmm(q1.to(6), k2.to(6)), d ** -0.5)
        else:
          a = torch.baddbmm(masks[i].expand([n * kv, -1, -1]), q1.to(6), k2.to(6), alpha=d ** -0.5)
        y = torch.bmm(torch.softmax(a, -1).to(v.dtype), v1).view([n, kv, -1, t, d]).permute([0, 3, 1, 2, 4])
        out[row:row + n * t].view([n, t, kv, -1, d]).copy_(y)
        row = row + n * t
      at = at + n * s
    return out
  def score(self: __torch__.Llama,
    ids: Tensor,
    positions: Tensor,
    pooled: Tensor,
    blocks: List[int],
    cos: Tensor,
    sin: Tensor,
    heads: int,
    kv: int,
    eps: float) -> Tensor:
    # ids, positions (N): the tokens of a batch, one after the other; pooled (R): where the R scored texts end.
    # blocks, four numbers each: n texts of s tokens after a prefix of p tokens at row f; f -1: a prefix, not scored.
    w = self.frozen
    d = cos.size(1)
    x = torch.embedding(w[0], ids)
    cos1 = cos.index_select(0, positions).to(x.dtype).unsqueeze(1)
    sin1 = sin.index_select(0, positions).to(x.dtype).unsqueeze(1)
    masks = self.masks(blocks, torch.floordiv(heads, kv), x.device)
    layers = torch.floordiv(torch.len(w) - 5, 7)
    for i in range(layers):
      c = 5 + 7 * i
      y = self.norm(x, w[c], eps)
      last = i == layers - 1
      if last:
        # Only where the head looks; keys and values of all tokens.
        k0, v = torch.chunk(self.product(y, w[4]).view([x.size(0), -1, d]), 2, 1)
        k = self.rotate(k0, cos1, sin1)
        x = x.index_select(0, pooled)
        q0 = self.product(y.index_select(0, pooled), w[3]).view([x.size(0), -1, d])
        q = self.rotate(q0, cos1.index_select(0, pooled), sin1.index_select(0, pooled))
      else:
        qkv = self.product(y, w[c + 1]).view([x.size(0), -1, d])
        qk, v = torch.split_with_sizes(qkv, [heads + kv, kv], 1)
        q, k = torch.split_with_sizes(self.rotate(qk, cos1, sin1), [heads, kv], 1)
      x = self.add_product(x, self.attend(q, k, v, blocks, masks, last), w[c + 2])
      x = self.add_product(x, self.gated(self.norm(x, w[c + 3], eps), w[c + 4], w[c + 5]), w[c + 6])
    return torch.linear(self.norm(x, w[1], eps).to(6), w[2].to(6)).view([-1])
  def forward(self: __torch__.Llama,
    x: Tensor) -> Tensor:
    return x
