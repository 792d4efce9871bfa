// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>

#include "device/device.h"
#include "device/xrt/encoder_operations.h"
#include "device/xrt/xrt_session.h"

namespace npuwhisper::xdna {

/// A graph over windows on the NPU: one submission and two buffer syncs a window. The caller's
/// buffers are host memory, the input in f32, the output in what the CPU's graphs take (bf16 or
/// f32). One window at a time. A window that fails, or that is not done within
/// NPUWHISPER_NPU_TIMEOUT_MS, is repeated once in a new context, with a warning in the log; if it
/// fails again, that is the caller's error, and the next window begins in a new context.
class NpuExecutable final : public Executable {
 public:
  /// Plans, packs the weights in the order of the stream, and loads the array. `session` becomes
  /// this executable's. Errors: Unsupported, CorruptModel, NotFound (image), DeviceError.
  static Result<std::unique_ptr<Executable>> create(const Graph& graph, const Weights& weights,
                                                    DataType output_type,
                                                    const std::filesystem::path& image,
                                                    std::unique_ptr<XrtSession> session);

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

  NpuExecutable(Graph graph, EncoderOperations encoder, DataType output_type,
                std::unique_ptr<XrtSession> session);
  Result<void> load(const std::filesystem::path& image, const Weights& weights,
                    const npu::DesignSpec& spec);
  void describe(const npu::Plan& plan);
  Result<void> finish(std::chrono::milliseconds timeout);

  Graph graph_;
  EncoderOperations encoder_;
  std::unique_ptr<XrtSession> session_;
  Plan plan_;
  WindowRun run_{*this};
  DataType output_type_;
  std::chrono::milliseconds longest_run_{};
  Result<void> started_;           // of the window in progress
  std::span<std::byte> output_{};  // of the window in progress
};

}  // namespace npuwhisper::xdna
