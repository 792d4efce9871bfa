// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "aie_api/emulation.h"
#include "array/array_model.h"

namespace npuwhisper::emu {

struct Fabric;
class Tile;

/// The memory that one core reaches: its own tile's, and that of the core tiles south, west and
/// north of it (AM020; a memory tile is no core's neighbour).
class CoreMemory {
 public:
  CoreMemory(npu::TileId tile, const Fabric& fabric);

  bool reaches(npu::TileId tile) const;

  /// `bytes` bytes at a memory reference (see pack_address()) plus `offset`. Errors: DeviceError.
  Result<std::byte*> at(std::int64_t reference, std::int64_t offset, std::size_t bytes) const;

  /// What is wrong with a kernel's access to a host address; empty if nothing is.
  std::string refusal(const void* address, std::size_t bytes, bool is_write) const;

  /// Own memory, and one neighbour's (empty where there is none).
  NpuWhisperCoreState::Window own_window() const;
  NpuWhisperCoreState::Window neighbour_window() const;

 private:
  const Fabric& fabric_;
  std::vector<Tile*> tiles_;  ///< Own tile first.
};

}  // namespace npuwhisper::emu
