// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <npuwhisper/result.h>

#include "device/cpu/step_offload.h"
#include "device/graph.h"
#include "device/npu/encoder_operations.h"

namespace npuwhisper::npu_device {

/// The products of a decoder step on the array, and the layer norms between them. Consecutive
/// operations that run on the array form a group. Each group is one submission. Every tensor that
/// crosses a group's border has its own place. A group therefore never overwrites its own inputs
/// and can be repeated.
struct StepOperations {
  struct Group {
    cpu::StepOffload::Group ops{};
    EncoderOperations operations{};  ///< Each group has its own kPacked buffer.
  };
  std::vector<Group> groups{};
  /// Sizes in bytes of the buffers that all groups share.
  std::uint64_t workspace_bytes = 0, input_bytes = 0, output_bytes = 0;
};

/// Returns whether this operation of a step can run on the array. True for layer norms, and for
/// products that add no position and need no exact results (Op::n_exact_best).
bool runs_on_array(const Op& op);

/// Divides a step into groups. Errors: Unsupported, if a group does not have exactly one input from
/// the host and exactly one output to the host.
Result<StepOperations> make_step_operations(const Graph& step, const npu::DesignSpec& spec);

}  // namespace npuwhisper::npu_device
