// rankspark::linear, the product of float32 matrices on CPUs with AMX, for dev.rankspark.model.CpuOperators.
//
// AMX multiplies bfloat16 alone, with float32 sums, at sixteen times the speed of float32 instructions. A float32 number is
// the sum of three bfloat16 numbers, rounded to nearest each (Henry, Tang, Heinecke, "Leveraging the bfloat16 Artificial
// Intelligence Datatype For Higher-Precision Computations", arXiv:1904.06376). Of the nine products of two such sums the six
// largest are computed; the others are below 2^-26 of the first. So a result is as exact as one of float32 instructions.
//
// Numbers below 2^-110 lose bits, as AMX takes what is below float32's normal numbers for zero. An infinite number gives
// NaN.
#include <jni.h>

#include <immintrin.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <torch/library.h>

#include "lanes.h"

// A symbol that headers of GCC 12 and glibc 2.36 ask for and older systems lack; as our own it stays in here.
extern "C" {
char __libc_single_threaded = 0;
}

namespace {

// A tile has 16 rows of 64 bytes. The result is computed in blocks of 32 by 32, two tiles each way, in steps of 32
// numbers' depth. A step of a block of either operand is stored as its three parts, of two tiles each.
constexpr int64_t kBlock = 32;
constexpr int64_t kDepth = 32;
constexpr int64_t kTile = 1024;
constexpr int64_t kPart = 2 * kTile;
constexpr int64_t kStep = 3 * kPart;

// What a thread works on at a time has to stay in its second cache (2 MiB): a panel of columns, 7 * 26 * 6 KiB, two
// blocks of rows, the one at work and the one that is fetched, and the result. Rows are taken 2,048 at a time, which
// bounds what they are stored in.
constexpr int64_t kPanel = 7;
constexpr int64_t kPass = 26;
constexpr int64_t kRows = 64;

struct Matrix {
  const float* data;
  int64_t rows;
  int64_t depth;
  int64_t row_stride;
  int64_t depth_stride;  // one of the two is 1
};

// Memory that is kept for the next product: the system takes longer to give it than it takes to fill it. In large pages,
// if the system has them.
class Workspace {
 public:
  ~Workspace() { std::free(data_); }
  char* get(int64_t size) {
    if (size > size_) {
      constexpr int64_t page = 2 << 20;
      std::free(data_);
      size_ = (size + page - 1) / page * page;
      data_ = static_cast<char*>(std::aligned_alloc(page, size_));
      if (data_ == nullptr) {
        size_ = 0;
        throw std::bad_alloc();
      }
      madvise(data_, size_, MADV_HUGEPAGE);
    }
    return data_;
  }

 private:
  char* data_ = nullptr;
  int64_t size_ = 0;
};

thread_local Workspace row_space;
thread_local Workspace panel_space;

// From here to pop_options everything, lambdas too, is compiled to instructions that only a CPU with AMX has.
#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")

// Takes the next part of 32 numbers: 32 bfloat16 numbers, which are subtracted.
inline __m512i next_part(__m512& low, __m512& high) {
  __m512i part = (__m512i)_mm512_cvtne2ps_pbh(high, low);
  low = _mm512_sub_ps(low, widened(_mm512_castsi512_si256(part)));
  high = _mm512_sub_ps(high, widened(_mm512_extracti64x4_epi64(part, 1)));
  return part;
}

// 16 by 16 pairs of bfloat16 numbers
inline void transpose(__m512i* r) {
  __m512i t[16];
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
    r[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xdd);
  }
}

// Stores the parts of one tile: 16 rows, 32 deep. AMX takes the left operand by rows and the right one (kRight) by pairs
// of depth, a row of a tile having 16 numbers' pairs. Beyond the matrix are zeros.
template <bool kByRows, bool kRight>
inline void pack_tile(const Matrix& m, int64_t row, int64_t k, char* out) {
  __m512i parts[3][16];
  if (kByRows) {
    __mmask16 in_low = first(m.depth - k);
    __mmask16 in_high = first(m.depth - k - 16);
    for (int i = 0; i < 16; ++i) {
      const float* from = m.data + (row + i) * m.row_stride + k;
      bool in = row + i < m.rows;
      __m512 low = _mm512_maskz_loadu_ps(in ? in_low : 0, from);
      __m512 high = _mm512_maskz_loadu_ps(in ? in_high : 0, from + 16);
      parts[0][i] = next_part(low, high);
      parts[1][i] = next_part(low, high);
      parts[2][i] = next_part(low, high);
    }
  } else {
    const __m512i pairs = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1,
        16, 0);
    __mmask16 in = first(m.rows - row);
    for (int i = 0; i < 16; ++i) {
      int64_t depth = k + 2 * i;
      const float* from = m.data + depth * m.depth_stride + row;
      __m512 low = _mm512_maskz_loadu_ps(depth < m.depth ? in : 0, from);
      __m512 high = _mm512_maskz_loadu_ps(depth + 1 < m.depth ? in : 0, from + m.depth_stride);
      parts[0][i] = _mm512_permutexvar_epi16(pairs, next_part(low, high));
      parts[1][i] = _mm512_permutexvar_epi16(pairs, next_part(low, high));
      parts[2][i] = _mm512_permutexvar_epi16(pairs, next_part(low, high));
    }
  }
  for (int p = 0; p < 3; ++p) {
    if (kByRows == kRight) {
      transpose(parts[p]);
    }
    for (int i = 0; i < 16; ++i) {
      _mm512_store_si512(out + p * kPart + 64 * i, parts[p][i]);
    }
  }
}

