// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "device/cpu/aligned.h"
#include "device/cpu/panel_kernels.h"
#include "model/weights.h"

namespace npuwhisper::cpu {

/// A weight matrix [n, k] as the right side of products with few rows: transposed into panels (panel_kernels.h), the
/// last one padded with zeros. int8 has a scale for each output (row of the weight) and group of 64 inputs: their largest
/// magnitude / 127. Immutable after pack(); thread-safe.
class PanelMatrix {
 public:
  /// `type`: I8, F16 or F32. The last `n_exact` rows (rounded up to whole panels) are F16 where I8 is asked for, or F32 if
  /// the file's are not F16. The pages of the file that `weight` lies in are released to `source` as it goes, so that the
  /// model is never in memory twice. Throws std::bad_alloc.
  static PanelMatrix pack(const WeightView& weight, DataType type, const Weights* source = nullptr,
                          std::size_t n_exact = 0);

  std::size_t n() const { return n_; }
  std::size_t k() const { return k_; }
  /// Of most panels: those of exact rows may differ.
  DataType type() const { return type_; }
  DataType type(std::size_t i) const { return i < first_exact_ ? type_ : exact_type_; }
  std::size_t n_panels() const { return (n_ + kPanelColumns - 1) / kPanelColumns; }
  const void* panel(std::size_t i) const { return bytes_.data() + offset(i); }
  /// Columns of panel i that are not padding.
  std::size_t columns(std::size_t i) const { return i + 1 == n_panels() ? n_ - i * kPanelColumns : kPanelColumns; }
  /// Of panel i, for multiply_panel(); nullptr unless int8.
  const float* scales(std::size_t i) const {
    return type(i) == DataType::I8 ? scales_.data() + i * n_groups() * kPanelColumns : nullptr;
  }
  std::size_t bytes() const { return bytes_.size() + scales_.size() * sizeof(float); }

  /// out[k] += weight[row][k]: one row of the original matrix, for embeddings.
  void add_row(std::size_t row, std::span<float> out) const;

 private:
  std::size_t n_groups() const { return (k_ + kScaleGroup - 1) / kScaleGroup; }
  std::size_t panel_bytes(DataType type) const { return k_ * kPanelColumns * size_of(type); }
  std::size_t offset(std::size_t i) const {
    return std::min(i, first_exact_) * panel_bytes(type_) +
           (i > first_exact_ ? i - first_exact_ : 0) * panel_bytes(exact_type_);
  }
  void pack_int8(std::size_t row, std::span<const float> values);

  std::size_t n_ = 0;
  std::size_t k_ = 0;
  std::size_t first_exact_ = 0;          // panels from here on are exact_type_
  DataType type_ = DataType::F32;
  DataType exact_type_ = DataType::F32;
  AlignedBytes bytes_;
  std::vector<float> scales_;
};

}  // namespace npuwhisper::cpu
