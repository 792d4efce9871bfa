// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <npuwhisper/result.h>

#include "design/design_spec.h"
#include "design/operation.h"

namespace npuwhisper::bench {

/// The duration of a sequence of operations as one submission, dispatch included.
struct Timing {
  double planner_seconds = 0;
  /// Duration of a run on the emulated array, or nullopt without a run.
  std::optional<double> clock_seconds{};
  std::uint64_t multiply_accumulates = 0;

  double seconds() const { return clock_seconds.value_or(planner_seconds); }
};

/// Returns the planned time of the operations. Buffer 0 of the run holds the packed weights. Buffer
/// 1, which has `workspace_bytes` bytes, holds the inputs and outputs. If `run` is true, also runs
/// the plan on the emulated array with zeros as data, and sets clock_seconds. Emulated time does
/// not depend on values. Errors: those of make_plan() and, if `run` is true, of pack_panels() and
/// the emulated array.
Result<Timing> time_operations(const npu::DesignSpec& spec,
                               std::span<const npu::Operation> operations,
                               std::uint64_t workspace_bytes, bool run);

/// Plans one product, [m, k] times [k, n], and runs it if `run` is true, like time_operations().
Result<Timing> time_product(const npu::DesignSpec& spec, int m, int k, int n, bool run);

}  // namespace npuwhisper::bench
