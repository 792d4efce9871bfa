// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/aligned.h"

namespace npuwhisper::cpu {

/// Returns whether matrix tiles (AMX) may be used: the CPU and the system support them, and
/// NPUWHISPER_MAX_ISA allows them. Thread-safe.
bool has_tiles();

/// Minimum number of rows for which TileProduct is faster than multiply_panel().
inline constexpr std::size_t kLeastTileRows = 8;

/// Multiplies rows by int8 panels (panel_kernels.h) on the CPU's matrix tiles, which multiply bf16.
/// int8 is exact in bf16, and each f32 is split into three bf16 that add up to the f32. The
/// products are therefore exact. The sums are computed in f32, in a different order from
/// multiply_panel(). Requires has_tiles(). Reentrant.
class TileProduct {
 public:
  TileProduct() = default;
  /// Allocates memory for left sides of at most [max_rows, max_k]. Throws std::bad_alloc.
  TileProduct(std::size_t max_rows, std::size_t max_k);

  /// Returns how many rows of `k` numbers the allocated memory can hold.
  std::size_t max_rows(std::size_t k) const;

  std::size_t bytes() const { return rows_.size() + sums_.size(); }
  /// Copies `a`, the left side of the following products: `n_rows` rows of `k` numbers, `lda`
  /// numbers apart.
  void set_rows(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k);
  /// Multiplies the rows by an int8 panel, like multiply_panel(): sums[m * 64 + j] = sum over k of
  /// a[m, k] * panel[k, j].
  void multiply(const std::int8_t* panel, const float* scales, float* sums);

 private:
  AlignedBytes rows_;  // bf16 [group of k][block of 16 rows][half][part][16 rows, 32]
  AlignedBytes sums_;  // f32 [4 tiles][16, 16]
  std::size_t n_rows_ = 0;
  std::size_t k_ = 0;
};

}  // namespace npuwhisper::cpu