// Stores blocks of rows, one after the other, of some steps each, in the order in which they lie in memory.
template <bool kRight>
void pack(const Matrix& m, int64_t block, int64_t blocks, int64_t step, int64_t steps, char* out) {
  for (int64_t j = 0; j < blocks * steps; ++j) {
    bool by_rows = m.depth_stride == 1;
    int64_t b = by_rows ? j / steps : j % blocks;
    int64_t s = by_rows ? j % steps : j / blocks;
    char* to = out + (b * steps + s) * kStep;
    int64_t row = (block + b) * kBlock;
    int64_t k = (step + s) * kDepth;
    if (by_rows) {
      pack_tile<true, kRight>(m, row, k, to);
      pack_tile<true, kRight>(m, row + 16, k, to + kTile);
    } else {
      pack_tile<false, kRight>(m, row, k, to);
      pack_tile<false, kRight>(m, row + 16, k, to + kTile);
    }
  }
}

struct alignas(64) TileConfig {
  uint8_t palette;
  uint8_t start;
  uint8_t reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};
const TileConfig tile_config = {1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

#define LEFT(part)                           \
  _tile_loadd(4, left + (part)*kPart, 64);   \
  _tile_loadd(5, left + (part)*kPart + kTile, 64);
#define RIGHT(part)                          \
  _tile_loadd(6, right + (part)*kPart, 64);  \
  _tile_loadd(7, right + (part)*kPart + kTile, 64);
#define MULTIPLY                                     \
  _tile_dpbf16ps(0, 4, 6);                           \
  _tile_dpbf16ps(1, 4, 7);                           \
  _tile_dpbf16ps(2, 5, 6);                           \
  _tile_dpbf16ps(3, 5, 7);                           \
  for (int64_t l = 0; l < lines; ++l, next += 64) {  \
    _mm_prefetch(next, _MM_HINT_T1);                 \
  }

// One block of the result, over some steps. Meanwhile it fetches 6 * steps * lines lines of memory from next on.
void multiply_block(
    const char* left, const char* right, int64_t steps, float* out, const char* next, int64_t lines) {
  asm volatile("" ::: "memory");  // the compiler does not know that tiles read memory, nor, below, that they write it
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t s = 0; s < steps; ++s, left += kStep, right += kStep) {
    LEFT(0) RIGHT(2) MULTIPLY
    RIGHT(1) MULTIPLY
    RIGHT(0) MULTIPLY
    LEFT(2) MULTIPLY
    LEFT(1) MULTIPLY
    RIGHT(1) MULTIPLY
  }
  constexpr int64_t stride = kBlock * sizeof(float);
  _tile_stored(0, out, stride);
  _tile_stored(1, out + 16, stride);
  _tile_stored(2, out + 16 * kBlock, stride);
  _tile_stored(3, out + 16 * kBlock + 16, stride);
  asm volatile("" ::: "memory");
}

// The columns of a panel, for all blocks of rows. The passes' sums are added up, which is more exact than one long sum.
void multiply_panel(
    const char* left, int64_t rows, const char* right, int64_t columns, int64_t steps, float* out, int64_t width,
    bool add) {
  alignas(64) float sums[kBlock * kBlock];
  int64_t blocks = (columns + kBlock - 1) / kBlock;
  int64_t lines = (kStep / 64 + 6 * blocks - 1) / (6 * blocks);
  for (int64_t row = 0; row < rows; row += kBlock) {
    const char* following = left + steps * kStep;
    int64_t fetched = row + kBlock < rows ? lines : 0;
    for (int64_t j = 0; j < blocks; ++j) {
      multiply_block(
          left, right + j * steps * kStep, steps, sums, following + j * steps * 6 * lines * 64, fetched);
      for (int64_t i = 0; i < std::min(kBlock, rows - row); ++i) {
        for (int64_t half = 0; half < kBlock; half += 16) {
          __mmask16 in = first(columns - j * kBlock - half);
          float* to = out + (row + i) * width + j * kBlock + half;
          __m512 sum = _mm512_load_ps(sums + i * kBlock + half);
          _mm512_mask_storeu_ps(to, in, add ? _mm512_add_ps(sum, _mm512_maskz_loadu_ps(in, to)) : sum);
        }
      }
    }
    left = following;
  }
}

