class Products(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  frozen : List[Tensor]
  def freeze(self: __torch__.Products,
    rows: int,
    width: int,
    outputs: int,
    dtype: int,
    like: Tensor) -> int:
    # One product more: an input (rows, width), a weight (outputs, width). Values do not matter, but are not zero.
    self.frozen.append(torch.full([rows, width], 0.5, dtype=dtype, device=like.device))
    self.frozen.append(torch.full([outputs, width], 0.5, dtype=dtype, device=like.device))
    return torch.len(self.frozen)
  def multiply(self: __torch__.Products,
    onednn: bool) -> Tensor:
    # All products once; a number of the last one, so that a device has finished when it is read.
    y = self.frozen[0]
    for i in range(torch.floordiv(torch.len(self.frozen), 2)):
      x, w = self.frozen[2 * i], self.frozen[2 * i + 1]
      if onednn:
        y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
      else:
        y = torch.linear(x, w)
    return y[0, 0:1].to(6)
  def forward(self: __torch__.Products,
    x: Tensor) -> Tensor:
    return x
