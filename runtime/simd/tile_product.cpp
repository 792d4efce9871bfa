// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/tile_product.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "simd/int8_kernels.h"
#include "simd/isa.h"
#include "simd/panel_kernels.h"

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

#define NPUWHISPER_TILES __attribute__((target("avx512f,avx512bw,amx-tile,amx-int8")))

/// A tile has 16 rows of 64 bytes: [16, 64] int8 of the left side, [16, 16] int32 of the result, or
/// uint8 of the right side as [16 groups of 4 k][16 columns][4 of k].
constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileColumns = 16;
constexpr std::size_t kTileInts = kTileRows * kTileColumns;
constexpr std::size_t kTileStride = 64;
constexpr std::size_t kTileDepth = 64;
static_assert(kTileDepth == kScaleGroup, "a tile holds one group");
/// Distance between the tile rows of the right side: four successive k of a panel.
constexpr std::size_t kPanelStride = kPanelColumns * kInt8Depth;
/// Number of column tiles that are multiplied at once.
constexpr std::size_t kColumnTiles = 2;

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

/// Multiplies `kBlocks` blocks of 16 rows by two column tiles, over one group of k. Writes the sums
/// [block][column tile][upper, lower][16, 16].
template <std::size_t kBlocks>
NPUWHISPER_TILES void multiply_tiles(const std::int8_t* rows, const std::uint8_t* weights,
                                     std::int32_t* sums) {
  constexpr std::size_t kRowStride = Int8Rows::kGroupBytes;
  constexpr std::size_t kBlockBytes = kTileRows * kRowStride;
  // The compiler does not know that the intrinsics read memory. This barrier makes it emit the
  // earlier stores to `rows` and `weights` before the intrinsics.
  asm volatile("" ::: "memory");
  _tile_loadd(6, weights, kPanelStride);
  _tile_loadd(7, weights + kTileColumns * kInt8Depth, kPanelStride);
  for (std::size_t block = 0; block < kBlocks; ++block) {
    const std::int8_t* from = rows + block * kBlockBytes;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, from, kRowStride);
    _tile_loadd(5, from + kScaleGroup, kRowStride);
    _tile_dpbsud(0, 4, 6);
    _tile_dpbsud(1, 5, 6);
    _tile_dpbsud(2, 4, 7);
    _tile_dpbsud(3, 5, 7);
    std::int32_t* to = sums + block * 2 * kColumnTiles * kTileInts;
    _tile_stored(0, to, kTileStride);
    _tile_stored(1, to + kTileInts, kTileStride);
    _tile_stored(2, to + 2 * kTileInts, kTileStride);
    _tile_stored(3, to + 3 * kTileInts, kTileStride);
  }
}

/// Adds the scaled sums of two column tiles to `n_rows` rows of the result; for group 0, replaces
/// the result. `first_row`, `group`: the rows and the group of the sums. `scales`: nullptr means
/// that all scales are 1.
NPUWHISPER_TILES void add_scaled_tiles(const std::int32_t* tiles, const Int8Rows& rows,
                                       std::size_t group, std::size_t first_row, std::size_t n_rows,
                                       const float* scales, float* sums) {
  for (std::size_t c = 0; c < kColumnTiles; ++c) {
    for (std::size_t m = 0; m < n_rows; ++m) {
      const std::int32_t* upper =
          tiles + (m / kTileRows * kColumnTiles + c) * 2 * kTileInts + m % kTileRows * kTileColumns;
      const __m512i correction = _mm512_set1_epi32(-kInt8Offset * rows.sums(group)[first_row + m]);
      const __m512i lower = _mm512_add_epi32(_mm512_loadu_si512(upper + kTileInts), correction);
      const __m512i total =
          _mm512_add_epi32(_mm512_slli_epi32(_mm512_loadu_si512(upper), 7), lower);
      __m512 scale = _mm512_set1_ps(rows.scales(group)[first_row + m]);
      if (scales != nullptr) {
        scale = _mm512_mul_ps(scale, _mm512_loadu_ps(scales + c * kTileColumns));
      }
      float* to = sums + m * kPanelColumns + c * kTileColumns;
      const __m512 before = group == 0 ? _mm512_setzero_ps() : _mm512_loadu_ps(to);
      _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_cvtepi32_ps(total), scale, before));
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

TileProduct::TileProduct(std::size_t max_rows)
    : sums_(std::min<std::size_t>(2, (max_rows + kTileRows - 1) / kTileRows) * kColumnTiles * 2 *
            kTileInts * sizeof(std::int32_t)),
      weights_(kTileDepth * kPanelColumns) {}

void TileProduct::multiply(const Int8Rows& rows, const std::uint8_t* panel, const float* scales,
                           float* sums) {
  load_config();
  for (std::size_t group = 0; group < rows.n_groups(); ++group) {
    const std::size_t first = group * kScaleGroup;
    const std::uint8_t* weights = panel + first * kPanelColumns;
    if (rows.k() - first < kTileDepth) {
      std::memcpy(weights_.data(), weights, int8_panel_bytes(rows.k() - first));
      weights = weights_.as<std::uint8_t>();
    }
    const float* group_scales = scales == nullptr ? nullptr : scales + group * kPanelColumns;
    for (std::size_t row = 0; row < rows.n_rows(); row += 2 * kTileRows) {
      const std::size_t n = std::min(rows.n_rows() - row, 2 * kTileRows);
      const std::int8_t* parts = rows.parts(group) + row * Int8Rows::kGroupBytes;
      for (std::size_t column = 0; column < kPanelColumns; column += kColumnTiles * kTileColumns) {
        const std::uint8_t* tiles = weights + column * kInt8Depth;
        if (n > kTileRows) {
          multiply_tiles<2>(parts, tiles, sums_.as<std::int32_t>());
        } else {
          multiply_tiles<1>(parts, tiles, sums_.as<std::int32_t>());
        }
        add_scaled_tiles(sums_.as<std::int32_t>(), rows, group, row, n,
                         group_scales == nullptr ? nullptr : group_scales + column,
                         sums + row * kPanelColumns + column);
      }
    }
  }
  release_tiles();
}

#else

bool has_tiles() {
  return false;
}
TileProduct::TileProduct(std::size_t) {}
void TileProduct::multiply(const Int8Rows&, const std::uint8_t*, const float*, float*) {}

#endif

}  // namespace npuwhisper::cpu
