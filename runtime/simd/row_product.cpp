// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/row_product.h"

#include <cstdint>
#include <limits>

namespace npuwhisper::cpu {

RowProduct::RowProduct(std::size_t n_rows, std::size_t max_k) {
  if (has_tiles()) tiles_ = TileProduct(n_rows, max_k);
}

std::size_t RowProduct::max_rows(std::size_t k, DataType type) const {
  const bool on_panels = !has_tiles() || type != DataType::I8;
  return on_panels ? std::numeric_limits<std::size_t>::max() : tiles_.max_rows(k);
}

void RowProduct::set_rows(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k,
                          DataType type) {
  a_ = a;
  lda_ = lda;
  n_rows_ = n_rows;
  k_ = k;
  type_ = type;
  on_tiles_ = has_tiles() && type == DataType::I8 && n_rows >= kLeastTileRows;
  if (on_tiles_) tiles_.set_rows(a, lda, n_rows, k);
}

void RowProduct::multiply(const void* panel, const float* scales, float* sums) {
  if (on_tiles_) {
    tiles_.multiply(static_cast<const std::int8_t*>(panel), scales, sums);
  } else {
    multiply_panel(a_, lda_, n_rows_, k_, panel, type_, scales, sums);
  }
}

}  // namespace npuwhisper::cpu
