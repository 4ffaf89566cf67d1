# N tokens of a batch, R texts of at most L tokens, D the width, F the MLP's, H query and K key heads of width d, a LoRA
# factor's rank r. Gradients are worked out by hand; the tests hold them against automatic differentiation.
class Norm(NamedTuple):
  # the weight (D) of an RMSNorm, or none, and the segment of its gradient in full training
  weight : Tensor
  segment : int
class Product(NamedTuple):
  # Modules that read the same input are one product, W (out, in) their weights stacked. With LoRA it is held as
  # [W, B; A, 0] (out + r, in + r), A (r, in) of its modules stacked, B (out, r) block diagonal and scaled, and its
  # input as [x, z] with z = x A^T, so that [W, B] is one product, and so is the backward by [W; A].
  weight : Tensor
  # (out), or none
  bias : Tensor
  # r, the sum of its modules' ranks
  rank : int
  # of W's gradient in full training; the bias has the next
  segment : int
  # Each module's number in the layer, its rank, 0 without LoRA, and its width. The segments of A's and B's gradients
  # are twice the number and the next.
  modules : List[int]
  ranks : List[int]
  outputs : List[int]
  # added to a module's number where its dropout is drawn: no two of a model have the same
  first_module : int
class Layer(NamedTuple):
  number : int
  # of the last layer only the texts' last tokens are wanted
  is_last : bool
  # of its parameters in their vector
  first : int
  attention_norm : __torch__.Norm
  # (H d + 2 K d, D)
  qkv : __torch__.Product
  # (d) of each head of q and of k
  q_norm : __torch__.Norm
  k_norm : __torch__.Norm
  # (D, H d)
  o : __torch__.Product
  mlp_norm : __torch__.Norm
  # (2 F, D)
  gate_up : __torch__.Product
  # (D, F)
  down : __torch__.Product
class Batch(NamedTuple):
  # (R) the row of each text's last token
  ends : Tensor
  # (R L) the row of each text's tokens; beyond its end the last row, which is no token
  places : Tensor
  # likewise, but only the first of the texts that share a token has it
  first_places : Tensor
  # (N) a row's first place
  inverse : Tensor
  # (R)
  lengths : Tensor
  # (L, d), and for turning back
  cos : Tensor
  sin : Tensor
  sin_backward : Tensor
  # 0 where a token may look and -inf elsewhere: (1, H / K L, L), and of the last layer (R K, 1, L)
  mask : Tensor
  mask_of_ends : Tensor
  # the same where a token looks at so many at most; none without a window
  window_mask : Tensor
  window_mask_of_ends : Tensor
  # by shared prefix: its first row, its length, the first text that has it, how many texts have it
  prefix_rows : List[int]
  prefix_lengths : List[int]
  prefix_texts : List[int]
  prefix_counts : List[int]
  dropout : float
  # by group: where its tokens and texts begin, with one more for the end; the seed of its dropout
  token_bounds : List[int]
  text_bounds : List[int]
  seeds : List[int]
class Attention(NamedTuple):
  # What the backward pass needs: [x, z] of qkv, the scales of its rows, q, k and v by text and key head, the
  # attention's probabilities, [x, z] of o, and the dropout masks of both inputs; of the norms of heads the input and
  # its scales, where there are such.
  input : Tensor
  scales : Tensor
  q_input : List[Tensor]
  k_input : List[Tensor]
  q : Tensor
  k : Tensor
  v : Tensor
  probabilities : Tensor
  output : Tensor
  input_masks : List[Tensor]
  output_masks : List[Tensor]
class Mlp(NamedTuple):
  # likewise: [x, z] of gate and up, the scales of its rows, gate and up, [x, z] of down or z alone, and the dropout
  # masks of both inputs
  input : Tensor
  scales : Tensor
  gate_up : Tensor
  hidden : Tensor
  input_masks : List[Tensor]
  hidden_masks : List[Tensor]
class Step(NamedTuple):
  # A layer's output, the state between attention and MLP, and what its backward pass needs.
  output : Tensor
  middle : Tensor
  attention : __torch__.Attention
  mlp : __torch__.Mlp
