# N tokens of a batch, R scored texts, D the width, F the MLP's, H query and K key heads of width d.
class Product(NamedTuple):
  # (out, in) of modules that read the same input, stacked; in the layout that put gives it
  weight : Tensor
  # (out) of int8, float32; else none
  scales : Tensor
class Layer(NamedTuple):
  # of the last layer only the texts' last tokens are wanted
  is_last : bool
  # q, k and v (H d + 2 K d, D); in the last layer q (H d, D) and k, v (2 K d, D)
  qkv : List[__torch__.Product]
  # (D, H d)
  o : __torch__.Product
  # gate and up (2 F, D); unless the layout is 0, gate (F, D) and up (F, D)
  gate_up : List[__torch__.Product]
  # (D, F)
  down : __torch__.Product
class Block(NamedTuple):
  # Texts of one length that follow one another, after their prefix; or such a prefix, as a text without one.
  # the first one's number among the texts, and how many
  text : int
  texts : int
  # the first one's first row of its own, and how many each has
  row : int
  length : int
  # the prefix's first row, and how many it has
  prefix_row : int
  prefix_length : int
  # (H / K length, prefix + length up to a multiple of 16): 0 where a token may look, the prefix, itself and what is
  # between, and -inf elsewhere. Of multiples of 16 the CPU's kernel of bfloat16 is a third faster.
  mask : Tensor
