# N tokens of a batch, R scored texts, D the width, F the MLP's, H query and K key heads of width d.
class Product(NamedTuple):
  # (out, in) of modules that read the same input, stacked; in the layout that product gives it
  weight : Tensor
  # (out) of int8, float32; else none
  scales : Tensor
  # (out), or none
  bias : Tensor
class Layer(NamedTuple):
  # of the last layer only the texts' last tokens are wanted
  is_last : bool
  # q, k and v (H d + 2 K d, D); in the last layer q (H d, D) and k, v (2 K d, D)
  qkv : List[__torch__.Product]
  # (H + K, d) of the RMSNorm of each head of q and k, or none
  head_norms : Tensor
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
  # the same where a token looks at so many at most; none without a window
  window_mask : Tensor
class Batch(NamedTuple):
  # (R) the row of each text's last token, then padding
  ends : Tensor
  # (N, 1, d)
  cos : Tensor
  sin : Tensor
  # of the prefixes that several texts share and of the texts; and of the texts alone
  all : List[__torch__.Block]
  texts : List[__torch__.Block]
class Decoder(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  # set once, by configure
  heads : int
  kv_heads : int
  eps : float
  layout : int
  def configure(self: __torch__.Decoder, heads: int, kv_heads: int, eps: float, layout: int) -> int:
    # layout 0: products' weights as they are; above: oneDNN's own for products of so many rows; below: int8, with a
    # scale for each output
    self.heads = heads
    self.kv_heads = kv_heads
    self.eps = eps
    self.layout = layout
    return 0
  def rounded(self: __torch__.Decoder,
    x: Tensor) -> Tuple[Tensor, Tensor]:
    # int8 (N, K) and the float32 scales (N, 1) of its rows
    y = x.to(6)
    scales = torch.clamp_min(torch.div(torch.amax(torch.abs(y), [-1], True), 127.), 1e-30)
    return (torch.round(torch.div(y, scales)).to(1), scales)
  def product(self: __torch__.Decoder, w: Tensor, bias: Tensor) -> __torch__.Product:
    scales = torch.empty([0], dtype=6, layout=None, device=w.device)
    if self.layout < 0:
      w1, s = self.rounded(w)
      scales = s.view([-1])
    elif self.layout > 0:
      w1 = ops.mkldnn._reorder_linear_weight(w, self.layout)
    else:
      w1 = w
    return __torch__.Product(weight=w1, scales=scales, bias=bias)
  def products(self: __torch__.Decoder, w: Tensor, bias: Tensor, rows: int) -> List[__torch__.Product]:
    # of the first rows and of the others
    return [self.product(w[:rows], bias[:rows]), self.product(w[rows:], bias[rows:])]
  def arrange(self: __torch__.Decoder, weights: List[Tensor], is_last: bool) -> __torch__.Layer:
    # A layer of loaded weights, in the order of Architecture.Slot, which are let go. The weights of the norms are
    # multiplied into those of the products that read them.
    w = weights
    qkv = torch.mul(w[1], w[0])
    if is_last:
      q = self.heads * torch.floordiv(qkv.size(0), self.heads + 2 * self.kv_heads)
      qkv1 = self.products(qkv, w[2], q)
    else:
      qkv1 = [self.product(qkv, w[2])]
    head_norms = w[3]
    if head_norms.numel() > 0:
      head_norms = torch.cat([w[3].expand([self.heads, -1]), w[4].expand([self.kv_heads, -1])])
    o = self.product(w[5], w[6])
    gate_up = torch.mul(w[8], w[7])
    if self.layout == 0:
      gate_up1 = [self.product(gate_up, w[9])]
    else:
      gate_up1 = self.products(gate_up, w[9], torch.floordiv(gate_up.size(0), 2))
    down = self.product(w[10], w[11])
    weights.clear()
    return __torch__.Layer(
      is_last=is_last,
      qkv=qkv1,
      head_norms=head_norms,
      o=o,
      gate_up=gate_up1,
      down=down)
  def arrange_head(self: __torch__.Decoder, weights: List[Tensor]) -> Tensor:
    # of the last norm (D) and the head (1, D), in float32
    return torch.mul(weights[1].to(6), weights[0].to(6))
  def biased(self: __torch__.Decoder, y: Tensor, product: __torch__.Product) -> Tensor:
    if product.bias.numel() > 0:
      y = torch.add_(y, product.bias)
    return y
  def multiply8(self: __torch__.Decoder,
    x: Tensor,
    scales: Tensor,
    product: __torch__.Product,
    dtype: int) -> Tensor:
    # of rows rounded to int8, summed in int32
    y = torch._int_mm(x, product.weight.t()).to(6)
    return self.biased(torch.mul(torch.mul_(y, scales), product.scales).to(dtype), product)
  def multiply(self: __torch__.Decoder, x: Tensor, product: __torch__.Product) -> Tensor:
    # (N, in) -> (N, out)
    w = product.weight
    if w.dtype == 1:
      x8, s = self.rounded(x)
      y = self.multiply8(x8, s, product, x.dtype)
    elif w.is_mkldnn:
      y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
      y = self.biased(y, product)
    else:
      y = self.biased(ops.rankspark.linear(x, w), product)
    return y
  def add_multiplied(self: __torch__.Decoder, x: Tensor, a: Tensor, product: __torch__.Product) -> Tensor:
    # x (N, out) + a W^T, a (N, in)
    w = product.weight
    if w.is_mkldnn:
      y = self.biased(ops.mkldnn._linear_pointwise(a, x, w, None, "add"), product)
    else:
      y = torch.add(x, self.multiply(a, product))
    return y
  def gated(self: __torch__.Decoder, x: Tensor, gate_up: List[__torch__.Product]) -> Tensor:
    # silu(gate x) * (up x), (N, F), within oneDNN's products where they are its
    w = gate_up[0].weight
    if w.is_mkldnn and gate_up[0].bias.numel() == 0:
      g = ops.mkldnn._linear_pointwise(x, w, None, "swish", annotate(List[Optional[number]], []), "")
      y = ops.mkldnn._linear_pointwise(x, g, gate_up[1].weight, None, "mul")
    elif w.is_mkldnn:
      y = torch.mul(torch.silu(self.multiply(x, gate_up[0])), self.multiply(x, gate_up[1]))
    elif w.dtype == 1:
      x8, s = self.rounded(x)
      g = torch.silu(self.multiply8(x8, s, gate_up[0], x.dtype))
      y = torch.mul(g, self.multiply8(x8, s, gate_up[1], x.dtype))
    else:
      both = self.multiply(x, gate_up[0])
      y = torch.empty([x.size(0), torch.floordiv(both.size(1), 2)], dtype=x.dtype, device=x.device)
      ops.rankspark.gate(both, y)
    return y
  def rotated(self: __torch__.Decoder, x: Tensor, norms: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    # x (N, heads, d), normalized by the weights norms (heads, d) unless there are none
    y = x
    if norms.numel() > 0:
      rows = x.reshape([-1, x.size(2)])
      y = self.normalized(rows, self.mean_square(rows), self.eps).view(x.size())
      y = torch.mul(y, norms)
    return ops.rankspark.rotate(y, cos, sin, torch.empty_like(y))
  def block(self: __torch__.Decoder,
    text: int,
    texts: int,
    row: int,
    length: int,
    prefix_row: int,
    prefix_length: int,
    window: int,
    like: Tensor) -> __torch__.Block:
    seen = prefix_length + length
    hidden = torch.full([length, torch.floordiv(seen + 15, 16) * 16], -inf, dtype=like.dtype, device=like.device)
    copies = [torch.floordiv(self.heads, self.kv_heads), 1]
    mask = hidden.triu(prefix_length + 1)
    window_mask = mask[0:0]
    if window > 0:
      window_mask = torch.add(mask, hidden.tril(prefix_length - window)).repeat(copies)
    return __torch__.Block(
      text=text,
      texts=texts,
      row=row,
      length=length,
      prefix_row=prefix_row,
      prefix_length=prefix_length,
      mask=mask.repeat(copies),
      window_mask=window_mask)
  def with_prefix(self: __torch__.Decoder, x: Tensor, block: __torch__.Block) -> Tensor:
    # x (N, K, d) -> (texts, K, L, d): the prefix's rows, each text's own, zeros up to the width L of the block's mask
    n = block.texts
    s = block.length
    p = block.prefix_length
    own = x[block.row:block.row + n * s].view([n, s, x.size(1), x.size(2)]).transpose(1, 2)
    prefix = x[block.prefix_row:block.prefix_row + p].transpose(0, 1).unsqueeze(0).expand([n, -1, -1, -1])
    beyond = torch.zeros([n, x.size(1), block.mask.size(1) - p - s, x.size(2)], dtype=x.dtype, device=x.device)
    return torch.cat([prefix, own, beyond], 2)
  def attend(self: __torch__.Decoder,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    blocks: List[__torch__.Block],
    is_last: bool,
    windowed: bool) -> Tensor:
    # q (N, H, d), in the last layer (R, H, d), a row for every text; k, v (N, K, d) -> (N, H d), or (R, H d)
    kv = k.size(1)
    d = k.size(2)
    out = torch.empty([q.size(0), q.size(1) * d], dtype=q.dtype, device=q.device)
    end = 0
    for i in range(len(blocks)):
      block = blocks[i]
      n = block.texts
      mask = block.mask
      if windowed:
        mask = block.window_mask
      if is_last:
        row = block.text
        t = 1
        mask = mask[block.length - 1::block.length]
      else:
        row = block.row
        t = block.length
      end = row + n * t
      q1 = q[row:end].view([n, t, kv, -1, d]).permute([0, 2, 3, 1, 4]).reshape([n, kv, -1, d])
      k1 = self.with_prefix(k, block)
      v1 = self.with_prefix(v, block)
      y = torch.scaled_dot_product_attention(q1, k1, v1, mask, 0., False, scale=d ** -0.5)
      out[row:end].view([n, t, kv, -1, d]).copy_(y.view([n, kv, -1, t, d]).permute([0, 3, 1, 2, 4]))
    torch.zero_(out[end:])
    return out
  def embed(self: __torch__.Decoder, embedding: Tensor, ids: Tensor) -> Tensor:
    # (N) -> (N, D)
    return torch.embedding(embedding, ids)
  def batch(self: __torch__.Decoder,
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
    window: int,
    cos: Tensor,
    sin: Tensor,
    like: Tensor) -> __torch__.Batch:
    # positions (N): of the tokens of a batch, one after the other, then padding; ends (R): the row of each text's last
    # token, then padding. Of the prefixes that several texts share and of the blocks of texts what Block has; the last
    # block is the last of the batch. window: of the layers that have one, 0 if no text is longer. cos, sin (positions,
    # d). like: of the dtype and on the device of the tokens' states. What is kept is copied: arrays of Java's memory
    # end with this call.
    all : List[__torch__.Block] = []
    texts : List[__torch__.Block] = []
    for i in range(len(prefix_rows)):
      all.append(self.block(0, 1, prefix_rows[i], prefix_lengths[i], 0, 0, window, like))
    for i in range(len(block_rows)):
      block = self.block(
        text=block_texts[i],
        texts=block_counts[i],
        row=block_rows[i],
        length=block_lengths[i],
        prefix_row=block_prefix_rows[i],
        prefix_length=block_prefix_lengths[i],
        window=window,
        like=like)
      all.append(block)
      texts.append(block)
    return __torch__.Batch(
      ends=ends.clone(),
      cos=cos.index_select(0, positions).to(like.dtype).unsqueeze(1),
      sin=sin.index_select(0, positions).to(like.dtype).unsqueeze(1),
      all=all,
      texts=texts)
  def layer(self: __torch__.Decoder,
    layer: __torch__.Layer,
    x: Tensor,
    batch: __torch__.Batch,
    windowed: bool) -> Tensor:
    # (N, D) -> (N, D), of the last layer (R, D)
    heads = self.heads
    kv = self.kv_heads
    d = batch.cos.size(2)
    norms = layer.head_norms
    y = self.norm(x)
    if layer.is_last:
      # Only where the head looks; keys and values of all tokens.
      k0, v = torch.chunk(self.multiply(y, layer.qkv[1]).view([x.size(0), -1, d]), 2, 1)
      k = self.rotated(k0, norms[heads:], batch.cos, batch.sin)
      ends = batch.ends
      x = x.index_select(0, ends)
      q0 = self.multiply(y.index_select(0, ends), layer.qkv[0]).view([x.size(0), -1, d])
      q = self.rotated(q0, norms[:heads], batch.cos.index_select(0, ends), batch.sin.index_select(0, ends))
      a = self.attend(q, k, v, batch.texts, True, windowed)
    else:
      qkv = self.multiply(y, layer.qkv[0]).view([x.size(0), -1, d])
      qk0, v = torch.split_with_sizes(qkv, [heads + kv, kv], 1)
      q, k = torch.split_with_sizes(self.rotated(qk0, norms, batch.cos, batch.sin), [heads, kv], 1)
      a = self.attend(q, k, v, batch.all, False, windowed)
    x = self.add_multiplied(x, a, layer.o)
    return self.add_multiplied(x, self.gated(self.norm(x), layer.gate_up), layer.down)
  def score(self: __torch__.Decoder, head: Tensor, x: Tensor) -> Tensor:
    # (R, D) -> (R)
    return torch.linear(self.norm(x).to(6), head).view([-1])
  def forward(self: __torch__.Decoder, x: Tensor) -> Tensor:
    return x
  def norm(self: __torch__.Decoder, x: Tensor) -> Tensor:
    # The weight of RMSNorm is in the products after it.
    return self.normalized(x, self.mean_square(x), self.eps)
