// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "device/cpu/panel_kernels.h"
#include "device/cpu/tile_product.h"

namespace npuwhisper::cpu {

/// Products of some rows with panels (panel_kernels.h): on matrix tiles where has_tiles(), the
/// panels are int8 and the rows are many, else with multiply_panel(). Reentrant; allocates nothing
/// after construction.
class RowProduct {
 public:
  RowProduct() = default;
  /// With memory for left sides of [n_rows, max_k]. Throws std::bad_alloc.
  RowProduct(std::size_t n_rows, std::size_t max_k);

  /// How many rows of `k` numbers set_rows() takes, for panels of `type`; at least n_rows.
  std::size_t max_rows(std::size_t k, DataType type) const;

  std::size_t bytes() const { return tiles_.bytes(); }
  /// Sets the left side of the products that follow, whose panels are of `type`. `a` has `n_rows`
  /// rows of `k` numbers, `lda` numbers apart; it must not change until the last product.
  void set_rows(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k, DataType type);
  /// As multiply_panel().
  void multiply(const void* panel, const float* scales, float* sums);

 private:
  TileProduct tiles_;
  const float* a_ = nullptr;
  std::size_t lda_ = 0;
  std::size_t n_rows_ = 0;
  std::size_t k_ = 0;
  DataType type_ = DataType::F32;
  bool on_tiles_ = false;
};

}  // namespace npuwhisper::cpu
