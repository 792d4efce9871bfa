// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "design/plan.h"

namespace npuwhisper::npu {

/// Appends the jobs of operation number `index` to the plan, with their headers' counts and their
/// places in the packed buffer. Describes the division into jobs in `plan.figures`. Errors: as
/// make_plan().
Result<void> plan_jobs(Plan& plan, std::size_t index);

/// Returns the number of rows that one pass covers: a tile for each core row.
inline int rows_per_pass(const DesignSpec& spec) {
  return spec.core_rows * core::kTile;
}

inline int tiles_of(int elements) {
  return (elements + core::kTile - 1) / core::kTile;
}

}  // namespace npuwhisper::npu
