// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "simd/data_type.h"
#include "simd/int8_rows.h"
#include "simd/tile_product.h"

namespace npuwhisper::cpu {

/// Multiplies rows by panels. Panels of f32 and f16 are multiplied in f32 (panel_kernels.h), int8
/// panels in integers (int8_kernels.h). With at least kLeastTileRows rows, int8 panels are
/// multiplied on matrix tiles if has_tiles(). Reentrant; allocates nothing after construction.
class RowProduct {
 public:
  RowProduct() = default;
  /// Allocates memory for left sides of [n_rows, max_k]. Throws std::bad_alloc.
  RowProduct(std::size_t n_rows, std::size_t max_k);

  /// Returns the maximum number of rows of `k` numbers (`k` at most max_k) that set_rows() accepts
  /// for panels of `type`. The result is at least the constructor's n_rows.
  std::size_t max_rows(std::size_t k, DataType type) const;

  std::size_t bytes() const { return rows_.bytes() + tiles_.bytes(); }
  /// Sets the left side of the following products, whose panels are of `type`. `a` has `n_rows`
  /// rows of `k` numbers, which begin `lda` numbers apart. The content of `a` must not change until
  /// the last product.
  void set_rows(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k, DataType type);
  /// Multiplies the rows by a panel and writes the products to `sums`, [n_rows, 64]. `scales`: as
  /// for multiply_int8(); unused unless the panel is int8.
  void multiply(const void* panel, const float* scales, float* sums);

 private:
  Int8Rows rows_;
  TileProduct tiles_;
  const float* a_ = nullptr;
  std::size_t lda_ = 0;
  std::size_t n_rows_ = 0;
  std::size_t k_ = 0;
  DataType type_ = DataType::F32;
};

}  // namespace npuwhisper::cpu
