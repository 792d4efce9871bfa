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

/// The memory that one core can access: the memory of its own tile and of the core tiles to its
/// south, west and north (AMD's manual AM020). A core cannot access the memory of a memory tile.
class CoreMemory {
 public:
  CoreMemory(npu::TileId tile, const Fabric& fabric);

  bool reaches(npu::TileId tile) const;

  /// Returns a pointer for an access of `bytes` bytes. The access begins `offset` bytes after a
  /// memory reference (see pack_address()). Errors: DeviceError (outside the memory that the core
  /// can access).
  Result<std::byte*> at(std::int64_t reference, std::int64_t offset, std::size_t bytes) const;

  /// Returns the reason why a kernel's access to a host address is illegal, or an empty string if
  /// the access is legal.
  std::string refusal(const void* address, std::size_t bytes, bool is_write) const;

  /// Returns the host addresses of the core's own memory.
  NpuWhisperCoreState::Window own_window() const;
  /// Returns the host addresses of the first neighbour's memory (south, west or north, in that
  /// order); empty if there is no neighbour.
  NpuWhisperCoreState::Window neighbour_window() const;

 private:
  const Fabric& fabric_;
  std::vector<Tile*> tiles_;  ///< Tiles whose memory the core can access, beginning with its own.
};

}  // namespace npuwhisper::emu
