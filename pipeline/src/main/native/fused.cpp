// rankspark::rotate, gate and gate_back on CPUs with AVX512, for dev.rankspark.model.CpuOperators: of float32 and bfloat16, each
// one pass where PyTorch has several.
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <torch/library.h>

#include "lanes.h"

namespace {

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")

// e^x to float32's precision: 2^n times the exponential's series of what is left, at most log(2) / 2. Beyond 104 either way
// it is infinite and 0; of a maximum and a minimum the second operand stays if one is not a number.
inline __m512 exponential(__m512 x) {
  x = _mm512_min_ps(_mm512_set1_ps(104), _mm512_max_ps(_mm512_set1_ps(-104), x));
  __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 sum = _mm512_set1_ps(1.f / 5040);
  for (float coefficient : {1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, 1.f / 2, 1.f, 1.f}) {
    sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(coefficient));
  }
  return _mm512_scalef_ps(sum, n);
}

inline __m512 sigmoid(__m512 x) {
  __m512 one = _mm512_set1_ps(1);
  return _mm512_div_ps(one, _mm512_add_ps(one, exponential(_mm512_sub_ps(_mm512_setzero_ps(), x))));
}

// To bfloat16, rounded to nearest even. By integers, as not every CPU with AVX512 has the instruction.
inline __m256i narrowed(__m512 x) {
  __m512i bits = _mm512_castps_si512(x);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  bits = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  bits = _mm512_mask_mov_epi32(bits, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), _mm512_set1_epi32(0x7fc00000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16));
}

inline __m512 load(const float* from, __mmask16 in) { return _mm512_maskz_loadu_ps(in, from); }
inline __m512 load(const at::BFloat16* from, __mmask16 in) { return widened(_mm256_maskz_loadu_epi16(in, from)); }
inline void store(float* to, __mmask16 in, __m512 x) { _mm512_mask_storeu_ps(to, in, x); }
inline void store(at::BFloat16* to, __mmask16 in, __m512 x) {
  _mm256_mask_storeu_epi16(to, in, narrowed(x));
}

template <typename T>
void gate_row(const T* gate, const T* up, int64_t width, T* out) {
  for (int64_t i = 0; i < width; i += 16) {
    __mmask16 in = first(width - i);
    __m512 g = load(gate + i, in);
    store(out + i, in, _mm512_mul_ps(_mm512_mul_ps(g, sigmoid(g)), load(up + i, in)));
  }
}

template <typename T>
void gate_back_row(const T* gradient, const T* gate, const T* up, int64_t width, T* to_gate, T* to_up) {
  for (int64_t i = 0; i < width; i += 16) {
    __mmask16 in = first(width - i);
    __m512 d = load(gradient + i, in);
    __m512 g = load(gate + i, in);
    __m512 s = sigmoid(g);
    __m512 silu = _mm512_mul_ps(g, s);
    // silu' = s + g s (1 - s)
    __m512 slope = _mm512_add_ps(s, _mm512_fnmadd_ps(silu, s, silu));
    store(to_up + i, in, _mm512_mul_ps(d, silu));
    store(to_gate + i, in, _mm512_mul_ps(_mm512_mul_ps(d, load(up + i, in)), slope));
  }
}

template <typename T>
void rotate_row(const T* x, const T* cos, const T* sin, int64_t half, T* out) {
  for (int64_t i = 0; i < half; i += 16) {
    __mmask16 in = first(half - i);
    __m512 a = load(x + i, in);
    __m512 b = load(x + half + i, in);
    store(out + i, in, _mm512_fmadd_ps(b, load(sin + i, in), _mm512_mul_ps(a, load(cos + i, in))));
    store(
        out + half + i, in,
        _mm512_fmadd_ps(a, load(sin + half + i, in), _mm512_mul_ps(b, load(cos + half + i, in))));
  }
}

#pragma GCC pop_options

template <typename T>
const T* row(const at::Tensor& t, int64_t i) {
  return t.const_data_ptr<T>() + i * t.stride(0);
}

template <typename T>
T* mutable_row(const at::Tensor& t, int64_t i) {
  return t.mutable_data_ptr<T>() + i * t.stride(0);
}

constexpr int64_t kGrain = 16;  // rows that are worth another thread

