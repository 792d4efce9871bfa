// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include <npuwhisper/result.h>

#include "array/buffer_descriptor.h"
#include "emulator/array/token_box.h"

namespace npuwhisper::emu {

struct Fabric;
class Tile;

/// The memory and the locks to which a descriptor's addresses and lock numbers resolve. The result
/// depends on the channel that executes the descriptor. The channels of a memory tile address three
/// memory tiles, in the order west, own, east. Only channels 0 to 3 reach the neighbours (AMD's
/// manual AM027, memory tile DMA). A shim's address is a host address.
struct DmaWindow {
  Tile* memory_tile = nullptr;  ///< Tile that holds the memory; null for host memory.
  /// Byte address in the tile's or the host's memory, including the iteration's offset.
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;       ///< Bytes that the transfer spans, beginning at `address`.
  Tile* acquire_tile = nullptr;  ///< Tile of the lock to acquire; null if there is none.
  int acquire_lock = 0;
  Tile* release_tile = nullptr;
  int release_lock = 0;
};

/// Resolves a descriptor's addresses and locks. `extent_words` is the number of words that the
/// transfer spans (see AddressWalk::extent()). Errors: DeviceError (memory or a lock that the
/// channel does not reach).
Result<DmaWindow> resolve(const npu::BufferDescriptor& descriptor, std::uint64_t extent_words,
                          const ChannelId& channel, const Fabric& fabric);

}  // namespace npuwhisper::emu
