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

/// State that the parts of one array share. Created before the parts and destroyed after them.
struct Fabric {
  Fabric(const npu::ArrayModel& array, const npu::ArrayClock& array_clock, int columns,
         bool trace_on);
  ~Fabric();
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  /// Returns the tile at a position, which can be hidden_memory_tile. Returns null if the design's
  /// columns have no such tile.
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
  DeviceMemory* host = nullptr;  ///< Host memory; null unless an instruction stream runs.
  bool stacks_overflow = false;  ///< See RunFault::StackOverflow.
  std::string fault;             ///< Error from a function that cannot return a result.
  std::vector<std::unique_ptr<Tile>> tiles;
  /// npu1's silicon has one more column, west of the first column that the driver assigns. The
  /// extra column has no shim, but its memory tile is a neighbour of the first column's memory
  /// tile. Null on npu2.
  std::unique_ptr<Tile> hidden_memory_tile;
};

}  // namespace npuwhisper::emu
