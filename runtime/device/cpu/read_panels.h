// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/result.h>

#include "model/weights.h"
#include "simd/data_type.h"
#include "simd/panel_matrix.h"

namespace npuwhisper::cpu {

/// Reads the variable `weight`, whose first dimension is n, from `weights` and packs it a few rows
/// at a time, so that the matrix [n, k] is never in memory twice. `type`: I8, F16 or F32. Errors:
/// those of Weights::read_rows(). Throws std::bad_alloc.
Result<PanelMatrix> read_panels(const Weights& weights, const Variable& weight, DataType type);

}  // namespace npuwhisper::cpu