class Llama(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  # Loaded: embedding (vocabulary, D), norm (D), head (1, D); then by layer norm (D), qkv, o, norm (D), gate and up,
  # down. Arranged: embedding, head; then by layer its products, of each the weight and the scales.
  frozen : List[Tensor]
  # set once, by arrange
  heads : int
  kv_heads : int
  eps : float
  layout : int
  def rounded(self: __torch__.Llama,
    x: Tensor) -> Tuple[Tensor, Tensor]:
    # int8 (N, K) and the float32 scales (N, 1) of its rows
    y = x.to(6)
    scales = torch.clamp_min(torch.div(torch.amax(torch.abs(y), [-1], True), 127.), 1e-30)
    return (torch.round(torch.div(y, scales)).to(1), scales)
  def put(self: __torch__.Llama, target: List[Tensor], w: Tensor) -> int:
    # One product more. Layout 0: as it is; above: oneDNN's own for products of so many rows; below: int8, with a scale
    # for each output.
    scales = torch.empty([0], dtype=6, layout=None, device=w.device)
    if self.layout < 0:
      w1, s = self.rounded(w)
      target.append(w1)
      scales = s.view([-1])
    elif self.layout > 0:
      target.append(ops.mkldnn._reorder_linear_weight(w, self.layout))
    else:
      target.append(w)
    target.append(scales)
    return len(target)
  def arrange(self: __torch__.Llama, heads: int, kv_heads: int, eps: float, layout: int) -> int:
    # After loading. The weights of the norms are multiplied into those of the products that read them. A weight is let
    # go as soon as its other form is made.
    self.heads = heads
    self.kv_heads = kv_heads
    self.eps = eps
    self.layout = layout
    w = self.frozen
    layers = torch.floordiv(len(w) - 3, 6)
    out = annotate(List[Tensor], [])
    out.append(w[0])
    out.append(torch.mul(w[2].to(6), w[1].to(6)))
    for i in range(layers):
      c = 3 + 6 * i
      qkv = torch.mul(w[c + 1], w[c])
      if i == layers - 1:
        q = heads * torch.floordiv(qkv.size(0), heads + 2 * kv_heads)
        self.put(out, qkv[0:q])
        self.put(out, qkv[q:])
      else:
        self.put(out, qkv)
      self.put(out, w[c + 2])
      gate_up = torch.mul(w[c + 4], w[c + 3])
      if layout == 0:
        self.put(out, gate_up)
      else:
        gate, up = torch.chunk(gate_up, 2, 0)
        self.put(out, gate)
        self.put(out, up)
      self.put(out, w[c + 5])
      for j in range(1, 6):
        w[c + j] = w[c]
    self.frozen = out
    return len(out)
  def per_layer(self: __torch__.Llama) -> int:
    # products: qkv, o, gate and up, down; the last layer has one more
    count = 4
    if self.layout != 0:
      count = 5
    return count
  def layers(self: __torch__.Llama) -> int:
    return torch.floordiv(torch.floordiv(len(self.frozen), 2) - 2, self.per_layer())
  def product(self: __torch__.Llama, number: int) -> __torch__.Product:
    return __torch__.Product(weight=self.frozen[2 + 2 * number], scales=self.frozen[3 + 2 * number])
  def layer(self: __torch__.Llama, i: int) -> __torch__.Layer:
    is_last = i == self.layers() - 1
    first = i * self.per_layer()
    qkv = [self.product(first)]
    if is_last:
      qkv.append(self.product(first + 1))
    o = first + len(qkv)
    gate_up = [self.product(o + 1)]
    if self.layout != 0:
      gate_up.append(self.product(o + 2))
    down = o + 1 + len(gate_up)
    return __torch__.Layer(
      is_last=is_last,
      qkv=qkv,
      o=self.product(o),
      gate_up=gate_up,
      down=self.product(down))
  def multiply8(self: __torch__.Llama,
    x: Tensor,
    scales: Tensor,
    product: __torch__.Product,
    dtype: int) -> Tensor:
    # of rows rounded to int8, summed in int32
    y = torch._int_mm(x, product.weight.t()).to(6)
    return torch.mul(torch.mul_(y, scales), product.scales).to(dtype)
  def multiply(self: __torch__.Llama, x: Tensor, product: __torch__.Product) -> Tensor:
    # (N, in) -> (N, out)
    w = product.weight
    if w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
    elif w.dtype == 1:
      x8, s = self.rounded(x)
      y = self.multiply8(x8, s, product, x.dtype)
    else:
      y = ops.rankspark.linear(x, w)
    return y
  def add_multiplied(self: __torch__.Llama, x: Tensor, a: Tensor, product: __torch__.Product) -> Tensor:
    # x (N, out) + a W^T, a (N, in)
    w = product.weight
    if w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(a, x, w, None, "add")
    else:
      y = torch.add(x, self.multiply(a, product))
    return y
  def gated(self: __torch__.Llama, x: Tensor, gate_up: List[__torch__.Product]) -> Tensor:
    # silu(gate x) * (up x), (N, F), within oneDNN's products where they are its
    w = gate_up[0].weight
    if w.is_mkldnn:
      g = ops.mkldnn._linear_pointwise(x, w, None, "swish", annotate(List[Optional[number]], []), "")
      y = ops.mkldnn._linear_pointwise(x, g, gate_up[1].weight, None, "mul")
    elif w.dtype == 1:
      x8, s = self.rounded(x)
      g = torch.silu(self.multiply8(x8, s, gate_up[0], x.dtype))
      y = torch.mul(g, self.multiply8(x8, s, gate_up[1], x.dtype))
    else:
      both = ops.rankspark.linear(x, w)
      y = torch.empty([x.size(0), torch.floordiv(both.size(1), 2)], dtype=x.dtype, device=x.device)
      ops.rankspark.gate(both, y)
    return y
  def block(self: __torch__.Llama,
    text: int,
    texts: int,
    row: int,
    length: int,
    prefix_row: int,
    prefix_length: int,
    like: Tensor) -> __torch__.Block:
    seen = prefix_length + length
    mask = torch.full([length, torch.floordiv(seen + 15, 16) * 16], -inf, dtype=like.dtype, device=like.device)
    mask = mask.triu(prefix_length + 1).repeat([torch.floordiv(self.heads, self.kv_heads), 1])
    return __torch__.Block(
      text=text,
      texts=texts,
      row=row,
      length=length,
      prefix_row=prefix_row,
      prefix_length=prefix_length,
      mask=mask)
  def with_prefix(self: __torch__.Llama, x: Tensor, block: __torch__.Block) -> Tensor:
    # x (N, K, d) -> (texts, K, L, d): the prefix's rows, each text's own, zeros up to the width L of the block's mask
    n = block.texts
    s = block.length
    p = block.prefix_length
    own = x[block.row:block.row + n * s].view([n, s, x.size(1), x.size(2)]).transpose(1, 2)
    prefix = x[block.prefix_row:block.prefix_row + p].transpose(0, 1).unsqueeze(0).expand([n, -1, -1, -1])
    beyond = torch.zeros([n, x.size(1), block.mask.size(1) - p - s, x.size(2)], dtype=x.dtype, device=x.device)
    return torch.cat([prefix, own, beyond], 2)
  def attend(self: __torch__.Llama,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    blocks: List[__torch__.Block],
    is_last: bool) -> Tensor:
    # q (N, H, d), in the last layer (R, H, d), a row for every text; k, v (N, K, d) -> (N, H d), or (R, H d)
    kv = k.size(1)
    d = k.size(2)
    out = torch.empty([q.size(0), q.size(1) * d], dtype=q.dtype, device=q.device)
    end = 0
    for i in range(len(blocks)):
      block = blocks[i]
      n = block.texts
      if is_last:
        row = block.text
        t = 1
        mask = block.mask[block.length - 1::block.length]
      else:
        row = block.row
        t = block.length
        mask = block.mask
      end = row + n * t
      q1 = q[row:end].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n, kv, -1, d])
      k1 = self.with_prefix(k, block)
      v1 = self.with_prefix(v, block)
      y = torch.scaled_dot_product_attention(q1, k1, v1, mask, 0., False, scale=d ** -0.5)
      out[row:end].view([n, t, kv, -1, d]).copy_(y.view([n, kv, -1, t, d]).permute([0, 3, 1, 2, 4]))
    torch.zero_(out[end:])
    return out
  def score(self: __torch__.Llama,
    ids: Tensor,
    positions: Tensor,
    ends: Tensor,
    prefix_rows: List[int],
    prefix_lengths: List[int],
    block_texts: List[int],
    block_counts: List[int],
    block_rows: List[int],
    block_lengths: List[int],
    block_prefix_rows: List[int],
    block_prefix_lengths: List[int],
    cos: Tensor,
    sin: Tensor) -> Tensor:
    # ids, positions (N): the tokens of a batch, one after the other, then padding; ends (R): the row of each text's
    # last token, then padding. Of the prefixes that several texts share and of the blocks of texts what Block has; the
    # last block is the last of the batch. cos, sin (positions, d). Returns the scores (R).
    d = cos.size(1)
    heads = self.heads
    kv = self.kv_heads
    x = torch.embedding(self.frozen[0], ids)
    cos1 = cos.index_select(0, positions).to(x.dtype).unsqueeze(1)
    sin1 = sin.index_select(0, positions).to(x.dtype).unsqueeze(1)
    all : List[__torch__.Block] = []
    texts : List[__torch__.Block] = []
    for i in range(len(prefix_rows)):
      all.append(self.block(0, 1, prefix_rows[i], prefix_lengths[i], 0, 0, x))
    for i in range(len(block_rows)):
      block = self.block(
        text=block_texts[i],
        texts=block_counts[i],
        row=block_rows[i],
        length=block_lengths[i],
        prefix_row=block_prefix_rows[i],
        prefix_length=block_prefix_lengths[i],
        like=x)
      all.append(block)
      texts.append(block)
    for i in range(self.layers()):
      layer = self.layer(i)
      y = self.norm(x)
      if layer.is_last:
        # Only where the head looks; keys and values of all tokens.
        k0, v = torch.chunk(self.multiply(y, layer.qkv[1]).view([x.size(0), -1, d]), 2, 1)
        k = ops.rankspark.rotate(k0, cos1, sin1, torch.empty_like(k0))
        x = x.index_select(0, ends)
        q0 = self.multiply(y.index_select(0, ends), layer.qkv[0]).view([x.size(0), -1, d])
        q = ops.rankspark.rotate(q0, cos1.index_select(0, ends), sin1.index_select(0, ends), torch.empty_like(q0))
        a = self.attend(q, k, v, texts, True)
      else:
        qkv = self.multiply(y, layer.qkv[0]).view([x.size(0), -1, d])
        qk, v = torch.split_with_sizes(qkv, [heads + kv, kv], 1)
        q, k = torch.split_with_sizes(ops.rankspark.rotate(qk, cos1, sin1, torch.empty_like(qk)), [heads, kv], 1)
        a = self.attend(q, k, v, all, False)
      x = self.add_multiplied(x, a, layer.o)
      x = self.add_multiplied(x, self.gated(self.norm(x), layer.gate_up), layer.down)
    return torch.linear(self.norm(x).to(6), self.frozen[1]).view([-1])
  def forward(self: __torch__.Llama, x: Tensor) -> Tensor:
    return x
  def norm(self: __torch__.Llama, x: Tensor) -> Tensor:
    # The weight of RMSNorm is in the products after it.
    return self.normalized(x, self.mean_square(x), self.eps)
