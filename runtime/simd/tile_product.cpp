// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/tile_product.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "simd/isa.h"
#include "simd/panel_kernels.h"
#include "simd/round_up.h"

#if defined(__x86_64__)
// GCC 12's intrinsics read an intentionally uninitialised variable (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace npuwhisper::cpu {

#if defined(__x86_64__)

namespace {

#define NPUWHISPER_TILES __attribute__((target("avx512f,avx512bw,amx-tile,amx-bf16")))

/// A tile has 16 rows of 64 bytes: [16, 32] bf16 of the left side, or [16, 16] f32 of the result,
/// or bf16 of the right side as [16 pairs of k][16 columns][2 of k].
constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileColumns = 16;
constexpr std::size_t kTileDepth = 32;
constexpr std::size_t kTileBytes = 1024;
constexpr std::size_t kTileStride = 64;
/// Number of bf16 values that add up to an f32: bf16 has 8 significant bits, and f32 has 24.
constexpr std::size_t kParts = 3;
/// Number of left-side tiles along the kScaleGroup values of k that share one scale.
constexpr std::size_t kHalves = kScaleGroup / kTileDepth;
constexpr std::size_t kBlockBytes = kHalves * kParts * kTileBytes;
constexpr std::size_t kColumnTiles = kPanelColumns / kTileColumns;

/// The operand of LDTILECFG.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::array<std::uint8_t, 14> reserved{};
  std::array<std::uint16_t, 16> row_bytes{64, 64, 64, 64, 64, 64, 64, 64};
  std::array<std::uint8_t, 16> rows{16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

/// Requests the permission to use tiles, which Linux requires. Returns whether Linux granted the
/// permission.
bool request_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

/// Splits each of 32 numbers into kParts bf16. Numbers from index `n` on count as 0. The upper 16
/// bits of a number go to part 0, the upper 16 bits of the remainder to part 1, and so on. The
/// upper 16 bits of an f32 are a bf16 with the first 8 significant bits of the f32.
NPUWHISPER_TILES void split(const float* in, std::size_t n, std::byte* parts) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000U));
  for (std::size_t half = 0; half < 2; ++half) {
    const std::size_t begin = half * 16;
    const std::size_t rest = n > begin ? std::min<std::size_t>(n - begin, 16) : 0;
    const auto mask = static_cast<__mmask16>((1U << rest) - 1U);
    __m512 x = _mm512_maskz_loadu_ps(mask, in + begin);
    for (std::size_t part = 0; part < kParts; ++part) {
      const __m512i bits = _mm512_and_si512(_mm512_castps_si512(x), upper);
      auto* to = reinterpret_cast<__m256i*>(parts + part * kTileBytes + half * 32);
      _mm256_store_si256(to, _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16)));
      x = _mm512_sub_ps(x, _mm512_castsi512_ps(bits));
    }
  }
}

/// Converts 16 weights to bf16, each in the upper half of a 32-bit element.
NPUWHISPER_TILES inline __m512i widen(const std::int8_t* weights) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
  return _mm512_castps_si512(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)));
}

/// Packs one group of a panel (`n` values of k) as right-side tiles [half][column tile]. Weights
/// for k from `n` on count as 0.
NPUWHISPER_TILES void pack_weights(const std::int8_t* panel, std::size_t n, std::byte* tiles) {
  for (std::size_t k = 0; k < kScaleGroup; k += 2) {
    const std::size_t half = k / kTileDepth;
    const std::size_t row = k % kTileDepth / 2;
    for (std::size_t c = 0; c < kColumnTiles; ++c) {
      const std::int8_t* from = panel + k * kPanelColumns + c * kTileColumns;
      const __m512i even = k < n ? widen(from) : _mm512_setzero_si512();
      const __m512i odd = k + 1 < n ? widen(from + kPanelColumns) : _mm512_setzero_si512();
      const __m512i pairs = _mm512_or_si512(_mm512_srli_epi32(even, 16), odd);
      _mm512_store_si512(tiles + (half * kColumnTiles + c) * kTileBytes + row * kTileStride, pairs);
    }
  }
}

