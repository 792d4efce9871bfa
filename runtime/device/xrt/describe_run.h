// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "design/plan.h"
#include "device/plan.h"
#include "device/xrt/encoder_operations.h"

namespace npuwhisper::xdna {

/// "4 x 8 cores": the part of the array that a plan is for.
std::string describe_cores(const npu::Plan& plan);

/// One run's figures: instructions, syncs, multiply-accumulates, predicted time.
std::string describe_run(const npu::Plan& plan);

/// What `op` of the graph became among `operations`, which `plan` is the plan of.
PlannedOp describe_op(const Graph& graph, const Op& op, const EncoderOperations& operations,
                      const npu::Plan& plan);

}  // namespace npuwhisper::xdna