class Trainer(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  # set once, by configure
  heads : int
  kv_heads : int
  eps : float
  ranks : List[int]
  outputs : List[int]
  layer_sizes : List[int]
  full : bool
  scaling : float
  def configure(self: __torch__.Trainer,
    heads: int,
    kv_heads: int,
    eps: float,
    ranks: List[int],
    outputs: List[int],
    layer_sizes: List[int],
    full: bool,
    scaling: float) -> int:
    # ranks, outputs: of a layer's modules q, k, v, o, gate, up, down. layer_sizes: of the segments of a layer's
    # parameters in their vector: in full training those of its weights, with LoRA A and B of each module.
    self.heads = heads
    self.kv_heads = kv_heads
    self.eps = eps
    self.ranks = ranks
    self.outputs = outputs
    self.layer_sizes = layer_sizes
    self.full = full
    self.scaling = scaling
    return 0
  def put(self: __torch__.Trainer, target: Tensor, at: int, source: Tensor) -> int:
    target[at:at + source.size(0)].copy_(source)
    return source.size(0)
  def segments(self: __torch__.Trainer, vector: Tensor, first: int) -> List[Tensor]:
    # of a layer
    count = 0
    for i in range(len(self.layer_sizes)):
      count = count + self.layer_sizes[i]
    return torch.split_with_sizes(vector[first:first + count], self.layer_sizes)
  def trained(self: __torch__.Trainer, weight: Tensor, parameters: Tensor, at: int, dtype: int) -> Tensor:
    # Full training: a loaded weight becomes a part of the parameters, of which this is a view, or in dtype a copy.
    p = parameters[at:at + weight.numel()]
    p.copy_(weight.reshape([-1]))
    return p.view(weight.size()).to(dtype)
  def renew(self: __torch__.Trainer, weight: Tensor, parameters: Tensor, at: int) -> int:
    # After the parameters have changed: what is no view of them is copied.
    if weight.dtype != 6:
      weight.copy_(parameters[at:at + weight.numel()].view(weight.size()))
    return 0
  def norm(self: __torch__.Trainer, weight: Tensor, segment: int) -> __torch__.Norm:
    return __torch__.Norm(weight, segment)
  def product(self: __torch__.Trainer, weights: List[Tensor], number: int, layer: int) -> __torch__.Product:
    # 0: qkv, 1: o, 2: gate and up, 3: down. Makes room for the factors beside the weight.
    first = [0, 3, 4, 6, 7]
    segment = [1, 5, 8, 10][number]
    modules : List[int] = []
    rank = 0
    for k in range(first[number], first[number + 1]):
      modules.append(k)
      rank = rank + self.ranks[k]
    ranks = self.ranks[first[number]:first[number + 1]]
    outputs = self.outputs[first[number]:first[number + 1]]
    w = weights[segment]
    if rank > 0:
      wide = torch.zeros([w.size(0) + rank, w.size(1) + rank], dtype=w.dtype, device=w.device)
      wide[:w.size(0), :w.size(1)].copy_(w)
      w = wide
    return __torch__.Product(w, weights[segment + 1], rank, segment, modules, ranks, outputs, 7 * layer)
  def arrange(self: __torch__.Trainer,
    weights: List[Tensor],
    number: int,
    is_last: bool,
    parameters: Tensor,
    first: int,
    dtype: int) -> __torch__.Layer:
    # A layer of loaded weights, in the order of Architecture.Slot, which are let go. first: of its parameters in their
    # vector. In full training they become the parameters.
    w = weights
    if self.full:
      at = first
      for i in range(len(w)):
        count = w[i].numel()
        w[i] = self.trained(w[i], parameters, at, dtype)
        at = at + count
    layer = __torch__.Layer(
      number=number,
      is_last=is_last,
      first=first,
      attention_norm=self.norm(w[0], 0),
      qkv=self.product(w, 0, number),
      q_norm=self.norm(w[3], 3),
      k_norm=self.norm(w[4], 4),
      o=self.product(w, 1, number),
      mlp_norm=self.norm(w[7], 7),
      gate_up=self.product(w, 2, number),
      down=self.product(w, 3, number))
    weights.clear()
    return layer
  def products(self: __torch__.Trainer, layer: __torch__.Layer) -> List[__torch__.Product]:
    return [layer.qkv, layer.o, layer.gate_up, layer.down]
  def refresh(self: __torch__.Trainer, layer: __torch__.Layer, parameters: Tensor) -> int:
    # After the parameters have changed.
    p = self.segments(parameters, layer.first)
    products = self.products(layer)
    if self.full:
      norms = [layer.attention_norm, layer.q_norm, layer.k_norm, layer.mlp_norm]
      for i in range(4):
        self.renew(norms[i].weight, p[norms[i].segment], 0)
        self.renew(products[i].weight, p[products[i].segment], 0)
        self.renew(products[i].bias, p[products[i].segment + 1], 0)
    else:
      for j in range(4):
        product = products[j]
        w = product.weight
        rows = w.size(0) - product.rank
        width = w.size(1) - product.rank
        row = 0
        column = 0
        for k in range(len(product.modules)):
          n = product.outputs[k]
          r = product.ranks[k]
          if r > 0:
            a = p[2 * product.modules[k]].view([r, width])
            b = p[2 * product.modules[k] + 1].view([n, r])
            w[rows + column:rows + column + r, :width].copy_(a)
            w[row:row + n, width + column:width + column + r].copy_(torch.mul(b, self.scaling))
          row = row + n
          column = column + r
    return 0
  def room(self: __torch__.Trainer, x: Tensor, rows: int, columns: int) -> Tensor:
    return torch.empty([rows, columns], dtype=x.dtype, device=x.device)
  def keep_probability(self: __torch__.Trainer, dropout: float) -> float:
    # 16 bits are drawn for a number
    return 1. - float(round(dropout * 65536.)) / 65536.
  def dropout_mask(self: __torch__.Trainer,
    like: Tensor,
    width: int,
    module: int,
    bounds: List[int],
    batch: __torch__.Batch) -> Tensor:
    # (rows of like, width), true where a number is kept. The rows of a group, from one bound to the next, are drawn
    # from the group's own seed, so that they do not depend on which groups a batch has. A number of 64 bits decides
    # for four.
    mask = torch.ones([like.size(0) * width], dtype=11, device=like.device)
    least = int(round(batch.dropout * 65536.))
    for g in range(len(batch.seeds)):
      part = mask[bounds[g] * width:bounds[g + 1] * width]
      n = torch.floordiv(part.size(0) + 3, 4)
      drawn = torch.empty([n], dtype=4, device=like.device)
      generator = torch.Generator(device=like.device, seed=(batch.seeds[g] + module * 2654435761) & 4294967295)
      drawn.random_(-9223372036854775807 - 1, None, generator=generator)
      bits = 1
      for j in range(3):
        torch.ge(torch.bitwise_and(drawn, 65535 * bits), least * bits, out=part[j * n:(j + 1) * n])
        bits = bits * 65536
      torch.ge(drawn[:part.size(0) - 3 * n], (least - 32768) * bits, out=part[3 * n:])
    return mask.view([like.size(0), width])
  def lora_a(self: __torch__.Trainer,
    x: Tensor,
    product: __torch__.Product,
    bounds: List[int],
    batch: __torch__.Batch) -> List[Tensor]:
    # x (N, in + r): writes z = dropout(x) A^T into its last r columns. Returns the dropout masks (N, in), by module.
    masks : List[Tensor] = []
    w = product.weight
    if product.rank > 0:
      width = w.size(1) - product.rank
      rows = w.size(0) - product.rank
      if batch.dropout > 0.:
        at = 0
        for k in range(len(product.modules)):
          r = product.ranks[k]
          if r > 0:
            mask = self.dropout_mask(x, width, product.first_module + product.modules[k], bounds, batch)
            z = torch.linear(torch.mul(x[:, :width], mask), w[rows + at:rows + at + r, :width])
            x[:, width + at:width + at + r].copy_(z.mul_(1. / self.keep_probability(batch.dropout)))
            masks.append(mask)
          at = at + r
      else:
        x[:, width:].zero_()
        x[:, width:].copy_(ops.rankspark.linear(x, w[rows:]))
    return masks
  def biased(self: __torch__.Trainer, y: Tensor, bias: Tensor) -> Tensor:
    if bias.numel() > 0:
      y = torch.add_(y, bias)
    return y
  def multiply(self: __torch__.Trainer, x: Tensor, product: __torch__.Product) -> Tensor:
    # [x, z] (N, in + r) -> x W^T + z B^T (N, out)
    return self.biased(ops.rankspark.linear(x, product.weight[:product.weight.size(0) - product.rank]), product.bias)
  def multiply_backward(self: __torch__.Trainer,
    dy: Tensor,
    x: Tensor,
    product: __torch__.Product,
    masks: List[Tensor],
    batch: __torch__.Batch,
    gradient: List[Tensor],
    input_wanted: bool) -> Tensor:
    # dy (N, out + r) with room in its last r columns; x = [x, z]. Adds the gradients of A and B, in full training of W.
    # Returns that of x, (N, in), if it is wanted.
    w = product.weight
    if self.full:
      gradient[product.segment].add_(ops.rankspark.linear(dy.t(), x.t()).view([-1]))
      if product.bias.numel() > 0:
        gradient[product.segment + 1].add_(dy.to(6).sum([0]))
    width = w.size(1) - product.rank
    rows = w.size(0) - product.rank
    dz = dy[:, rows:]
    da = dz
    db = dz
    if product.rank > 0:
      dy[:, rows:].zero_()
      dz = ops.rankspark.linear(dy, w[:, width:].t().contiguous())
      db = ops.rankspark.linear(x[:, width:].t().contiguous(), dy.t())
      if batch.dropout == 0.:
        da = ops.rankspark.linear(dz.t().contiguous(), x.t())
        dy[:, rows:].copy_(dz)
    dx = dy
    if input_wanted:
      dx = ops.rankspark.linear(dy, w[:, :width].t())
    row = 0
    at = 0
    used = 0
    for k in range(len(product.modules)):
      n = product.outputs[k]
      r = product.ranks[k]
      if r > 0:
        if batch.dropout > 0.:
          # dropout's input is each module's own
          dz1 = torch.mul(dz[:, at:at + r], 1. / self.keep_probability(batch.dropout))
          da1 = ops.rankspark.linear(dz1.t().contiguous(), torch.mul(x[:, :width], masks[used]).t())
          if input_wanted:
            dx.add_(torch.matmul(dz1, w[rows + at:rows + at + r, :width]).mul_(masks[used]))
          used = used + 1
        else:
          da1 = da[at:at + r, :width]
        gradient[2 * product.modules[k]].view([r, width]).add_(da1)
        gradient[2 * product.modules[k] + 1].view([n, r]).add_(db[at:at + r, row:row + n].t(), alpha=self.scaling)
      row = row + n
      at = at + r
    return dx
  def normalize(self: __torch__.Trainer, x: Tensor, norm: __torch__.Norm, out: Tensor) -> Tensor:
    # RMSNorm of x (N, D) into out. Returns the scale of each row, (N, 1).
    squares = self.mean_square(x)
    torch.mul(self.normalized(x, squares, self.eps), norm.weight, out=out)
    return torch.rsqrt(torch.add(squares, self.eps)).unsqueeze(1)
  def normalize_backward(self: __torch__.Trainer,
    dy: Tensor,
    x: Tensor,
    scale: Tensor,
    norm: __torch__.Norm,
    gradient: List[Tensor]) -> Tensor:
    # RMSNorm is weight normalization (arXiv:1602.07868) of the rows to a length of sqrt(D): one pass of a kernel.
    y = x.to(6)
    gain = torch.full_like(scale, float(x.size(-1)) ** 0.5)
    if self.full:
      n = torch.mul(y, scale).to(x.dtype)
      gradient[norm.segment].add_(torch.mul(dy.to(6), n.to(6)).sum([0]))
    dn = torch.mul(dy, norm.weight).to(6)
    dx, _ = torch._weight_norm_interface_backward(dn, y.contiguous(), gain, torch.div(gain, scale), 0)
    return dx.to(x.dtype)
  def normalize_heads(self: __torch__.Trainer, x: Tensor, norm: __torch__.Norm) -> List[Tensor]:
    # RMSNorm of each head of x (N, heads d) in place, unless there is none. Returns its input (N heads, d) and its
    # scales (N heads, 1).
    kept : List[Tensor] = []
    d = norm.weight.size(0)
    if d > 0:
      rows = x.reshape([-1, d]).clone()
      n = torch.empty_like(rows)
      kept.append(rows)
      kept.append(self.normalize(rows, norm, n))
      x.copy_(n.view(x.size()))
    return kept
  def normalize_heads_backward(self: __torch__.Trainer,
    dx: Tensor,
    kept: List[Tensor],
    norm: __torch__.Norm,
    gradient: List[Tensor]) -> int:
    # dx (N, heads d) in place
    if len(kept) > 0:
      rows = dx.reshape([-1, norm.weight.size(0)])
      dx.copy_(self.normalize_backward(rows, kept[0], kept[1], norm, gradient).view(dx.size()))
    return len(kept)
  def rotate_ends(self: __torch__.Trainer, x: Tensor, sin: Tensor, batch: __torch__.Batch) -> Tensor:
    # (R, H, d): each text's last token
    at = torch.sub(batch.lengths, 1)
    cos1 = batch.cos.index_select(0, at).unsqueeze(1)
    return ops.rankspark.rotate(x, cos1, sin.index_select(0, at).unsqueeze(1), torch.empty_like(x))
  def attend(self: __torch__.Trainer, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tuple[Tensor, Tensor]:
    # q (R K, T, d), k, v (R K, L, d) -> the output (R K, T, d), and the probabilities (R K, T, L), computed in float32
    mask1 = mask.expand([q.size(0), q.size(1), -1])
    scores = torch.baddbmm(mask1, q.to(6), k.to(6).transpose(1, 2), alpha=q.size(2) ** -0.5)
    probabilities = torch.softmax(scores, -1).to(q.dtype)
    return (torch.bmm(probabilities, v), probabilities)
  def attend_backward(self: __torch__.Trainer, dy: Tensor, state: __torch__.Attention) -> Tuple[Tensor, Tensor, Tensor]:
    # dy (R K, T, d) -> the gradients of q, k and v
    a = state.probabilities
    da = torch.bmm(dy, state.v.transpose(1, 2))
    ds = torch._softmax_backward_data(da, a, -1, a.dtype).mul_(state.q.size(2) ** -0.5)
    dq = torch.bmm(ds, state.k)
    dk = torch.bmm(ds.transpose(1, 2), state.q)
    return (dq, dk, torch.bmm(a.transpose(1, 2), dy))
  def attention(self: __torch__.Trainer,
    x: Tensor,
    layer: __torch__.Layer,
    batch: __torch__.Batch,
    windowed: bool) -> __torch__.Attention:
    # x (N, D)
    heads = self.heads
    kv = self.kv_heads
    d = batch.cos.size(1)
    texts = batch.ends.size(0)
    longest = batch.cos.size(0)
    input = self.room(x, x.size(0), layer.qkv.weight.size(1))
    scales = self.normalize(x, layer.attention_norm, input[:, :x.size(1)])
    input_masks = self.lora_a(input, layer.qkv, batch.token_bounds, batch)
    w = layer.qkv.weight[:layer.qkv.weight.size(0) - layer.qkv.rank]
    h = heads
    if layer.is_last:
      h = 0
    bias = layer.qkv.bias
    packed = self.biased(ops.rankspark.linear(input, w[(heads - h) * d:]), bias[(heads - h) * d:])
    q_input = self.normalize_heads(packed[:, :h * d], layer.q_norm)
    k_input = self.normalize_heads(packed[:, h * d:(h + kv) * d], layer.k_norm)
    # texts whole, from their first token on: (R, h + 2 K, L, d)
    all = packed.index_select(0, batch.places).view([texts, longest, -1, d]).transpose(1, 2)
    k = self.room(x, texts * kv * longest, d).view([texts, kv, longest, d])
    k = ops.rankspark.rotate(all[:, h:h + kv], batch.cos, batch.sin, k)
    v = all[:, h + kv:].contiguous()
    output = self.room(x, x.size(0), layer.o.weight.size(1))
    bounds = batch.token_bounds
    mask = batch.mask
    if windowed:
      mask = batch.window_mask
    if layer.is_last:
      output = output[:texts]
      bounds = batch.text_bounds
      mask = batch.mask_of_ends
      if windowed:
        mask = batch.window_mask_of_ends
      q0 = self.biased(ops.rankspark.linear(input.index_select(0, batch.ends), w[:heads * d]), bias[:heads * d])
      q_input = self.normalize_heads(q0, layer.q_norm)
      q = self.rotate_ends(q0.view([texts, heads, d]), batch.sin, batch)
    else:
      q = self.room(x, texts * heads * longest, d).view([texts, heads, longest, d])
      q = ops.rankspark.rotate(all[:, :heads], batch.cos, batch.sin, q)
    q1, k1, v1 = q.view([texts * kv, -1, d]), k.view([texts * kv, -1, d]), v.view([texts * kv, -1, d])
    y, probabilities = self.attend(q1, k1, v1, mask)
    if layer.is_last:
      output[:, :heads * d].copy_(y.view([texts, -1]))
    else:
      y1 = y.view([texts, heads, longest, d]).transpose(1, 2).reshape([texts * longest, -1])
      torch.index_select(y1, 0, batch.inverse, out=output[:, :heads * d])
    output_masks = self.lora_a(output, layer.o, bounds, batch)
    return __torch__.Attention(
      input=input,
      scales=scales,
      q_input=q_input,
      k_input=k_input,
      q=q1,
      k=k1,
      v=v1,
      probabilities=probabilities,
      output=output,
      input_masks=input_masks,
      output_masks=output_masks)
  def attention_backward(self: __torch__.Trainer,
    dy: Tensor,
    x: Tensor,
    layer: __torch__.Layer,
    batch: __torch__.Batch,
    state: __torch__.Attention,
    gradient: List[Tensor]) -> Tensor:
    # dy (N, H d), of the last layer (R, H d) -> (N, D). The first layer's input needs none unless the embedding is
    # trained.
    input_wanted = layer.number > 0 or self.full
    heads = self.heads
    kv = self.kv_heads
    d = batch.cos.size(1)
    texts = batch.ends.size(0)
    longest = batch.cos.size(0)
    if layer.is_last:
      h = 0
      dy1 = dy.reshape([texts * kv, -1, d])
    else:
      h = heads
      dy1 = dy.index_select(0, batch.first_places).view([texts, longest, heads, d])
      dy1 = dy1.transpose(1, 2).reshape([texts * kv, -1, d])
    dq, dk, dv = self.attend_backward(dy1, state)
    rows = self.room(x, texts * longest, (h + 2 * kv) * d)
    all = rows.view([texts, longest, -1, d]).transpose(1, 2)
    ops.rankspark.rotate(dk.view([texts, kv, longest, d]), batch.cos, batch.sin_backward, all[:, h:h + kv])
    all[:, h + kv:].copy_(dv.view([texts, kv, longest, d]))
    dqkv = self.room(x, x.size(0), layer.qkv.weight.size(0))
    if layer.is_last:
      dq1 = self.rotate_ends(dq.view([texts, heads, d]), batch.sin_backward, batch).view([texts, -1])
      self.normalize_heads_backward(dq1, state.q_input, layer.q_norm, gradient)
      dqkv[:, :heads * d].zero_()
      dqkv[:, :heads * d].index_add_(0, batch.ends, dq1)
    else:
      ops.rankspark.rotate(dq.view([texts, heads, longest, d]), batch.cos, batch.sin_backward, all[:, :heads])
    # Each token has one place that its gradient comes from, those of a prefix their texts' sum.
    dall = dqkv[:, (heads - h) * d:(heads + 2 * kv) * d]
    torch.index_select(rows, 0, batch.inverse, out=dall)
    for j in range(len(batch.prefix_rows)):
      first = batch.prefix_rows[j]
      n = batch.prefix_lengths[j]
      text = batch.prefix_texts[j]
      shared = rows.view([texts, longest, -1])[text:text + batch.prefix_counts[j], :n]
      dall[first:first + n].copy_(shared.sum([0]))
    dall[batch.token_bounds[-1]:].zero_()
    if not layer.is_last:
      self.normalize_heads_backward(dall[:, :h * d], state.q_input, layer.q_norm, gradient)
    self.normalize_heads_backward(dall[:, h * d:(h + kv) * d], state.k_input, layer.k_norm, gradient)
    dx = self.multiply_backward(dqkv, state.input, layer.qkv, state.input_masks, batch, gradient, input_wanted)
    if input_wanted:
      dx = self.normalize_backward(dx, x, state.scales, layer.attention_norm, gradient)
    return dx
  def mlp(self: __torch__.Trainer, x: Tensor, layer: __torch__.Layer, batch: __torch__.Batch) -> __torch__.Mlp:
    # x (N, D), in the last layer (R, D)
    bounds = batch.token_bounds
    if layer.is_last:
      bounds = batch.text_bounds
    input = self.room(x, x.size(0), layer.gate_up.weight.size(1))
    scales = self.normalize(x, layer.mlp_norm, input[:, :x.size(1)])
    input_masks = self.lora_a(input, layer.gate_up, bounds, batch)
    gate_up = self.multiply(input, layer.gate_up)
    hidden = self.room(x, x.size(0), layer.down.weight.size(1))
    ops.rankspark.gate(gate_up, hidden[:, :torch.floordiv(gate_up.size(1), 2)])
    hidden_masks = self.lora_a(hidden, layer.down, bounds, batch)
    return __torch__.Mlp(input, scales, gate_up, hidden, input_masks, hidden_masks)
  def mlp_backward(self: __torch__.Trainer,
    dy: Tensor,
    x: Tensor,
    layer: __torch__.Layer,
    batch: __torch__.Batch,
    state: __torch__.Mlp,
    gradient: List[Tensor]) -> Tensor:
    # dy (N, D + r) with room for down's. Returns the gradient of x with room for o's.
    width = torch.floordiv(state.gate_up.size(1), 2)
    hidden = state.hidden
    if hidden.size(1) < width:
      z = hidden
      hidden = self.room(x, x.size(0), width + z.size(1))
      ops.rankspark.gate(state.gate_up, hidden[:, :width])
      hidden[:, width:].copy_(z)
    dh = self.multiply_backward(dy, hidden, layer.down, state.hidden_masks, batch, gradient, True)
    dgu = self.room(x, x.size(0), layer.gate_up.weight.size(0))
    ops.rankspark.gate_back(dh, state.gate_up, dgu[:, :2 * width])
    dn = self.multiply_backward(dgu, state.input, layer.gate_up, state.input_masks, batch, gradient, True)
    dx = self.room(x, x.size(0), layer.o.weight.size(0))
    dn1 = self.normalize_backward(dn, x, state.scales, layer.mlp_norm, gradient)
    torch.add(dn1, dy[:, :x.size(1)], out=dx[:, :x.size(1)])
    return dx
  def batch(self: __torch__.Trainer,
    ends: Tensor,
    places: Tensor,
    first_places: Tensor,
    inverse: Tensor,
    lengths: Tensor,
    cos: Tensor,
    sin: Tensor,
    prefix_rows: List[int],
    prefix_lengths: List[int],
    prefix_texts: List[int],
    prefix_counts: List[int],
    dropout: float,
    token_bounds: List[int],
    text_bounds: List[int],
    seeds: List[int],
    window: int,
    like: Tensor) -> __torch__.Batch:
    # As Batch has it. window: of the layers that have one, 0 if no text is longer; like: of the states' dtype and on
    # their device. What is kept is copied: arrays of Java's memory end with this call.
    dtype = like.dtype
    longest = torch.floordiv(places.size(0), ends.size(0))
    cos1 = cos[:longest].to(dtype)
    sin1 = sin[:longest].to(dtype)
    hidden = torch.full([1, longest, longest], -inf, dtype=6, device=like.device)
    copies = [1, torch.floordiv(self.heads, self.kv_heads), 1]
    mask = hidden.triu(1)
    window_mask = mask[0:0]
    if window > 0:
      window_mask = torch.add(mask, hidden.tril(-window)).repeat(copies)
    mask = mask.repeat(copies)
    beyond = torch.ge(torch.arange(longest, device=like.device).unsqueeze(0), lengths.unsqueeze(1))
    of_ends = torch.zeros(beyond.size(), dtype=6, device=like.device).masked_fill_(beyond, -inf)
    of_ends = of_ends.unsqueeze(1).repeat_interleave(self.kv_heads, 0)
    window_of_ends = of_ends[0:0]
    if window > 0:
      gone = torch.lt(torch.arange(longest, device=like.device).unsqueeze(0), torch.sub(lengths, window).unsqueeze(1))
      window_of_ends = of_ends.masked_fill(gone.unsqueeze(1).repeat_interleave(self.kv_heads, 0), -inf)
    return __torch__.Batch(
      ends=ends.clone(),
      places=places.clone(),
      first_places=first_places.clone(),
      inverse=inverse.clone(),
      lengths=lengths.clone(),
      cos=cos1,
      sin=sin1,
      sin_backward=torch.neg(sin1),
      mask=mask,
      mask_of_ends=of_ends,
      window_mask=window_mask,
      window_mask_of_ends=window_of_ends,
      prefix_rows=prefix_rows,
      prefix_lengths=prefix_lengths,
      prefix_texts=prefix_texts,
      prefix_counts=prefix_counts,
      dropout=dropout,
      token_bounds=token_bounds,
      text_bounds=text_bounds,
      seeds=seeds)
  def embed(self: __torch__.Trainer, embedding: Tensor, ids: Tensor) -> Tensor:
    # (N) -> (N, D)
    return torch.embedding(embedding, ids)
  def forward_layer(self: __torch__.Trainer,
    layer: __torch__.Layer,
    x: Tensor,
    batch: __torch__.Batch,
    windowed: bool) -> __torch__.Step:
    # x (N, D) -> (N, D), of the last layer (R, D)
    y = x
    if layer.is_last:
      y = x.index_select(0, batch.ends)
    a = self.attention(x, layer, batch, windowed)
    y = self.multiply(a.output, layer.o).add_(y)
    m = self.mlp(y, layer, batch)
    out = self.multiply(m.hidden, layer.down).add_(y)
    # Of down's [x, z] only z: the backward pass computes x from gate and up again, in one pass.
    z = m.hidden[:, torch.floordiv(m.gate_up.size(1), 2):].clone()
    m1 = __torch__.Mlp(m.input, m.scales, m.gate_up, z, m.input_masks, m.hidden_masks)
    return __torch__.Step(out, y, a, m1)
  def backward_layer(self: __torch__.Trainer,
    layer: __torch__.Layer,
    dx: Tensor,
    x: Tensor,
    middle: Tensor,
    attention: __torch__.Attention,
    mlp: __torch__.Mlp,
    batch: __torch__.Batch,
    gradient: Tensor) -> Tensor:
    # dx (N, D + r), of the last layer (R, D + r), with room for the rank of down's factors. Returns that of the layer's
    # input (N, D + r), without meaning for the first layer unless the embedding is trained.
    width = x.size(1)
    segments = self.segments(gradient, layer.first)
    dy = self.mlp_backward(dx, middle, layer, batch, mlp, segments)
    da = self.multiply_backward(dy, attention.output, layer.o, attention.output_masks, batch, segments, True)
    dn = self.attention_backward(da, x, layer, batch, attention, segments)
    dx = self.room(x, x.size(0), layer.down.weight.size(0))
    if layer.number > 0 or self.full:
      if layer.is_last:
        dx[:, :width].copy_(dn)
        dx[:, :width].index_add_(0, batch.ends, dy[:, :width])
      else:
        torch.add(dn, dy[:, :width], out=dx[:, :width])
    return dx
  def scores(self: __torch__.Trainer, x: Tensor, norm: Tensor, head: Tensor) -> Tensor:
    # x (R, D) before the last norm (D), head (D) -> (R)
    n = self.room(x, x.size(0), x.size(1))
    self.normalize(x, self.norm(norm, 0), n)
    return torch.linear(n.to(6), head.view([1, -1])).view([-1])
  def backward_loss(self: __torch__.Trainer,
    x: Tensor,
    norm: Tensor,
    parameters: Tensor,
    order: Tensor,
    weight: float,
    last: __torch__.Layer,
    norm_at: int,
    gradient: Tensor) -> Tuple[Tensor, Tensor]:
    # x (R, D) before the last norm (D). order (G, S): which text is each group's first, the positive, and its others.
    # Adds weight times the gradient of the groups' summed losses by the head, which is the parameters' end, and in full
    # training by the norm, whose parameters begin at norm_at, to gradient. Returns the losses (G), and x's gradient
    # with room for the rank of the last layer's down.
    width = x.size(1)
    head = parameters[-width:].view([1, -1])
    n = self.room(x, x.size(0), width)
    norm1 = self.norm(norm, 0)
    scales = self.normalize(x, norm1, n)
    all = torch.linear(n.to(6), head).view([-1])
    scores = all.index_select(0, order.view([-1])).view(order.size())
    logp = torch.log_softmax(scores, 1)
    losses = torch.neg(logp[:, 0])
    ds = torch.exp(logp)
    ds[:, 0].sub_(1.)
    dall = torch.zeros_like(all).index_add_(0, order.view([-1]), ds.view([-1]).mul_(weight))
    gradient[-width:].add_(torch.matmul(dall, n.to(6)))
    dn = torch.mul(dall.unsqueeze(1), head).to(x.dtype)
    dx = self.room(x, x.size(0), last.down.weight.size(0))
    of_norm = [gradient[norm_at:norm_at + width]]
    dx[:, :width].copy_(self.normalize_backward(dn, x, scales, norm1, of_norm))
    return (losses, dx)
  def backward_embedding(self: __torch__.Trainer, dx: Tensor, ids: Tensor, at: int, rows: int, gradient: Tensor) -> int:
    # dx (N, D + r); the embedding's parameters (rows, D) begin at `at`
    width = dx.size(1)
    gradient[at:at + rows * width].view([rows, width]).index_add_(0, ids, dx.to(6))
    return 0
  def update(self: __torch__.Trainer,
    sizes: List[int],
    decays: List[int],
    parameters: Tensor,
    gradient: Tensor,
    first_moment: Tensor,
    second_moment: Tensor,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float,
    max_norm: float,
    step: int) -> Tensor:
    # Clips the gradient to max_norm if that is above 0 (clip_grad_norm_), takes a step of AdamW (decoupled weight
    # decay, arXiv:1711.05101) in place and zeroes the gradient. sizes, decays: of the segments of the parameters'
    # vector, and whether weight decay applies. Returns the norm before clipping.
    g = torch.split_with_sizes(gradient, sizes)
    norms : List[Tensor] = []
    for i in range(len(sizes)):
      norms.append(torch.linalg_vector_norm(g[i], 2, [0], False, dtype=None))
    norm = torch.linalg_vector_norm(torch.stack(norms), 2, [0], False, dtype=None)
    if max_norm > 0.:
      gradient.mul_(torch.clamp_max(torch.mul(torch.reciprocal(torch.add(norm, 1e-6)), max_norm), 1.))
    p = torch.split_with_sizes(parameters, sizes)
    m = torch.split_with_sizes(first_moment, sizes)
    v = torch.split_with_sizes(second_moment, sizes)
    correction1 = 1. - beta1 ** step
    correction2 = (1. - beta2 ** step) ** 0.5
    for i in range(len(sizes)):
      if weight_decay > 0. and decays[i] > 0:
        p[i].mul_(1. - rate * weight_decay)
      m[i].lerp_(g[i], 1. - beta1)
      v[i].mul_(beta2).addcmul_(g[i], g[i], value=1. - beta2)
      p[i].addcdiv_(m[i], torch.sqrt(v[i]).div_(correction2).add_(epsilon), value=-(rate / correction1))
    gradient.zero_()
    return norm
  def forward(self: __torch__.Trainer, x: Tensor) -> Tensor:
    return x
