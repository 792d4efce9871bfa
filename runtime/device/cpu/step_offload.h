// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "device/graph.h"
#include "device/plan.h"

namespace npuwhisper::cpu {

/// Operations of a decoder step that another device runs while the CPU's threads wait. They form
/// groups of consecutive operations. Each group takes rows from the CPU and returns rows to the
/// CPU. All other data that groups exchange stays on that device.
class StepOffload {
 public:
  /// Operations [first_op, end_op) of the step's graph.
  struct Group {
    std::size_t first_op = 0, end_op = 0;
    TensorId input = kNoTensor;
    TensorId output = kNoTensor;  ///< Output of the last operation.
  };

  virtual ~StepOffload() = default;
  /// Returns the groups in the order of the graph. Between two groups, the CPU must run an
  /// operation that ends with a barrier of its threads, so that all threads read a group's result
  /// before the next group runs. Layer norms and SelectRows do not end with a barrier.
  virtual std::span<const Group> groups() const = 0;
  /// Returns the plan of the operations in the groups. The plan may also list operations that stay
  /// on the CPU, with the reason.
  virtual const Plan& plan() const = 0;
  /// Computes `n_rows` rows (at least one) of a group's output from `n_rows` rows of its input, all
  /// f32. `input` and `output` may be the same memory. Groups run in order, each once per step.
  /// Allocates nothing. Errors, which end the step: Timeout, DeviceError.
  virtual Result<void> run(std::size_t group, std::size_t n_rows, const float* input,
                           float* output) = 0;
};

}  // namespace npuwhisper::cpu
