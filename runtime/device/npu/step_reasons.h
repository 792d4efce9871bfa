// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>

#include "device/cpu/step_offload.h"
#include "device/graph.h"
#include "device/npu/step_operations.h"

namespace npuwhisper::npu_device {

/// Returns why an operation of a step stays on the CPU while other operations run on the array. The
/// text includes the figures that explain the reason. Returns an empty string if the reason is
/// obvious.
std::string why_on_host(const Graph& step, const Op& op, const npu::DesignSpec& spec);

/// Returns an offload without groups. Its plan explains why the array runs no part of a step, with
/// the predicted cost of the products on the array and on the CPU.
std::unique_ptr<cpu::StepOffload> explain_steps_on_host(const Graph& step,
                                                        const npu::DesignSpec& spec);

}  // namespace npuwhisper::npu_device
