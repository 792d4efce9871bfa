// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include <npuwhisper/device_info.h>
#include <npuwhisper/device_stats.h>
#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "device/graph.h"
#include "device/plan.h"
#include "device/window_positions.h"
#include "model/weights.h"

namespace npuwhisper {

/// Memory that a device computes on. host() is what the host reads and writes; its content reaches the device with
/// sync_to_device() and comes back with sync_from_device() (on the CPU both do nothing). Reentrant.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual std::span<std::byte> host() = 0;
  virtual Result<void> sync_to_device() = 0;
  virtual Result<void> sync_from_device() = 0;
};

/// One row (token) of a decoder step. What it points to stays the caller's and must live until the run is waited for.
struct StepRow {
  Token token = 0;
  int position = 0;
  int cell = 0;                      ///< Where its key and value go in self_cache.
  std::span<const int> cells;        ///< What it attends to, in order, its own cell included.
  Buffer* self_cache = nullptr;
  Buffer* cross_cache = nullptr;     ///< Rows of one stream stand together.
  WindowPositions positions = {};    ///< With which cross_cache was computed.
  float* logits = nullptr;           ///< [n_vocab]; nullptr: not wanted.
  /// Receives what the captured heads of all layers, in the graph's order, attend to: [keys] each, 0 for positions that
  /// are not dense; attention_stride floats from head to head. nullptr: not wanted.
  float* attention = nullptr;
  std::size_t attention_stride = 0;
};

/// What one run reads and writes. For graphs over windows: `items` holds, for each batch item, the graph's inputs and
/// outputs in order, of which the rows of `positions` (as positions_for() gives them) are computed and lie one behind the
/// other. For a decoder step: `rows`.
struct Bindings {
  std::span<const std::span<Buffer* const>> items;
  std::span<const StepRow> rows;
  WindowPositions positions = {};
};

/// One execution in flight. Belongs to its Executable.
class Run {
 public:
  virtual ~Run() = default;
  /// Errors: Timeout, DeviceError.
  virtual Result<void> wait(std::chrono::milliseconds timeout) = 0;
};

/// A graph prepared on a device: planned, weights packed, buffers allocated. Reentrant; one run at a time.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const Plan& plan() const = 0;
  /// The fewest positions that a run over windows can compute where all from `n_dense` on are padding.
  virtual WindowPositions positions_for([[maybe_unused]] int n_dense) const { return {}; }
  /// Starts a run on at most the batch that was prepared. Allocates nothing, plans nothing.
  virtual Result<Run*> start(const Bindings& bindings) = 0;
  /// A buffer for the graph's tensor `id` (one batch item), in the layout that this device wants.
  /// For inputs that are caches, \`rows\` says how many cells or keys; 0: as many as the graph says.
  virtual Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows = 0) = 0;
};

class WindowMel;

/// Something that runs graphs. Thread-safe.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;
  /// What its executables did. A device that computes in the host's memory has nothing to count.
  virtual DeviceStats stats() const { return {}; }
  /// Whether the projections of the decoder's cross-attention had better be part of the encoder's graph: where that saves
  /// a submission, and the features' way to the host and back.
  virtual bool joins_cross_attention() const { return false; }
  /// Plans, packs and allocates for up to `batch` items (windows, or rows of a step). `weights` must outlive the
  /// executable, which may read more of them. Errors: Unsupported, CorruptModel, Unavailable (memory).
  virtual Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights, int batch) = 0;
  /// Log-mel of windows of `n_frames` frames; nullptr where this device leaves it to the front end on the CPU. Errors:
  /// as prepare().
  virtual Result<std::unique_ptr<WindowMel>> prepare_mel(int n_mels, int n_frames);
};

}  // namespace npuwhisper
