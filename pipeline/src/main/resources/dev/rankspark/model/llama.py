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
  def rotate(self: __torch__.Llama,
    x: Tensor,
    cos: Tensor,
    sin: Tensor) -> Tensor:
    a, b, = torch.chunk(x, 2, -1)
    return torch.add(torch.mul(x, cos), torch.mul(torch.cat([torch.neg(b), a], -1), sin))
  def layer(self: __torch__.Llama,
    x: Tensor,
    at: int,
    cos: Tensor,
    sin: Tensor,
    heads: int,
    kv: int,
    eps: float) -> Tensor:
    w = self.frozen
    rows = torch.size(x, 0)
    width = torch.size(x, 1)
    y = self.norm(x, w[at], eps, )
    qkv = torch.linear(y, w[torch.add(at, 1)]).view([rows, width, -1, torch.size(cos, 1)])
    q, k, v, = torch.split_with_sizes(torch.transpose(qkv, 1, 2), [heads, kv, kv], 1)
    q1 = self.rotate(q, cos, sin, )
    k1 = self.rotate(k, cos, sin, )
    a = torch.scaled_dot_product_attention(q1, k1, v, None, 0., True, enable_gqa=torch.ne(heads, kv))
    o = torch.linear(torch.transpose(a, 1, 2).reshape([rows, width, -1]), w[torch.add(at, 2)])
    x1 = torch.add(x, o)
    gate, up, = torch.chunk(torch.linear(self.norm(x1, w[torch.add(at, 3)], eps, ), w[torch.add(at, 4)]), 2, -1)
    return torch.add(x1, torch.linear(torch.mul(torch.silu(gate), up), w[torch.add(at, 5)]))
  def score(self: __torch__.Llama,
    ids: Tensor,
    last: Tensor,
    cos: Tensor,
    sin: Tensor,
    heads: int,
    kv: int,
    eps: float) -> Tensor:
    w = self.frozen
    x = torch.embedding(w[0], ids)
    cos1 = torch.slice(cos, 0, 0, torch.size(ids, 1)).to(x.dtype)
    sin1 = torch.slice(sin, 0, 0, torch.size(ids, 1)).to(x.dtype)
    layers = torch.floordiv(torch.sub(torch.len(w), 3), 6)
    for i in range(layers):
      x = self.layer(x, torch.add(3, torch.mul(i, 6)), cos1, sin1, heads, kv, eps, )
    rows = torch.arange(torch.size(ids, 0), dtype=4, device=ids.device)
    pooled = self.norm(torch.index(x, [rows, last]), w[1], eps, )
    return torch.linear(pooled.to(6), w[2].to(6)).view([-1])
  def forward(self: __torch__.Llama,
    x: Tensor) -> Tensor:
    return x
