  # Methods that every program has: loading, and what scoring and training compute alike.
  def mapped(self: __torch__.CLASS,
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
  def hold(self: __torch__.CLASS,
    w: Tensor) -> int:
    _0 = torch.append(self.frozen, w)
    return torch.len(self.frozen)
  def reserve(self: __torch__.CLASS,
    sizes: List[int],
    dtype: int,
    like: Tensor) -> int:
    _0 = torch.append(self.frozen, torch.empty(sizes, dtype=dtype, layout=None, device=like.device))
    return torch.len(self.frozen)
  def fill(self: __torch__.CLASS,
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
  def norm(self: __torch__.CLASS,
    x: Tensor,
    w: Tensor,
    eps: float) -> Tensor:
    # The root of the sum of squares in one pass: the squares themselves would be one more, written and read.
    y = x.to(6)
    root = torch.linalg_vector_norm(y, 2, [-1], True, dtype=None)
    mean = torch.div(torch.mul(root, root), float(x.size(-1)))
    y1 = torch.mul(y, torch.rsqrt(torch.add(mean, eps)))
    return torch.mul_(y1.to(x.dtype), w)
  def rotate(self: __torch__.CLASS,
    x: Tensor,
    cos: Tensor,
    sin: Tensor) -> Tensor:
    # x (N, heads, d); cos, sin (N, 1, d), the first half of sin negative
    a, b = torch.chunk(x, 2, -1)
    y = torch.mul(x, cos)
    a1, b1 = torch.chunk(y, 2, -1)
    s, s1 = torch.chunk(sin, 2, -1)
    _0 = torch.addcmul_(a1, b, s)
    _1 = torch.addcmul_(b1, a, s1)
    return y
  def masks(self: __torch__.CLASS,
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
  def with_prefix(self: __torch__.CLASS,
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
