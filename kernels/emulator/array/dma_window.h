// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include <npuwhisper/result.h>

#include "array/buffer_descriptor.h"
#include "emulator/array/token_box.h"

namespace npuwhisper::emu {

struct Fabric;
class Tile;

/// What a descriptor's addresses and lock numbers mean for the channel that executes it. A memory
/// tile's channels see three tiles: west, own, east, one after the other (AM027, memory tile DMA;
/// channels 0 to 3 only). A shim's address is the host's.
struct DmaWindow {
  Tile* memory_tile = nullptr;   ///< None: host memory.
  std::uint64_t address = 0;     ///< Bytes, in that tile or in host memory; iteration included.
  std::uint64_t bytes = 0;       ///< That the transfer spans from there on.
  Tile* acquire_tile = nullptr;  ///< None: no lock to acquire.
  int acquire_lock = 0;
  Tile* release_tile = nullptr;
  int release_lock = 0;
};

/// Errors: DeviceError (memory or a lock that the channel does not reach).
Result<DmaWindow> resolve(const npu::BufferDescriptor& descriptor, std::uint64_t extent_words,
                          const ChannelId& channel, const Fabric& fabric);

}  // namespace npuwhisper::emu
