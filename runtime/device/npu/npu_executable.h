// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "device/cpu/cpu_device.h"
#include "device/device.h"
#include "device/npu/cross_cache_store.h"
#include "device/npu/encoder_operations.h"
#include "device/npu/repeating_run.h"
#include "device/npu/xrt_session.h"

namespace npuwhisper::npu_device {

/// Runs a graph over windows on the NPU, with one submission and three buffer syncs per window. The
/// caller's buffers are host memory. The input is f32. The output has the feature type of the CPU's
/// graphs (bf16 or f32), or is the CPU's cross-attention buffer. Runs one window at a time. A
/// window that fails or does not end within NPUWHISPER_NPU_TIMEOUT_MS is repeated once in a new
/// context, with a warning in the log. If the window fails again, the caller receives the error,
/// and the next window begins in a new context.
class NpuExecutable final : public Executable {
 public:
  /// Plans the run and packs the weights in the order in which the instruction stream reads them.
  /// `type`: the type of the products' weights (use_int8_weights()). `host`: the device that uses
  /// the output. `host` must outlive the executable. Errors: Unsupported, CorruptModel,
  /// DeviceError, InvalidArgument (NPUWHISPER_NPU_TIMEOUT_MS).
  static Result<std::unique_ptr<Executable>> create(const Graph& graph, const Weights& weights,
                                                    npu::WeightType type,
                                                    const npu::DesignSpec& spec,
                                                    cpu::CpuDevice& host,
                                                    std::shared_ptr<XrtSession> session);

  /// Returns the memory that an executable of create() takes. The arguments are those of create().
  /// Errors: Unsupported.
  static Result<GraphMemory> measure(const Graph& graph, npu::WeightType type,
                                     const npu::DesignSpec& spec, cpu::CpuDevice& host);

  const Plan& plan() const override { return plan_; }
  Result<Run*> start(const Bindings& bindings) override;
  Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows) override;

 private:
  class WindowRun final : public Run {
   public:
    explicit WindowRun(NpuExecutable& executable) : executable_(executable) {}
    Result<void> wait() override { return executable_.finish(); }

   private:
    NpuExecutable& executable_;
  };

  NpuExecutable(Graph graph, EncoderOperations encoder, cpu::CpuDevice& host,
                std::shared_ptr<XrtSession> session);
  Result<void> load(const Weights& weights, const npu::DesignSpec& spec);
  void describe(const npu::Plan& plan);
  /// Returns the size in bytes of the buffer that allocate() returns for tensor `id`.
  std::size_t buffer_bytes(TensorId id) const;
  Result<void> finish();

  Graph graph_;
  EncoderOperations encoder_;
  std::shared_ptr<XrtSession> session_;
  std::array<std::size_t, kNArguments> buffers_{};  // numbers of the session's buffers
  std::optional<RepeatingRun> work_;
  Plan plan_;
  WindowRun run_{*this};
  DataType output_type_;
  std::optional<CrossCacheStore> store_;  // set if the graph fills a cache instead of an output
  std::span<std::byte> output_{};         // output of the current window
};

}  // namespace npuwhisper::npu_device
