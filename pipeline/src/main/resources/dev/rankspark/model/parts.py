  # What every program has: loading, RMSNorm, rotary positions.
  def mapped(self: __torch__.CLASS,
    path: str,
    first: int,
    sizes: List[int],
    dtype: int) -> Tensor:
    # a tensor of the file's elements from `first` on
    count = 1
    for i in range(len(sizes)):
      count = count * sizes[i]
    end = first + count
    file = torch.from_file(path, False, end, dtype=dtype, layout=None, device=None, pin_memory=None)
    return file[first:end].view(sizes)
  def weights(self: __torch__.CLASS) -> List[Tensor]:
    # to be filled by hold, reserve and fill
    return annotate(List[Tensor], [])
  def only(self: __torch__.CLASS,
    weights: List[Tensor]) -> Tensor:
    return weights[0]
  def hold(self: __torch__.CLASS,
    weights: List[Tensor],
    weight: Tensor) -> int:
    # one weight more, as it is
    weights.append(weight)
    return len(weights)
  def reserve(self: __torch__.CLASS,
    weights: List[Tensor],
    sizes: List[int],
    dtype: int,
    like: Tensor) -> int:
    # one weight more, on the device of like, to be filled
    weights.append(torch.empty(sizes, dtype=dtype, layout=None, device=like.device))
    return len(weights)
  def fill(self: __torch__.CLASS,
    weights: List[Tensor],
    at: int,
    row: int,
    rows: Tensor,
    a: Tensor,
    b: Tensor,
    scaling: float,
    dtype: int) -> int:
    # Some rows of the last weight, from `at` on: rows (n, in), of a module those from `row` on, rounded to dtype. With
    # LoRA's a (r, in) and b (out, r) as PEFT merges them: the weight is rounded first, then the sum.
    n = rows.size(0)
    weight = weights[-1]
    w = rows.to(weight.device).to(dtype)
    if a.numel() > 0:
      b1 = b[row:row + n]
      w = torch.add(w.to(6), torch.mul(torch.matmul(b1.to(6), a.to(6)), scaling)).to(dtype)
    weight[at:at + n].copy_(w)
    return n
  def mean_square(self: __torch__.CLASS,
    x: Tensor) -> Tensor:
    # of each row of x (N, D), in float32, (N): by the root of the sum of squares, which takes one pass. The squares
    # themselves would be one more, written and read.
    root = torch.linalg_vector_norm(x, 2, [-1], False, dtype=6)
    return torch.div(torch.mul(root, root), float(x.size(-1)))
  def normalized(self: __torch__.CLASS,
    x: Tensor,
    squares: Tensor,
    eps: float) -> Tensor:
    # RMSNorm of x (N, D) without its weight: batch normalization with a channel for each row, one pass that computes in
    # float32.
    y = torch.batch_norm(x.unsqueeze(0), None, None, torch.zeros_like(squares), squares, False, 0., eps, False)
    return y.squeeze(0)
  # On CPUs these are operators of our own library, ops.rankspark, the product with AMX, the others with AVX512;
  # elsewhere Program puts them in their place.
  def linear(self: __torch__.CLASS,
    x: Tensor,
    w: Tensor) -> Tensor:
    # x (N, K), w (M, K) -> (N, M). oneDNN's product of float32 is up to twice as fast as MKL's (AMD EPYC), but of a
    # view by columns it has none that is compiled, and takes its reference, a thousand times slower.
    if x.dtype == 6 and not x.is_cuda and x.is_contiguous() and w.is_contiguous():
      y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
    else:
      y = torch.linear(x, w)
    return y
  def wide_linear(self: __torch__.CLASS,
    x: Tensor,
    w: Tensor) -> Tensor:
    # On a CPU that multiplies float32 faster than bfloat16: the same products of bfloat16 numbers, which float32 holds
    # exactly, and the same sums, rounded to bfloat16 as there.
    if x.dtype == 15:
      y = torch.linear(x.to(6), w.to(6)).to(15)
    else:
      y = self.linear(x, w)
    return y
  def rotate(self: __torch__.CLASS,
    x: Tensor,
    cos: Tensor,
    sin: Tensor,
    out: Tensor) -> Tensor:
    # Rotary positions: x, out (.., d); the first half of sin is negative
    _0 = torch.mul(x, cos, out=out)
    a, b = torch.chunk(x, 2, -1)
    a1, b1 = torch.chunk(out, 2, -1)
    s, s1 = torch.chunk(sin, 2, -1)
    _1 = torch.addcmul_(a1, b, s)
    _2 = torch.addcmul_(b1, a, s1)
    return out
  def gate(self: __torch__.CLASS,
    both: Tensor,
    out: Tensor) -> Tensor:
    # gate and up (N, 2 F) -> silu(gate) * up (N, F)
    g, u = torch.chunk(both, 2, 1)
    return torch.mul(torch.silu(g), u, out=out)
  def gate_back(self: __torch__.CLASS,
    dy: Tensor,
    both: Tensor,
    out: Tensor) -> Tensor:
    # its gradient (N, F) to that of gate and up (N, 2 F)
    g, u = torch.chunk(both, 2, 1)
    dg, du = torch.chunk(out, 2, 1)
    _0 = torch.mul(dy, torch.silu(g), out=du)
    _1 = torch.silu_backward(torch.mul(dy, u), g, grad_input=dg)
    return out
