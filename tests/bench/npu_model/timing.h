// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <npuwhisper/result.h>

#include "design/design_spec.h"
#include "design/operation.h"

namespace npuwhisper::bench {

/// What a sequence of operations takes as one submission, dispatch included.
struct Timing {
  double planner_seconds = 0;
  std::optional<double> clock_seconds{};  ///< Of a run on the emulated array.
  std::uint64_t multiply_accumulates = 0;

  double seconds() const { return clock_seconds.value_or(planner_seconds); }
};

/// Plans the operations, whose buffers are argument 1, `workspace_bytes` long, and where `run`,
/// runs them on the emulated array, on zeros: the clock does not look at values. Errors: as
/// make_plan().
Result<Timing> time_operations(const npu::DesignSpec& spec,
                               std::span<const npu::Operation> operations,
                               std::uint64_t workspace_bytes, bool run);

/// The same of one product, [m, k] times [k, n].
Result<Timing> time_product(const npu::DesignSpec& spec, int m, int k, int n, bool run);

}  // namespace npuwhisper::bench