// The blocks of a panel with which the threads, taking panel after panel, end soonest; the most of those.
int64_t panel_of(int64_t columns, int64_t threads) {
  int64_t best = kPanel;
  int64_t soonest = INT64_MAX;
  for (int64_t panel = kPanel; panel > kPanel / 2; --panel) {
    int64_t before = (columns - 1) / panel;
    int64_t alone = before % threads == 0 ? columns - before * panel : panel;
    int64_t end = before / threads * panel + alone;
    if (end < soonest) {
      soonest = end;
      best = panel;
    }
  }
  return best;
}

// out (rows, columns) of left (rows, depth) and right (columns, depth)
void multiply(const Matrix& left, const Matrix& right, float* out) {
  int64_t width = right.rows;
  int64_t columns = (width + kBlock - 1) / kBlock;
  int64_t all = (left.depth + kDepth - 1) / kDepth;
  int64_t passes = (all + kPass - 1) / kPass;
  int64_t pass = (all + passes - 1) / passes;
  int64_t threads = at::get_num_threads();
  int64_t panel = panel_of(columns, threads);
  int64_t blocks = (left.rows + kBlock - 1) / kBlock;
  char* rows = row_space.get(std::min(blocks, kRows) * pass * kStep);
  for (int64_t from = 0; from < blocks; from += kRows) {
    int64_t count = std::min(kRows, blocks - from);
    for (int64_t step = 0; step < all; step += pass) {
      int64_t steps = std::min(pass, all - step);
      at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        pack<false>(left, from + begin, end - begin, step, steps, rows + begin * steps * kStep);
      });
      std::atomic<int64_t> next(0);  // a thread that is held up gets fewer panels
      at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
        char* packed = panel_space.get(panel * steps * kStep);
        asm volatile("ldtilecfg %0" ::"m"(tile_config));
        for (int64_t column = 0; (column = panel * next++) < columns;) {
          int64_t wide = std::min(panel, columns - column);
          pack<true>(right, column, wide, step, steps, packed);
          multiply_panel(
              rows, std::min(count * kBlock, left.rows - from * kBlock), packed,
              std::min(wide * kBlock, width - column * kBlock), steps,
              out + from * kBlock * width + column * kBlock, width, step > 0);
        }
        _tile_release();
      });
    }
  }
}

#pragma GCC pop_options

bool is_plain(const at::Tensor& t) {
  return t.dim() == 2 && t.is_cpu() && t.scalar_type() == at::kFloat && (t.stride(1) == 1 || t.stride(0) == 1);
}

Matrix matrix(const at::Tensor& t) {
  return {t.const_data_ptr<float>(), t.size(0), t.size(1), t.stride(0), t.stride(1)};
}

// x (N, K), w (M, K) -> x w^T (N, M). Where splitting the numbers takes longer than it saves, and for what is not float32,
// it is PyTorch's.
at::Tensor linear(const at::Tensor& x, const at::Tensor& w) {
  if (!is_plain(x) || !is_plain(w) || x.size(1) != w.size(1) || x.size(0) < 64 || w.size(0) < 256 || x.size(1) < 128) {
    return at::linear(x, w);
  }
  at::Tensor y = at::empty({x.size(0), w.size(0)}, x.options());
  multiply(matrix(x), matrix(w), y.mutable_data_ptr<float>());
  return y;
}

// Linux lets a process use the tiles when it has asked (Documentation/arch/x86/xstate.rst).
bool has_permission() {
  constexpr int request = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int tile_data = 18;
  return syscall(SYS_arch_prctl, request, tile_data) == 0;
}

}  // namespace

TORCH_LIBRARY(rankspark, library) {
  library.def("linear(Tensor x, Tensor w) -> Tensor", linear);
}

extern "C" JNIEXPORT jboolean JNICALL Java_dev_rankspark_model_CpuOperators_mayUseTiles(JNIEnv*, jclass) {
  return has_permission();
}
