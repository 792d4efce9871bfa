// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/dma_window.h"

#include <string>

#include "emulator/array/fabric.h"
#include "emulator/array/names.h"
#include "emulator/array/tile.h"

namespace npuwhisper::emu {
namespace {

constexpr int kNeighbourChannels = 4;

/// Returns the memory tile at place 0 (west), 1 (own) or 2 (east) of a memory tile's window.
Result<Tile*> tile_in_window(std::uint64_t place, const ChannelId& channel, const Fabric& fabric,
                             const std::string& what) {
  const int step = static_cast<int>(place) - 1;
  Tile* tile = place > 2 ? nullptr : fabric.tile({channel.tile.column + step, channel.tile.row});
  if (!tile) {
    return fail(ErrorCode::DeviceError,
                what + (place > 2 ? " lies beyond the window of a memory tile (three tiles)"
                                  : " lies in a neighbouring tile that does not exist"));
  }
  if (step != 0 && channel.channel >= kNeighbourChannels) {
    return fail(ErrorCode::DeviceError, what + " lies in neighbour " + name_of(tile->id()) +
                                            ": only channels 0 to " +
                                            std::to_string(kNeighbourChannels - 1) + " reach it");
  }
  return tile;
}

struct LockPlace {
  Tile* tile = nullptr;
  int lock = 0;
};

Result<LockPlace> resolve_lock(std::uint32_t lock, const ChannelId& channel, const Fabric& fabric) {
  Tile* own = fabric.tile(channel.tile);
  LockPlace place{own, static_cast<int>(lock)};
  if (own->kind() == npu::TileKind::Mem) {
    const auto n_locks = static_cast<std::uint32_t>(own->limits().n_locks);
    auto tile = tile_in_window(lock / n_locks, channel, fabric, "lock " + std::to_string(lock));
    if (!tile) return fail(tile.error());
    place = {*tile, static_cast<int>(lock % n_locks)};
  }
  auto checked = place.tile->locks().check(place.lock);
  if (!checked) return fail(checked.error());
  return place;
}

}  // namespace

Result<DmaWindow> resolve(const npu::BufferDescriptor& descriptor, std::uint64_t extent_words,
                          const ChannelId& channel, const Fabric& fabric) {
  DmaWindow window;
  Tile* own = fabric.tile(channel.tile);
  const std::uint64_t iteration =
      std::uint64_t{descriptor.iteration_current} * descriptor.iteration_step;
  window.address = descriptor.address + iteration * 4;
  window.bytes = extent_words * 4;
  if (own->kind() != npu::TileKind::Shim) {
    const auto size = static_cast<std::uint64_t>(own->limits().memory_bytes);
    window.memory_tile = own;
    if (own->kind() == npu::TileKind::Mem) {
      auto tile = tile_in_window(window.address / size, channel, fabric,
                                 "address " + hexadecimal(window.address));
      if (!tile) return fail(tile.error());
      window.memory_tile = *tile;
      window.address %= size;
    }
    if (window.address + window.bytes > size) {
      return fail(ErrorCode::DeviceError, "bytes " + hexadecimal(window.address) + " to " +
                                              hexadecimal(window.address + window.bytes) + " of " +
                                              name_of(window.memory_tile->id()) +
                                              " are outside its memory of " + hexadecimal(size) +
                                              " bytes");
    }
  }
  if (descriptor.acquire_enable) {
    auto place = resolve_lock(descriptor.acquire_lock, channel, fabric);
    if (!place) return fail(place.error());
    window.acquire_tile = place->tile;
    window.acquire_lock = place->lock;
  }
  if (descriptor.release_value != 0) {
    auto place = resolve_lock(descriptor.release_lock, channel, fabric);
    if (!place) return fail(place.error());
    window.release_tile = place->tile;
    window.release_lock = place->lock;
  }
  return window;
}

}  // namespace npuwhisper::emu
