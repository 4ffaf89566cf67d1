class Llama(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  frozen : List[Tensor]
  def rounded(self: __torch__.Llama,
    x: Tensor) -> Tuple[Tensor, Tensor]:
    # int8 (N, K) and the float32 scales (N, 1) of its rows
    y = x.to(6)
    scales = torch.clamp_min(torch.div(torch.amax(torch.abs(y), [-1], True), 127.), 1e-30)
    return (torch.round(torch.div(y, scales)).to(1), scales)
  def put(self: __torch__.Llama,
    weights: List[Tensor],
    scales: List[Tensor],
    w: Tensor,
    layout: int) -> int:
    # layout 0: as it is; above: oneDNN's own for products of so many rows; below: int8, with a scale for each output.
    if torch.lt(layout, 0):
      w1, s = self.rounded(w)
      weights.append(w1)
      scales.append(s.view([-1]))
    else:
      if torch.gt(layout, 0):
        weights.append(ops.mkldnn._reorder_linear_weight(w, layout))
      else:
        weights.append(w)
      scales.append(torch.empty([0], dtype=6, layout=None, device=w.device))
    return torch.len(weights)
  def arrange(self: __torch__.Llama,
    heads: int,
    kv: int,
    layout: int) -> int:
    # The weights as score() takes them: embedding, head; the last layer's q and k/v apart; then, by layer, qkv, o, gate,
    # up, down, in layout 0 gate and up as one and an empty one; after them the scales of all. The weights of the norms are multiplied into those of the products that read
    # them. A weight is let go as soon as its other form is made.
    w = self.frozen
    layers = torch.floordiv(torch.len(w) - 3, 6)
    out = annotate(List[Tensor], [])
    scales = annotate(List[Tensor], [])
    _0 = self.put(out, scales, w[0], 0)
    _1 = self.put(out, scales, torch.mul(w[2].to(6), w[1].to(6)), 0)
    qkv = torch.mul(w[6 * layers - 2], w[6 * layers - 3])
    d = torch.floordiv(qkv.size(0), heads + 2 * kv)
    _2 = self.put(out, scales, qkv[0:heads * d], layout)
    _3 = self.put(out, scales, qkv[heads * d:], layout)
    for i in range(layers):
      c = 3 + 6 * i
      if i == layers - 1:
        _4 = self.put(out, scales, w[c], 0)
      else:
        _4 = self.put(out, scales, torch.mul(w[c + 1], w[c]), layout)
      _5 = self.put(out, scales, w[c + 2], layout)
      gu = torch.mul(w[c + 4], w[c + 3])
      if layout == 0:
        _6 = self.put(out, scales, gu, layout)
        _7 = self.put(out, scales, gu[:0], layout)
      else:
        gate, up = torch.chunk(gu, 2, 0)
        _6 = self.put(out, scales, gate, layout)
        _7 = self.put(out, scales, up, layout)
      _8 = self.put(out, scales, w[c + 5], layout)
      for j in range(1, 6):
        w[c + j] = w[c]
    torch.extend(out, scales)
    self.frozen = out
    return torch.len(out)
  def product8(self: __torch__.Llama,
    x: Tensor,
    scales: Tensor,
    i: int,
    dtype: int) -> Tensor:
    # of rows rounded to int8, summed in int32
    w = self.frozen
    y = torch._int_mm(x, w[i].t()).to(6)
    return torch.mul(torch.mul_(y, scales), w[torch.floordiv(torch.len(w), 2) + i]).to(dtype)
  def product(self: __torch__.Llama,
    x: Tensor,
    i: int) -> Tensor:
    w = self.frozen[i]
    if w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
    elif w.dtype == 1:
      x8, s = self.rounded(x)
      y = self.product8(x8, s, i, x.dtype)
    else:
      y = ops.rankspark.linear(x, w)
    return y
  def add_product(self: __torch__.Llama,
    x: Tensor,
    a: Tensor,
    i: int) -> Tensor:
    w = self.frozen[i]
    if w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(a, x, w, None, "add")
    else:
      y = torch.add(x, self.product(a, i))
    return y
  def gated(self: __torch__.Llama,
    x: Tensor,
    gate: int,
    up: int) -> Tensor:
    # silu(gate x) * (up x), within oneDNN's products where they are its
    w = self.frozen[gate]
    if w.is_mkldnn:
      g = ops.mkldnn._linear_pointwise(x, w, None, "swish", annotate(List[Optional[number]], []), "")
      y = ops.mkldnn._linear_pointwise(x, g, self.frozen[up], None, "mul")
    elif w.dtype == 1:
      x8, s = self.rounded(x)
      y = torch.mul(torch.silu(self.product8(x8, s, gate, x.dtype)), self.product8(x8, s, up, x.dtype))
    else:
      both = ops.rankspark.linear(x, w)
      y = torch.empty([x.size(0), torch.floordiv(both.size(1), 2)], dtype=x.dtype, device=x.device)
      ops.rankspark.gate(both, y)
    return y
  def attend(self: __torch__.Llama,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    blocks: List[int],
    masks: List[Tensor],
    last: bool) -> Tensor:
    # q (Q, heads, d): a row for every token, in the last layer one for every scored text; k, v (N, kv, d).
    kv = k.size(1)
    d = k.size(2)
    out = torch.empty([q.size(0), q.size(1) * d], dtype=q.dtype, device=q.device)
    at = 0
    row = 0
    for i in range(torch.len(masks)):
      f, p, n, s = blocks[4 * i], blocks[4 * i + 1], blocks[4 * i + 2], blocks[4 * i + 3]
      mask = masks[i]
      t = s
      if last:
        t = 1
        mask = mask[s - 1::s]
      if not last or f >= 0:
        q1 = q[row:row + n * t].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n, kv, -1, d])
        k1 = self.with_prefix(k, at, f, p, n, s, mask.size(1))
        v1 = self.with_prefix(v, at, f, p, n, s, mask.size(1))
        y = torch.scaled_dot_product_attention(q1, k1, v1, mask, 0., False, scale=d ** -0.5)
        out[row:row + n * t].view([n, t, kv, -1, d]).copy_(y.view([n, kv, -1, t, d]).permute([0, 3, 1, 2, 4]))
        row = row + n * t
      at = at + n * s
    _0 = torch.zero_(out[row:])
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
    # ids, positions (N): the tokens of a batch, one after the other, then padding; pooled (R): where the scored texts end.
    # blocks, four numbers each: n texts of s tokens after a prefix of p tokens at row f; f -1: a prefix, not scored.
    w = self.frozen
    d = cos.size(1)
    x = torch.embedding(w[0], ids)
    cos1 = cos.index_select(0, positions).to(x.dtype).unsqueeze(1)
    sin1 = sin.index_select(0, positions).to(x.dtype).unsqueeze(1)
    masks = self.masks(blocks, torch.floordiv(heads, kv), x)
    layers = torch.floordiv(torch.floordiv(torch.len(w), 2) - 4, 5)
    for i in range(layers):
      c = 4 + 5 * i
      y = self.norm(x, eps)
      last = i == layers - 1
      if last:
        # Only where the head looks; keys and values of all tokens.
        k0, v = torch.chunk(self.product(y, 3).view([x.size(0), -1, d]), 2, 1)
        k = ops.rankspark.rotate(k0, cos1, sin1, torch.empty_like(k0))
        x = x.index_select(0, pooled)
        q0 = self.product(y.index_select(0, pooled), 2).view([x.size(0), -1, d])
        q = ops.rankspark.rotate(q0, cos1.index_select(0, pooled), sin1.index_select(0, pooled), torch.empty_like(q0))
      else:
        qkv = self.product(y, c).view([x.size(0), -1, d])
        qk, v = torch.split_with_sizes(qkv, [heads + kv, kv], 1)
        q, k = torch.split_with_sizes(ops.rankspark.rotate(qk, cos1, sin1, torch.empty_like(qk)), [heads, kv], 1)
      x = self.add_product(x, self.attend(q, k, v, blocks, masks, last), c + 1)
      x = self.add_product(x, self.gated(self.norm(x, eps), c + 2, c + 3), c + 4)
    return torch.linear(self.norm(x, eps).to(6), w[1]).view([-1])
  def forward(self: __torch__.Llama,
    x: Tensor) -> Tensor:
    return x
  def norm(self: __torch__.Llama,
    x: Tensor,
    eps: float) -> Tensor:
    # The weight of RMSNorm is in the products after it.
    return self.normalized(x, self.mean_square(x), eps)
  def masks(self: __torch__.Llama,
    blocks: List[int],
    group: int,
    x: Tensor) -> List[Tensor]:
    # by block, (group * width, prefix + width up to a multiple of 16, by which the CPU's kernel of bfloat16 is a third
    # faster): a token sees the prefix, itself and what is between
    out = annotate(List[Tensor], [])
    for i in range(torch.floordiv(torch.len(blocks), 4)):
      p, s = blocks[4 * i + 1], blocks[4 * i + 3]
      mask = torch.full([s, torch.floordiv(p + s + 15, 16) * 16], -inf, dtype=x.dtype, device=x.device).triu(p + 1)
      out.append(mask.repeat([group, 1]))
    return out
  def with_prefix(self: __torch__.Llama,
    x: Tensor,
    at: int,
    f: int,
    p: int,
    n: int,
    s: int,
    length: int) -> Tensor:
    # (n, kv, length, d): rows f to f + p of x (N, kv, d), each of the n texts of s tokens that begin at row at, zeros
    own = x[at:at + n * s].view([n, s, x.size(1), x.size(2)]).transpose(1, 2)
    prefix = x[f:f + p].transpose(0, 1).unsqueeze(0).expand([n, -1, -1, -1])
    beyond = torch.zeros([n, x.size(1), length - p - s, x.size(2)], dtype=x.dtype, device=x.device)
    return torch.cat([prefix, own, beyond], 2)
