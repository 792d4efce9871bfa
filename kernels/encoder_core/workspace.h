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

namespace npuwhisper::npu {

/// The matrices of an operation in one buffer of a run, in bf16. Reentrant.
class Workspace {
 public:
  /// `buffer`: the buffer's number in the run. `unwritten`: the bits of the elements of a matrix
  /// without values. They show which elements a run does not write.
  Workspace(int buffer, std::uint16_t unwritten) : buffer_(buffer), unwritten_(unwritten) {}

  /// Adds a matrix without values.
  HostMatrix add(int rows, int columns) {
    const HostMatrix matrix{buffer_, 2 * elements_.size(), columns};
    elements_.resize(
        elements_.size() + static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns),
        unwritten_);
    return matrix;
  }
  /// Adds a matrix of `rows` x `columns` that holds `values`. The elements outside of `values` are
  /// zero.
  HostMatrix add(const reference::Matrix& values, int rows, int columns) {
    const HostMatrix matrix = add(rows, columns);
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        const bool is_inside = r < values.rows && c < values.columns;
        set(matrix, r, c, is_inside ? values.at(r, c) : 0);
      }
    }
    return matrix;
  }

  void set(const HostMatrix& matrix, int row, int column, double value) {
    elements_[place(matrix, row, column)] = to_bf16(static_cast<float>(value));
  }
  double get(const HostMatrix& matrix, int row, int column) const {
    return get(bytes(), matrix, row, column);
  }
  /// Returns an element of a matrix in `bytes`, which has the layout of this workspace.
  static double get(std::span<const std::byte> bytes, const HostMatrix& matrix, int row,
                    int column) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + 2 * place(matrix, row, column), sizeof bits);
    return static_cast<double>(from_bf16(bits));
  }

  std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(elements_)); }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(elements_)); }

 private:
  /// Returns the index of an element in elements_.
  static std::size_t place(const HostMatrix& matrix, int row, int column) {
    return matrix.offset / 2 +
           static_cast<std::size_t>(row) * static_cast<std::size_t>(matrix.row_stride) +
           static_cast<std::size_t>(column);
  }

  int buffer_;
  std::uint16_t unwritten_;
  std::vector<std::uint16_t> elements_{};
};

}  // namespace npuwhisper::npu
