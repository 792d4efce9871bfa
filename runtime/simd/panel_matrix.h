// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "simd/aligned.h"
#include "simd/int8_kernels.h"
#include "simd/panel_kernels.h"

namespace npuwhisper::cpu {

/// A weight matrix [n, k] as the right side of products with few rows. The matrix is transposed
/// into panels (panel_kernels.h; int8_kernels.h for int8), and the last panel is padded with zeros.
/// For int8, each row is divided into groups of 64 values with one scale each: the group's largest
/// magnitude / 127.
/// Immutable; thread-safe.
class PanelMatrix {
 public:
  /// Packs `values` [n, k]. `type`: I8, F16 or F32. Throws std::bad_alloc.
  static PanelMatrix pack(std::span<const float> values, std::size_t n, std::size_t k,
                          DataType type);
  /// A function that packs the k values of one row.
  using PackRow = std::function<void(std::size_t row, std::span<const float> values)>;
  /// Packs a matrix [n, k] that is read a few rows at a time and is therefore never in memory
  /// twice. Calls `read` with a function that packs one row. `read` must pack every row, and may do
  /// so from several threads at the same time. `type`: as for pack(). Errors: those of `read`.
  /// Throws std::bad_alloc.
  static Result<PanelMatrix> pack_rows(std::size_t n, std::size_t k, DataType type,
                                       const std::function<Result<void>(const PackRow&)>& read);

  std::size_t n() const { return n_; }
  std::size_t k() const { return k_; }
  DataType type() const { return type_; }
  std::size_t n_panels() const { return (n_ + kPanelColumns - 1) / kPanelColumns; }
  const void* panel(std::size_t i) const { return bytes_.data() + i * panel_bytes(); }
  /// Returns the number of columns of panel i that are not padding.
  std::size_t columns(std::size_t i) const {
    return i + 1 == n_panels() ? n_ - i * kPanelColumns : kPanelColumns;
  }
  /// Returns the scales of panel i for multiply_int8(); nullptr if the matrix is not int8.
  const float* scales(std::size_t i) const {
    return type_ == DataType::I8 ? scales_.data() + i * n_groups() * kPanelColumns : nullptr;
  }
  std::size_t bytes() const { return bytes_.size() + scales_.size() * sizeof(float); }
  /// Returns bytes() of a packed matrix [n, k] of `type`.
  static std::size_t bytes(std::size_t n, std::size_t k, DataType type);

 private:
  std::size_t n_groups() const { return (k_ + kScaleGroup - 1) / kScaleGroup; }
  std::size_t panel_bytes() const {
    return type_ == DataType::I8 ? int8_panel_bytes(k_) : k_ * kPanelColumns * size_of(type_);
  }
  void allocate(std::size_t n, std::size_t k, DataType type);
  void pack_row(std::size_t row, std::span<const float> values);
  void pack_int8(std::size_t row, std::span<const float> values);

  std::size_t n_ = 0;
  std::size_t k_ = 0;
  DataType type_ = DataType::F32;
  AlignedBytes bytes_;
  std::vector<float> scales_;
};

}  // namespace npuwhisper::cpu
