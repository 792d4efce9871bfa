// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <npuwhisper/device_info.h>
#include <npuwhisper/device_stats.h>
#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "device/graph.h"
#include "device/graph_memory.h"
#include "device/plan.h"
#include "device/window_positions.h"
#include "model/weights.h"
#include "simd/data_type.h"

namespace npuwhisper {

/// Memory on which a device computes. The host reads and writes the memory through host().
/// sync_to_device() transfers the content to the device, and sync_from_device() transfers the
/// content back to the host. On the CPU, these functions do nothing. Reentrant.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual std::span<std::byte> host() = 0;
  virtual Result<void> sync_to_device() = 0;
  virtual Result<void> sync_from_device() = 0;
};

/// One row (token) of a decoder step. The caller owns all memory that the row points to and must
/// keep it valid until Run::wait() returns.
struct StepRow {
  Token token = 0;
  int position = 0;
  int cell = 0;                ///< Cell of self_cache that receives the row's key and value.
  std::span<const int> cells;  ///< Cells that the row attends to, in order, including `cell`.
  Buffer* self_cache = nullptr;
  Buffer* cross_cache = nullptr;   ///< Rows with the same buffer must be adjacent.
  WindowPositions positions = {};  ///< Positions for which cross_cache was computed.
  float* logits = nullptr;         ///< Receives the row's logits [n_vocab]; nullptr: not wanted.
  /// Receives the attention weights of the captured heads of all layers, in the graph's order. Each
  /// head has one weight for each position of the window. The weight is 0 for positions that are
  /// not dense. Heads begin attention_stride floats apart. nullptr: not wanted.
  float* attention = nullptr;
  std::size_t attention_stride = 0;
};

/// The data that one run reads and writes. Graphs over windows use `items` and `positions`. For
/// each batch item, `items` holds the graph's inputs and outputs in order. `positions` must be a
/// result of Executable::positions_for(). The run computes only the rows of these positions and
/// stores them contiguously. A decoder step uses `rows`.
struct Bindings {
  std::span<const std::span<Buffer* const>> items;
  std::span<const StepRow> rows;
  WindowPositions positions = {};
};

/// One execution in flight. Owned by its Executable.
class Run {
 public:
  virtual ~Run() = default;
  /// Waits until the run has ended or the device's timeout has passed. Errors: Timeout,
  /// DeviceError.
  virtual Result<void> wait() = 0;
};

/// A graph prepared on a device: its operations are planned, its weights are packed, and its
/// buffers are allocated. Reentrant; one run at a time.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const Plan& plan() const = 0;
  /// Returns the smallest set of positions that a run over windows can compute if all positions
  /// from `n_dense` on are padding.
  virtual WindowPositions positions_for([[maybe_unused]] int n_dense) const { return {}; }
  /// Starts a run. The number of items must not exceed the `batch` of Device::prepare(). Plans
  /// nothing, and allocates no memory except in libraries such as oneDNN. The executable owns the
  /// returned run.
  virtual Result<Run*> start(const Bindings& bindings) = 0;
  /// Allocates a buffer for the graph's tensor `id` (one batch item), in this device's layout. For
  /// inputs that are caches, `rows` is the number of cells or keys; 0: the graph's number.
  virtual Result<std::unique_ptr<Buffer>> allocate(TensorId id, int rows = 0) = 0;
};

class WindowMel;

/// A device that runs graphs. Thread-safe.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;
  /// Returns the counters of this device's executables. A device that computes in the host's memory
  /// counts nothing.
  virtual DeviceStats stats() const { return {}; }
  /// Returns whether the projections of the decoder's cross-attention should be part of the
  /// encoder's graph. On some devices, a joined graph saves a submission and the transfer of the
  /// features to the host and back.
  virtual bool joins_cross_attention() const { return false; }
  /// Prepares a graph for up to `batch` items (windows, or rows of a step): plans it, packs weights
  /// and allocates buffers. `weights` must outlive the executable, because a run may read further
  /// weights from it. Errors: Unsupported, CorruptModel, Unavailable (memory), DeviceError,
  /// InvalidArgument (NPUWHISPER_NPU_TIMEOUT_MS).
  virtual Result<std::unique_ptr<Executable>> prepare(const Graph& graph, const Weights& weights,
                                                      int batch) = 0;
  /// Returns the memory that prepare() would take for `graph`, and the sizes of the executable's
  /// buffers. Reads no weights: `weights` has only names, types and dimensions. Errors:
  /// Unsupported, Unavailable (memory).
  virtual Result<GraphMemory> measure(const Graph& graph, const WeightsIndex& weights,
                                      int batch) = 0;
  /// Prepares the log-mel of windows of `n_frames` frames. Returns nullptr if this device leaves
  /// log-mel to MelFrontend on the CPU. Errors: those of prepare(), and NotFound (no NPU, or no
  /// array configuration).
  virtual Result<std::unique_ptr<WindowMel>> prepare_mel(int n_mels, int n_frames);
};

}  // namespace npuwhisper
