// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include <npuwhisper/result.h>

#include "device/graph.h"
#include "device/plan.h"

namespace npuwhisper::cpu {

/// Operations of a decoder step that another device runs while the CPU's threads wait: groups of neighbouring operations,
/// each with rows that come from the CPU and rows that go back. What else the groups need of one another stays with that
/// device.
class StepOffload {
 public:
  /// Operations [first_op, end_op) of the step's graph.
  struct Group {
    std::size_t first_op = 0, end_op = 0;
    TensorId input = kNoTensor;
    TensorId output = kNoTensor;   ///< Of the last operation.
  };

  virtual ~StepOffload() = default;
  /// In the order of the graph. Between any two stands an operation of the CPU that ends with a barrier of its threads
  /// (not layer norms and selected rows alone): all of them have seen how a group ended before the next one runs.
  virtual std::span<const Group> groups() const = 0;
  /// Of the operations in the groups; and of others, by their reason, why they stay on the CPU.
  virtual const Plan& plan() const = 0;
  /// Makes `n_rows` rows, at least one, of a group's output from as many of its input, all f32; they may lie in the same memory. Groups
  /// run in order, once in a step each. Allocates nothing. Errors: Timeout, DeviceError: the step is given up.
  virtual Result<void> run(std::size_t group, std::size_t n_rows, const float* input, float* output) = 0;
};

}  // namespace npuwhisper::cpu
