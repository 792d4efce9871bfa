// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/panel_kernels.h"

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/panel_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;

// Maximum number of rows in a tile of sums. Each row of the tile has tile_vectors() vectors. The
// sums, the panel's vectors and one broadcast value must fit in registers. AVX-512 has 32
// registers, AVX2 and SSE have 16.
constexpr std::size_t kTileRows = 6;
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3;
constexpr std::size_t tile_vectors(std::size_t rows) {
  return kManyRegisters || rows <= 2 ? 4 : 2;
}

// Memory limits the speed of a product of one row. The CPU's own prefetcher stops at the end of a
// page, so the kernel prefetches the panel this many bytes ahead.
constexpr std::size_t kPrefetchDistance = 2048;

/// Prefetches the cache line kPrefetchDistance bytes after `p`, even if this line lies outside the
/// panel.
HWY_INLINE void prefetch_behind(const void* p) {
  const auto address = reinterpret_cast<std::uintptr_t>(p) + kPrefetchDistance;
  hwy::Prefetch(reinterpret_cast<const std::byte*>(address));
}

/// Multiplies a tile of `Rows` rows and tile_vectors(Rows) vectors of columns. If there is only one
/// row, keeps separate sums for even and odd k to hide the latency of the multiply-adds.
template <std::size_t Rows, typename T>
HWY_INLINE void multiply_tile(const float* a, std::size_t lda, std::size_t k, const T* panel,
                              float* sums) {
  constexpr std::size_t kCopies = Rows == 1 ? 2 : 1;
  constexpr std::size_t kTileVectors = tile_vectors(Rows);
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  VF acc[kCopies][Rows][kTileVectors];
  for (auto& copy : acc) {
    for (auto& row : copy) {
      for (VF& v : row) v = hn::Zero(d);
    }
  }
  const auto step = [&](std::size_t i, std::size_t copy) HWY_ATTR {
    VF b[kTileVectors];
    if constexpr (Rows == 1) prefetch_behind(panel + i * kPanelColumns);
    for (std::size_t v = 0; v < kTileVectors; ++v)
      b[v] = load_f32(d, panel + i * kPanelColumns + v * lanes);
    for (std::size_t m = 0; m < Rows; ++m) {
      const VF x = hn::Set(d, a[m * lda + i]);
      for (std::size_t v = 0; v < kTileVectors; ++v)
        acc[copy][m][v] = hn::MulAdd(x, b[v], acc[copy][m][v]);
    }
  };
  std::size_t i = 0;
  for (; i + kCopies <= k; i += kCopies) {
    for (std::size_t copy = 0; copy < kCopies; ++copy) step(i + copy, copy);
  }
  for (; i < k; ++i) step(i, 0);
  for (std::size_t m = 0; m < Rows; ++m) {
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      VF sum = acc[0][m][v];
      if constexpr (kCopies == 2) sum = hn::Add(sum, acc[1][m][v]);
      hn::StoreU(sum, d, sums + m * kPanelColumns + v * lanes);
    }
  }
}

template <std::size_t Rows, typename T>
HWY_INLINE void multiply_rows(const float* a, std::size_t lda, std::size_t k, const T* panel,
                              float* sums) {
  const std::size_t tile = tile_vectors(Rows) * hn::Lanes(DF());
  for (std::size_t column = 0; column < kPanelColumns; column += tile) {
    multiply_tile<Rows>(a, lda, k, panel + column, sums + column);
  }
}

template <typename T>
void Multiply(const float* a, std::size_t lda, std::size_t rows, std::size_t k, const T* panel,
              float* sums) {
  while (rows > 0) {
    const std::size_t n = std::min(rows, kTileRows);
    switch (n) {
      case 1:
        multiply_rows<1>(a, lda, k, panel, sums);
        break;
      case 2:
        multiply_rows<2>(a, lda, k, panel, sums);
        break;
      case 3:
        multiply_rows<3>(a, lda, k, panel, sums);
        break;
      case 4:
        multiply_rows<4>(a, lda, k, panel, sums);
        break;
      case 5:
        multiply_rows<5>(a, lda, k, panel, sums);
        break;
      default:
        multiply_rows<kTileRows>(a, lda, k, panel, sums);
        break;
    }
    a += n * lda;
    sums += n * kPanelColumns;
    rows -= n;
  }
}

void MultiplyF16(const float* a, std::size_t lda, std::size_t rows, std::size_t k,
                 const hwy::float16_t* p, float* s) {
  Multiply(a, lda, rows, k, p, s);
}
void MultiplyF32(const float* a, std::size_t lda, std::size_t rows, std::size_t k, const float* p,
                 float* s) {
  Multiply(a, lda, rows, k, p, s);
}

void Finish(float* sums, const PanelEpilogue& epilogue, float* out, std::size_t n) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  const auto finish = [&](std::size_t i) HWY_ATTR {
    VF v = hn::LoadU(d, sums + i);
    if (epilogue.bias != nullptr) v = hn::Add(v, hn::LoadU(d, epilogue.bias + i));
    if (epilogue.gelu) v = gelu_erf(d, v);
    return v;
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    VF v = finish(i);
    if (epilogue.residual != nullptr) v = hn::Add(v, hn::LoadU(d, epilogue.residual + i));
    hn::StoreU(v, d, out + i);
  }
  if (i == n) return;
  // finish() reads a whole vector of the bias, which is padded to whole panels. residual and out
  // are not padded and are accessed one element at a time.
  hn::StoreU(finish(i), d, sums + i);
  for (; i < n; ++i)
    out[i] = sums[i] + (epilogue.residual != nullptr ? epilogue.residual[i] : 0.0F);
}

}  // namespace
}  // namespace npuwhisper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper::cpu {

HWY_EXPORT(MultiplyF16);
HWY_EXPORT(MultiplyF32);
HWY_EXPORT(Finish);

void multiply_panel(const float* a, std::size_t lda, std::size_t rows, std::size_t k,
                    const void* panel, DataType type, float* sums) {
  if (type == DataType::F16) {
    HWY_DYNAMIC_DISPATCH(MultiplyF16)
    (a, lda, rows, k, static_cast<const hwy::float16_t*>(panel), sums);
  } else {
    HWY_DYNAMIC_DISPATCH(MultiplyF32)(a, lda, rows, k, static_cast<const float*>(panel), sums);
  }
}

void finish_panel(float* sums, const PanelEpilogue& epilogue, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(Finish)(sums, epilogue, out, n);
}

}  // namespace npuwhisper::cpu
#endif
