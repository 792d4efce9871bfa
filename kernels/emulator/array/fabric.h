// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "array/array_model.h"
#include "array/clock_constants.h"
#include "emulator/array/cycles.h"
#include "emulator/array/host_bandwidth.h"
#include "emulator/array/scheduler.h"
#include "emulator/array/stream.h"
#include "emulator/array/token_box.h"
#include "emulator/array/trace.h"
#include "emulator/npu.h"

namespace npuwhisper::emu {

class Tile;

/// What the parts of one array share. Made before them and gone after them.
struct Fabric {
  Fabric(const npu::ArrayModel& array, int columns, bool trace_on);
  ~Fabric();
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  /// The tile, or none where the design's columns end.
  Tile* tile(npu::TileId id) const;

  const npu::ArrayModel& model;
  const npu::ArrayClock& clock;
  const int n_columns;
  Scheduler scheduler;
  HostBandwidth bandwidth;
  StreamNetwork streams;
  TokenBox tokens;
  Trace trace;
  Counters counters;
  DeviceMemory* host = nullptr;  ///< While a stream is executed.
  std::string fault;             ///< What went wrong where no result could be returned.
  std::vector<std::unique_ptr<Tile>> tiles;
  /// npu1's silicon has one more column, west of the first that the driver gives out: without a
  /// shim, but its memory tile is the first one's neighbour. None on npu2.
  std::unique_ptr<Tile> hidden_memory_tile;
};

}  // namespace npuwhisper::emu
