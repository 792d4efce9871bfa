// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "design/plan.h"
#include "device/npu/encoder_operations.h"
#include "device/plan.h"

namespace npuwhisper::npu_device {

/// Returns a text for the part of the array that a plan uses, such as "4 x 8 cores".
std::string describe_cores(const npu::Plan& plan);

/// Returns a text with the figures of one run: instructions, syncs, multiply-accumulates and the
/// predicted time.
std::string describe_run(const npu::Plan& plan);

/// Describes how the graph's `op` runs. `plan`: the plan of `operations`, which were made from the
/// graph.
PlannedOp describe_op(const Graph& graph, const Op& op, const EncoderOperations& operations,
                      const npu::Plan& plan);

}  // namespace npuwhisper::npu_device
