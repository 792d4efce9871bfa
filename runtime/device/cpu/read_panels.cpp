// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/read_panels.h"

#include <cstddef>

namespace npuwhisper::cpu {

Result<PanelMatrix> read_panels(const Weights& weights, const Variable& weight, DataType type) {
  const auto n = static_cast<std::size_t>(weight.n_rows());
  const std::size_t k = static_cast<std::size_t>(weight.n_elements()) / n;
  return PanelMatrix::pack_rows(n, k, type, [&](const PanelMatrix::PackRow& pack_row) {
    return weights.each_row(weight, pack_row);
  });
}

}  // namespace npuwhisper::cpu
