// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>

#include "device/cpu/step_offload.h"
#include "device/graph.h"
#include "device/xrt/step_operations.h"

namespace npuwhisper::xdna {

/// Why an operation of a step stays on the CPU while others run on the array; empty where that is
/// plain. With figures where they are the reason.
std::string why_on_host(const Graph& step, const Op& op, const npu::DesignSpec& spec);

/// A step of which the array runs nothing, for the plan's sake: it says what the array would take
/// for the products, and what speaks for the CPU.
std::unique_ptr<cpu::StepOffload> explain_steps_on_host(const Graph& step,
                                                        const npu::DesignSpec& spec);

}  // namespace npuwhisper::xdna
