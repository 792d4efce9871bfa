// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "device/cpu/step_executable.h"
#include "device/cpu/thread_pool.h"
#include "device/cpu/window_executable.h"
#include "device/cpu/workspace.h"
#include "device/device.h"
#include "device/registry.h"

namespace npuwhisper::cpu {

/// The CPU: graphs over windows run through oneDNN, decoder steps through kernels of our own, all on one small pool.
/// Executables of one device must not run at the same time, nor while another one is prepared: they share the pool and
/// working memory.
class CpuDevice : public Device {
 public:
  /// Errors: InvalidArgument (NPUWHISPER_MAX_ISA), Unsupported (precision=bf16 on a CPU without it).
  static Result<std::unique_ptr<Device>> open(const DeviceOptions& options);

  const DeviceInfo& info() const override { return info_; }
  /// In what graphs over windows take what others made, and give their outputs: Bf16 or F32.
  DataType feature_type() const { return window_types_.compute; }
  /// Of a stream's cross-attention buffer: I8 or F32.
  DataType cross_cache_type() const { return window_types_.cross_cache; }
  /// For work beside the executables: while none of them runs.
  ThreadPool& pool() { return pool_; }
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights, int batch) override;
  /// A decoder step of which another device runs a part.
  Result<std::unique_ptr<Executable>> prepare_step(const Graph& graph, const Weights& weights, int batch,
                                                   std::unique_ptr<StepOffload> offload);

 private:
  CpuDevice(unsigned n_threads, const WindowTypes& window_types, const StepTypes& step_types, DeviceInfo info);

  ThreadPool pool_;
  Workspace workspace_;
  WindowTypes window_types_;
  StepTypes step_types_;
  DeviceInfo info_;
};

}  // namespace npuwhisper::cpu
