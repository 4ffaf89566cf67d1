class Operators(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  frozen : List[Tensor]
  # Of each operator ours and what is in its place elsewhere, in a dtype, the result in float32.
  def products(self: __torch__.Operators,
    x: Tensor,
    w: Tensor,
    beyond: int,
    left_by_columns: bool,
    right_by_columns: bool) -> Tensor:
    # x (N, K), w (M, K): rows and columns of larger matrices
    x = torch.constant_pad_nd(x, [1, beyond, 2, 1])[2:-1, 1:1 + x.size(1)]
    w = torch.constant_pad_nd(w, [beyond, 1, 1, 3])[1:-3, beyond:-1]
    if left_by_columns:
      x = torch.constant_pad_nd(x.t(), [beyond, 1])[:, beyond:-1].t()
    if right_by_columns:
      w = torch.constant_pad_nd(w.t(), [1, beyond])[:, 1:1 + w.size(0)].t()
    return torch.cat([ops.rankspark.linear(x, w), self.linear(x, w)])
  def gates(self: __torch__.Operators, both: Tensor, gradient: Tensor, dtype: int) -> Tensor:
    # (N, 2 F), (N, F) -> (2 N, 3 F)
    b, d = both.to(dtype), gradient.to(dtype)
    f = d.size(1)
    out = torch.empty([2 * b.size(0), 3 * f], dtype=dtype)
    ours, theirs = torch.chunk(out, 2, 0)
    ops.rankspark.gate(b, ours[:, :f])
    ops.rankspark.gate_back(d, b, ours[:, f:])
    self.gate(b, theirs[:, :f])
    self.gate_back(d, b, theirs[:, f:])
    return out.to(6)
  def rotations(self: __torch__.Operators, x: Tensor, cos: Tensor, sin: Tensor, dtype: int) -> Tensor:
    # x (R, L, H, d) with heads first, to (2 R, H, L, d); cos, sin (L, d)
    y, c, s = x.to(dtype).transpose(1, 2), cos.to(dtype), sin.to(dtype)
    out = torch.empty([2 * y.size(0), y.size(1), y.size(2), y.size(3)], dtype=dtype)
    ours, theirs = torch.chunk(out, 2, 0)
    ops.rankspark.rotate(y, c, s, ours)
    self.rotate(y, c, s, theirs)
    return out.to(6)
  def forward(self: __torch__.Operators, x: Tensor) -> Tensor:
    return x
