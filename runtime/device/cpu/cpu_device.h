// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <span>

#include "device/cpu/step_executable.h"
#include "device/cpu/window_executable.h"
#include "device/cpu/workspace.h"
#include "device/device.h"
#include "device/registry.h"
#include "simd/thread_pool.h"

namespace npuwhisper::cpu {

/// The CPU as a device. Graphs over windows use oneDNN and the kernels of this project. Decoder
/// steps use only the kernels of this project. All executables of a device share one thread pool.
/// The executables of graphs over windows also share their working memory. Only one executable may
/// therefore run at a time, and no executable may run while another is prepared.
class CpuDevice : public Device {
 public:
  /// Opens the CPU. Errors: InvalidArgument (an invalid NPUWHISPER_MAX_ISA), Unsupported (precision
  /// bf16 on a CPU without bf16 instructions), Unavailable (memory or threads).
  static Result<std::unique_ptr<Device>> open(const DeviceOptions& options);

  const DeviceInfo& info() const override { return info_; }
  /// Returns the type of features, Bf16 or F32. Features are the output of a graph over windows,
  /// and another graph over windows may read them as input.
  DataType feature_type() const { return window_types_.compute; }
  /// Returns the type of a stream's cross-attention buffer: I8 or F32.
  DataType cross_cache_type() const { return window_types_.cross_cache; }
  /// Returns the thread pool. The caller may use it only while no executable runs.
  ThreadPool& pool() { return pool_; }
  Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                              int batch) override;
  Result<GraphMemory> measure(const Graph& graph, const WeightsIndex& weights, int batch) override;
  /// Prepares a decoder step. `offload`: the operations that another device runs; nullptr: none.
  /// Errors: those of prepare().
  Result<std::unique_ptr<Executable>> prepare_step(const Graph& graph, const Weights& weights,
                                                   int batch, std::unique_ptr<StepOffload> offload);
  /// Returns the memory that prepare_step() takes on this device. `groups`: the operations that
  /// another device runs.
  GraphMemory measure_step(const Graph& graph, const WeightsIndex& weights, int batch,
                           std::span<const StepOffload::Group> groups);

 private:
  CpuDevice(unsigned n_threads, const WindowTypes& window_types, const StepTypes& step_types,
            DeviceInfo info);

  ThreadPool pool_;
  Workspace workspace_;
  WindowTypes window_types_;
  StepTypes step_types_;
  DeviceInfo info_;
};

}  // namespace npuwhisper::cpu
