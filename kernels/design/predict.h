// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "array/clock_constants.h"
#include "design/plan.h"

namespace npuwhisper::npu {

/// Predicted time of an operation, in cycles.
struct Prediction {
  double compute_cycles = 0;  ///< Cycles of the busiest core.
  double stream_cycles = 0;   ///< Cycles of the busiest stream (A, B or C).
  double host_cycles = 0;     ///< Cycles that host memory takes for the transfers of all shims.
  double cycles = 0;          ///< Predicted total.
};

/// Counts the multiply-accumulates and the bytes of operation number `index`, whose jobs are known.
void count_work(Plan& plan, std::size_t index);

/// Predicts the time of operation number `index`. The prediction follows from the plan's counts,
/// the operations of the cores' functions (tile_operations.h) and the clock's rates. The epilogues
/// of log-mel's operations are left out, as are waits between jobs.
Prediction predict(const Plan& plan, std::size_t index, const ArrayClock& clock);

/// Returns the predicted time to replace another design on the array by this one.
double configuration_seconds(const DesignSpec& spec);

}  // namespace npuwhisper::npu
