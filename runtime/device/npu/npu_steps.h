// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <vector>

#include "device/cpu/step_offload.h"
#include "device/npu/repeating_run.h"
#include "device/npu/step_operations.h"
#include "device/npu/xrt_session.h"

namespace npuwhisper::npu_device {

/// Runs the products of a decoder step on the NPU. Each group of operations between two attentions
/// takes one submission. Three buffer syncs per group transfer only the step's rows and a marker.
/// The residual stream stays in the NPU's buffers from group to group. A group that fails or does
/// not end in time is repeated once (RepeatingRun).
class NpuSteps final : public cpu::StepOffload {
 public:
  /// Plans the runs and packs the weights in the order in which the instruction streams read them.
  /// Errors: Unsupported, CorruptModel, DeviceError, InvalidArgument (NPUWHISPER_NPU_TIMEOUT_MS).
  static Result<std::unique_ptr<NpuSteps>> create(const Graph& step, const Weights& weights,
                                                  const npu::DesignSpec& spec,
                                                  std::shared_ptr<XrtSession> session);

  /// The groups of a step, and the sizes in bytes of their packed weights and buffers.
  struct Memory {
    std::vector<Group> groups;
    std::uint64_t weight_bytes = 0, working_bytes = 0;
  };
  /// Returns the memory of create() for these arguments. Errors: Unsupported.
  static Result<Memory> measure(const Graph& step, const npu::DesignSpec& spec);

  std::span<const Group> groups() const override { return groups_; }
  const Plan& plan() const override { return plan_; }
  Result<void> run(std::size_t group, std::size_t n_rows, const float* input,
                   float* output) override;

 private:
  struct Work {
    RepeatingRun run;
    npu::HostMatrix input{}, output{};
  };

  explicit NpuSteps(std::shared_ptr<XrtSession> session) : session_(std::move(session)) {}
  Result<void> load(const Graph& step, const Weights& weights, const npu::DesignSpec& spec,
                    StepOperations& operations);
  Result<Work> load_group(EncoderOperations& group, const npu::Plan& plan, const Weights& weights);

  std::shared_ptr<XrtSession> session_;
  std::size_t workspace_ = 0, input_ = 0, output_ = 0;  // numbers of the session's buffers
  std::vector<Group> groups_;
  std::vector<Work> work_;  // one for each group
  Plan plan_;
};

}  // namespace npuwhisper::npu_device
