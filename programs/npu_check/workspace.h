// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "design/host_matrix.h"
#include "design/parameters.h"
#include "encoder_core/encoder_core_ref.h"

namespace npuwhisper::npu_check {

using npu::reference::Matrix;

/// Number of a run's buffer with the packed weights, and of the buffer with all other matrices.
inline constexpr int kPackedBuffer = 0;
inline constexpr int kWorkspaceBuffer = 1;

/// The matrices of a check in one buffer, in bf16. Reentrant.
class Workspace {
 public:
  /// Adds a matrix whose elements are no numbers, so that elements that a run does not write are
  /// found.
  npu::HostMatrix add(int rows, int columns) {
    const npu::HostMatrix matrix{kWorkspaceBuffer, 2 * elements_.size(), columns};
    elements_.resize(
        elements_.size() + static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns),
        kNoNumber);
    return matrix;
  }
  /// Adds a matrix that holds `values` and zeros in the rows and columns beyond them.
  npu::HostMatrix add(const Matrix& values, int rows, int columns) {
    const npu::HostMatrix matrix = add(rows, columns);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        const bool is_inside = r < values.rows && c < values.columns;
        const double value = is_inside ? values.at(r, c) : 0;
        elements_[place(matrix, r, c)] = npu::to_bf16(static_cast<float>(value));
      }
    }
    return matrix;
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(elements_)); }
  /// Returns an element of a matrix in `buffer`, which has the layout of this workspace.
  static double get(std::span<const std::byte> buffer, const npu::HostMatrix& matrix, int row,
                    int column) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, buffer.data() + 2 * place(matrix, row, column), sizeof bits);
    return static_cast<double>(npu::from_bf16(bits));
  }

 private:
  static constexpr std::uint16_t kNoNumber = 0x7fc0;

  static std::size_t place(const npu::HostMatrix& matrix, int row, int column) {
    return matrix.offset / 2 +
           static_cast<std::size_t>(row) * static_cast<std::size_t>(matrix.row_stride) +
           static_cast<std::size_t>(column);
  }

  std::vector<std::uint16_t> elements_;
};

}  // namespace npuwhisper::npu_check