/// Multiplies one or two blocks of rows (`kBlocks`) by two column tiles, over one group of k.
/// Writes sums [block][column tile][16, 16].
template <int kBlocks>
NPUWHISPER_TILES void multiply_tiles(const std::byte* rows, const std::byte* weights, float* sums) {
  // The compiler does not know that the intrinsics read memory. This barrier makes it emit the
  // earlier stores to `rows` and `weights` before the intrinsics.
  asm volatile("" ::: "memory");
  _tile_zero(0);
  _tile_zero(1);
  if constexpr (kBlocks == 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (std::size_t half = 0; half < kHalves; ++half) {
    const std::byte* columns = weights + half * kColumnTiles * kTileBytes;
    _tile_loadd(6, columns, kTileStride);
    _tile_loadd(7, columns + kTileBytes, kTileStride);
    for (std::size_t part = 0; part < kParts; ++part) {
      const std::byte* block = rows + (half * kParts + part) * kTileBytes;
      _tile_loadd(4, block, kTileStride);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if constexpr (kBlocks == 2) {
        _tile_loadd(5, block + kBlockBytes, kTileStride);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  constexpr std::size_t kTileFloats = kTileRows * kTileColumns;
  _tile_stored(0, sums, kTileStride);
  _tile_stored(1, sums + kTileFloats, kTileStride);
  if constexpr (kBlocks == 2) {
    _tile_stored(2, sums + 2 * kTileFloats, kTileStride);
    _tile_stored(3, sums + 3 * kTileFloats, kTileStride);
  }
}

/// Adds the scaled sums of two column tiles to `n_rows` rows of the result. `is_first`: overwrites
/// the result instead. `scales`: nullptr means that all scales are 1.
NPUWHISPER_TILES void add_scaled_tiles(const float* tiles, const float* scales, std::size_t n_rows,
                                       bool is_first, float* sums) {
  for (std::size_t c = 0; c < 2; ++c) {
    const __m512 scale =
        scales == nullptr ? _mm512_set1_ps(1.0F) : _mm512_loadu_ps(scales + c * kTileColumns);
    for (std::size_t m = 0; m < n_rows; ++m) {
      const float* block = tiles + m / kTileRows * 2 * kTileRows * kTileColumns;
      const __m512 x = _mm512_load_ps(block + (c * kTileRows + m % kTileRows) * kTileColumns);
      float* to = sums + m * kPanelColumns + c * kTileColumns;
      const __m512 before = is_first ? _mm512_setzero_ps() : _mm512_loadu_ps(to);
      _mm512_storeu_ps(to, _mm512_fmadd_ps(x, scale, before));
    }
  }
}

/// Multiplies one group of k and adds the result to `sums`. `is_first`: overwrites `sums` instead.
/// `rows`: [blocks of 16 rows], `weights`: [half][column tile], `scales`: [64] or nullptr.
NPUWHISPER_TILES void multiply_group(const std::byte* rows, std::size_t n_rows,
                                     const std::byte* weights, const float* scales, bool is_first,
                                     float* scratch, float* sums) {
  for (std::size_t m = 0; m < n_rows; m += 2 * kTileRows) {
    const std::size_t n = std::min(n_rows - m, 2 * kTileRows);
    const std::byte* blocks = rows + m / kTileRows * kBlockBytes;
    for (std::size_t column = 0; column < kPanelColumns; column += 2 * kTileColumns) {
      const std::byte* tiles = weights + column / kTileColumns * kTileBytes;
      if (n > kTileRows) {
        multiply_tiles<2>(blocks, tiles, scratch);
      } else {
        multiply_tiles<1>(blocks, tiles, scratch);
      }
      add_scaled_tiles(scratch, scales == nullptr ? nullptr : scales + column, n, is_first,
                       sums + m * kPanelColumns + column);
    }
  }
}

NPUWHISPER_TILES void load_config() {
  static constexpr TileConfig config;
  _tile_loadconfig(&config);
}

NPUWHISPER_TILES void release_tiles() {
  _tile_release();
}

}  // namespace

bool has_tiles() {
  static const bool usable = [] {
    const auto isa = select_isa();
    return isa && *isa == Isa::Amx && request_tiles();
  }();
  return usable;
}

TileProduct::TileProduct(std::size_t max_rows, std::size_t max_k)
    : rows_(round_up(max_k, kScaleGroup) / kScaleGroup * round_up(max_rows, kTileRows) / kTileRows *
            kBlockBytes),
      sums_(4 * kTileBytes) {}

std::size_t TileProduct::max_rows(std::size_t k) const {
  return rows_.size() / (round_up(k, kScaleGroup) / kScaleGroup * kBlockBytes) * kTileRows;
}

void TileProduct::set_rows(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k) {
  n_rows_ = n_rows;
  k_ = k;
  std::byte* to = rows_.data();
  for (std::size_t group = 0; group < k; group += kScaleGroup) {
    for (std::size_t block = 0; block < n_rows; block += kTileRows, to += kBlockBytes) {
      for (std::size_t m = 0; m < kTileRows; ++m) {
        for (std::size_t half = 0; half < kHalves; ++half) {
          const std::size_t first = group + half * kTileDepth;
          const bool is_inside = block + m < n_rows && first < k;
          split(is_inside ? a + (block + m) * lda + first : a, is_inside ? k - first : 0,
                to + half * kParts * kTileBytes + m * kTileStride);
        }
      }
    }
  }
  assert(to <= rows_.data() + rows_.size());
}

void TileProduct::multiply(const std::int8_t* panel, const float* scales, float* sums) {
  alignas(kAlignment) std::array<std::byte, kHalves * kColumnTiles * kTileBytes> weights;
  const std::size_t group_bytes = round_up(n_rows_, kTileRows) / kTileRows * kBlockBytes;
  load_config();
  for (std::size_t k = 0; k < k_; k += kScaleGroup) {
    const std::size_t group = k / kScaleGroup;
    pack_weights(panel + k * kPanelColumns, std::min(k_ - k, kScaleGroup), weights.data());
    multiply_group(rows_.data() + group * group_bytes, n_rows_, weights.data(),
                   scales == nullptr ? nullptr : scales + group * kPanelColumns, k == 0,
                   sums_.as<float>(), sums);
  }
  release_tiles();
}

#else

bool has_tiles() {
  return false;
}
TileProduct::TileProduct(std::size_t, std::size_t) {}
std::size_t TileProduct::max_rows(std::size_t) const {
  return 0;
}
void TileProduct::set_rows(const float*, std::size_t, std::size_t, std::size_t) {}
void TileProduct::multiply(const std::int8_t*, const float*, float*) {}

#endif

}  // namespace npuwhisper::cpu
