// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/row_product.h"

#include <cstdint>
#include <limits>

#include "simd/int8_kernels.h"
#include "simd/panel_kernels.h"

namespace npuwhisper::cpu {

RowProduct::RowProduct(std::size_t n_rows, std::size_t max_k) : rows_(n_rows, max_k) {
  if (has_tiles()) tiles_ = TileProduct(rows_.max_rows(kScaleGroup));
}

std::size_t RowProduct::max_rows(std::size_t k, DataType type) const {
  return type == DataType::I8 ? rows_.max_rows(k) : std::numeric_limits<std::size_t>::max();
}

void RowProduct::set_rows(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k,
                          DataType type) {
  a_ = a;
  lda_ = lda;
  n_rows_ = n_rows;
  k_ = k;
  type_ = type;
  if (type == DataType::I8) rows_.set(a, lda, n_rows, k);
}

void RowProduct::multiply(const void* panel, const float* scales, float* sums) {
  if (type_ != DataType::I8) {
    multiply_panel(a_, lda_, n_rows_, k_, panel, type_, sums);
    return;
  }
  const auto* bytes = static_cast<const std::uint8_t*>(panel);
  if (n_rows_ >= kLeastTileRows && has_tiles()) {
    tiles_.multiply(rows_, bytes, scales, sums);
  } else {
    multiply_int8(best_int8_isa(), rows_, bytes, scales, sums);
  }
}

}  // namespace npuwhisper::cpu
