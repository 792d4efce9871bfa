// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <npuwhisper/result.h>

#include "device/cpu/step_offload.h"
#include "device/graph.h"
#include "device/xrt/encoder_operations.h"

namespace npuwhisper::xdna {

/// The products of a decoder step on the array, and the layer norms between them: a group of
/// operations, one submission, wherever no operation of the host stands between. Every tensor that
/// crosses a group's border has a place of its own, so a group can be repeated: it writes nothing
/// that it reads.
struct StepOperations {
  struct Group {
    cpu::StepOffload::Group ops{};
    EncoderOperations operations{};  ///< Its input and output are the group's; kPacked is its own.
  };
  std::vector<Group> groups{};
  std::uint64_t workspace_bytes = 0, input_bytes = 0, output_bytes = 0;  ///< Of all groups.
};

/// Whether the array takes this operation of a step: products whose weights may be rounded to
/// bf16, without a position, and layer norms.
bool runs_on_array(const Op& op);

/// Errors: Unsupported, where a group does not have one input from the host and one output to it.
Result<StepOperations> make_step_operations(const Graph& step, const npu::DesignSpec& spec);

}  // namespace npuwhisper::xdna
