// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper::npu {

/// A row-major bf16 matrix at byte `offset` of the run's buffer number `argument`. Rows may overlap
/// (row_stride less than the number of columns read), as in a convolution's windows. All rows and
/// columns up to the plan's padded shape must lie in the buffer. An input's padding columns must be
/// finite, and zero if the operation uses statistics of rows (layer norm, int8's units). Outputs
/// are written in whole tiles.
struct HostMatrix {
  int argument = 0;
  std::uint64_t offset = 0;
  int row_stride = 0;  ///< Number of elements from row to row; even.

  /// Returns the matrix that begins at row `row` and column `column` of this matrix.
  HostMatrix from(int row, int column) const {
    HostMatrix part = *this;
    part.offset += 2 * (static_cast<std::uint64_t>(row) * static_cast<std::uint64_t>(row_stride) +
                        static_cast<std::uint64_t>(column));
    return part;
  }
};

}  // namespace npuwhisper::npu