void check_rows(const at::Tensor& t, int64_t rows, int64_t width, at::ScalarType type) {
  TORCH_CHECK(
      t.dim() == 2 && t.size(0) == rows && t.size(1) == width && t.stride(1) == 1 && t.is_cpu() &&
          t.scalar_type() == type && (type == at::kFloat || type == at::kBFloat16),
      "gate: expected (", rows, ", ", width, ") by rows, in float32 or bfloat16");
}

template <typename T>
void gate_rows(const at::Tensor& both, const at::Tensor& out) {
  int64_t width = out.size(1);
  at::parallel_for(0, out.size(0), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      gate_row(row<T>(both, i), row<T>(both, i) + width, width, mutable_row<T>(out, i));
    }
  });
}

template <typename T>
void gate_back_rows(const at::Tensor& gradient, const at::Tensor& both, const at::Tensor& out) {
  int64_t width = gradient.size(1);
  at::parallel_for(0, gradient.size(0), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* to = mutable_row<T>(out, i);
      gate_back_row(row<T>(gradient, i), row<T>(both, i), row<T>(both, i) + width, width, to, to + width);
    }
  });
}

// silu(gate) * up of gate and up side by side (N, 2 F), written to out (N, F).
at::Tensor gate(const at::Tensor& both, const at::Tensor& out) {
  check_rows(out, both.size(0), out.size(1), both.scalar_type());
  check_rows(both, both.size(0), 2 * out.size(1), both.scalar_type());
  if (both.scalar_type() == at::kFloat) {
    gate_rows<float>(both, out);
  } else {
    gate_rows<at::BFloat16>(both, out);
  }
  return out;
}

// Its gradient (N, F) to that of gate and up side by side, written to out (N, 2 F).
at::Tensor gate_back(const at::Tensor& gradient, const at::Tensor& both, const at::Tensor& out) {
  check_rows(gradient, both.size(0), gradient.size(1), both.scalar_type());
  check_rows(both, both.size(0), 2 * gradient.size(1), both.scalar_type());
  check_rows(out, both.size(0), 2 * gradient.size(1), both.scalar_type());
  if (both.scalar_type() == at::kFloat) {
    gate_back_rows<float>(gradient, both, out);
  } else {
    gate_back_rows<at::BFloat16>(gradient, both, out);
  }
  return out;
}

template <typename T>
void rotate_rows(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, const at::Tensor& out) {
  int64_t columns = x.size(1);
  int64_t depth = x.size(2);
  int64_t half = x.size(3) / 2;
  at::parallel_for(0, x.size(0) * columns, std::max<int64_t>(1, kGrain / depth), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      auto start = [&](const at::Tensor& t) { return n / columns * t.stride(0) + n % columns * t.stride(1); };
      const T* from = x.const_data_ptr<T>() + start(x);
      const T* c = cos.const_data_ptr<T>() + start(cos);
      const T* s = sin.const_data_ptr<T>() + start(sin);
      T* to = out.mutable_data_ptr<T>() + start(out);
      int64_t from_step = x.stride(2), c_step = cos.stride(2), s_step = sin.stride(2), to_step = out.stride(2);
      for (int64_t j = 0; j < depth; ++j, from += from_step, c += c_step, s += s_step, to += to_step) {
        rotate_row(from, c, s, half, to);
      }
    }
  });
}

// Rotary positions of x (.., d), of three or four dimensions, written to out. cos and sin are expanded; the first half of
// sin is negative.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, const at::Tensor& out) {
  auto whole = [&](const at::Tensor& t) {
    at::Tensor expanded = t.expand(x.sizes());
    TORCH_CHECK(
        t.scalar_type() == x.scalar_type() && (x.dim() == 3 || x.dim() == 4) && t.stride(-1) == 1 && t.is_cpu(),
        "rotate: expected rows of one dtype in three or four dimensions");
    return x.dim() == 3 ? expanded.unsqueeze(0) : expanded;
  };
  if (x.scalar_type() == at::kFloat) {
    rotate_rows<float>(whole(x), whole(cos), whole(sin), whole(out));
  } else {
    rotate_rows<at::BFloat16>(whole(x), whole(cos), whole(sin), whole(out));
  }
  return out;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(rankspark, library) {
  library.def("rotate(Tensor x, Tensor cos, Tensor sin, Tensor(a!) out) -> Tensor(a!)", rotate);
  library.def("gate(Tensor both, Tensor(a!) out) -> Tensor(a!)", gate);
  library.def("gate_back(Tensor gradient, Tensor both, Tensor(a!) out) -> Tensor(a!)", gate_back);
}
