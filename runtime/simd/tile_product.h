// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/aligned.h"
#include "simd/int8_rows.h"

namespace npuwhisper::cpu {

/// Returns whether matrix tiles (AMX) may be used: the CPU and the system support them, and
/// NPUWHISPER_MAX_ISA allows them. Thread-safe.
bool has_tiles();

/// Minimum number of rows for which TileProduct is used instead of multiply_int8(). A tile product
/// takes as long for 1 row as for 16. Chosen from the instructions' throughput, not measured.
inline constexpr std::size_t kLeastTileRows = 4;

/// Multiplies rows by int8 panels (int8_kernels.h) on the CPU's matrix tiles. Computes the same
/// bits as multiply_int8(). Requires has_tiles(). Reentrant.
class TileProduct {
 public:
  TileProduct() = default;
  /// Allocates memory for products of at most `max_rows` rows. Throws std::bad_alloc.
  explicit TileProduct(std::size_t max_rows);

  std::size_t bytes() const { return sums_.size() + weights_.size(); }
  /// Multiplies the rows by an int8 panel, like multiply_int8().
  void multiply(const Int8Rows& rows, const std::uint8_t* panel, const float* scales, float* sums);

 private:
  AlignedBytes sums_;     // i32 [2 blocks of 16 rows][2 column tiles][upper, lower][16, 16]
  AlignedBytes weights_;  // the last group of a panel, padded to 64 k
};

}  // namespace npuwhisper::cpu
