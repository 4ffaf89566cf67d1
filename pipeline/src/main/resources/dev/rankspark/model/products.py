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
    packed: bool,
    like: Tensor) -> int:
    # One product more: an input (rows, width), a weight (outputs, width), the weight packed for so many rows or as it
    # is. Values do not matter, but are not zero.
    w = torch.full([outputs, width], 0.5, dtype=dtype, device=like.device)
    self.frozen.append(torch.full([rows, width], 0.5, dtype=dtype, device=like.device))
    self.frozen.append(w)
    if packed:
      self.frozen.append(ops.mkldnn._reorder_linear_weight(w, rows))
    else:
      self.frozen.append(w)
    return torch.len(self.frozen)
  def multiply(self: __torch__.Products,
    way: int) -> Tensor:
    # way 0: libtorch's own; of plain weights 1: oneDNN's, 3: scoring's; 2: oneDNN's of packed ones.
    # All products once; a number of the last one, so that a device has finished when it is read.
    y = self.frozen[0]
    for i in range(torch.floordiv(torch.len(self.frozen), 3)):
      x, w = self.frozen[3 * i], self.frozen[3 * i + 1]
      if way == 2:
        w = self.frozen[3 * i + 2]
      if way == 3:
        y = ops.rankspark.linear(x, w)
      elif way > 0:
        y = ops.mkldnn._linear_pointwise(x, w, None, "none", annotate(List[Optional[number]], []), "")
      else:
        y = torch.linear(x, w)
    return y[0, 0:1].to(6)
  def forward(self: __torch__.Products,
    x: Tensor) -> Tensor:
    return x
