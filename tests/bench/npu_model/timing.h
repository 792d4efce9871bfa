// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <npuwhisper/result.h>

#include "array/clock_constants.h"
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

/// Where and how operations are timed.
struct Machine {
  npu::DesignSpec spec{};
  npu::ArrayClock clock{};
  bool run = false;  ///< Whether to run the plan on the emulated array.
};

/// Returns the planned time of the operations. Buffer 0 of the run holds the packed weights. Buffer
/// 1, which has `workspace_bytes` bytes, holds the inputs and outputs. If `machine.run` is true,
/// also runs the plan on the emulated array with zeros as data, and sets clock_seconds. Emulated
/// time does not depend on values. Errors: those of make_plan() and, for a run, of pack_panels()
/// and the emulated array.
Result<Timing> time_operations(const Machine& machine, std::span<const npu::Operation> operations,
                               std::uint64_t workspace_bytes);

// The functions below time one operation like time_operations().

/// [m, k] times [k, n]. `gelu`: of the result.
Result<Timing> time_product(const Machine& machine, int m, int k, int n, bool gelu = false);
/// Attention of n_heads heads of 64 columns.
Result<Timing> time_attention(const Machine& machine, int n_queries, int n_keys, int n_heads);
/// Layer norm of m rows of k columns.
Result<Timing> time_layer_norm(const Machine& machine, int m, int k);

}  // namespace npuwhisper::bench
