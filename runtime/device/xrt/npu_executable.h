// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "device/cpu/cpu_device.h"
#include "device/device.h"
#include "device/xrt/cross_cache_store.h"
#include "device/xrt/encoder_operations.h"
#include "device/xrt/repeating_run.h"
#include "device/xrt/xrt_session.h"

namespace npuwhisper::xdna {

/// A graph over windows on the NPU: one submission and two buffer syncs a window. The caller's
/// buffers are host memory, the input in f32, the output in what the CPU's graphs take (bf16 or
/// f32), or the CPU's cross-attention buffer. One window at a time. A window that fails, or that is
/// not done within NPUWHISPER_NPU_TIMEOUT_MS, is repeated once in a new context, with a warning in
/// the log; if it fails again, that is the caller's error, and the next window begins in a new
/// context.
class NpuExecutable final : public Executable {
 public:
  /// Plans, and packs the weights in the order of the stream. `host` is who takes the output; it
  /// must outlive the executable. Errors: Unsupported, CorruptModel, DeviceError.
  static Result<std::unique_ptr<Executable>> create(const Graph& graph, const Weights& weights,
                                                    const npu::DesignSpec& spec,
                                                    cpu::CpuDevice& host,
                                                    std::shared_ptr<XrtSession> session);

  const Plan& plan() const override { return plan_; }
  Result<Run*> start(const Bindings& bindings) override;
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows) override;

 private:
  class WindowRun final : public Run {
   public:
    explicit WindowRun(NpuExecutable& executable) : executable_(executable) {}
    Result<void> wait(std::chrono::milliseconds timeout) override {
      return executable_.finish(timeout);
    }

   private:
    NpuExecutable& executable_;
  };

  NpuExecutable(Graph graph, EncoderOperations encoder, cpu::CpuDevice& host,
                std::shared_ptr<XrtSession> session);
  Result<void> load(const Weights& weights, const npu::DesignSpec& spec);
  void describe(const npu::Plan& plan);
  Result<void> finish(std::chrono::milliseconds timeout);

  Graph graph_;
  EncoderOperations encoder_;
  std::shared_ptr<XrtSession> session_;
  std::array<std::size_t, kNArguments> buffers_{};  // the session's, by argument
  std::optional<RepeatingRun> work_;
  Plan plan_;
  WindowRun run_{*this};
  DataType output_type_;
  std::optional<CrossCacheStore> store_;  // instead of an output
  std::span<std::byte> output_{};         // of the window in progress
};

}  // namespace npuwhisper::xdna
