// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/tile.h"

#include <sys/mman.h>

#include <new>

#include "emulator/array/fabric.h"

namespace npuwhisper::emu {
namespace {

/// Size of the inaccessible range of host addresses before a tile's memory. Another inaccessible
/// range follows the tile's memory. An index past the end of one tile's memory therefore cannot
/// reach the memory of another tile. The size is a multiple of the page size, so that the tile's
/// memory is aligned for any vector. Kernels check the alignment of host addresses.
constexpr std::size_t kGuardBytes = std::size_t{4} << 20;
constexpr std::size_t kReservedBytes = 2 * kGuardBytes;

std::byte* allocate(std::size_t n_bytes) {
  if (n_bytes == 0) return nullptr;
  void* reserved =
      mmap(nullptr, kReservedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) throw std::bad_alloc();
  std::byte* memory = static_cast<std::byte*>(reserved) + kGuardBytes;
  if (mprotect(memory, n_bytes, PROT_READ | PROT_WRITE) != 0) {
    munmap(reserved, kReservedBytes);
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

void Tile::Free::operator()(std::byte* memory) const {
  munmap(memory - kGuardBytes, kReservedBytes);
}

Tile::Tile(npu::TileId id, Fabric& fabric)
    : id_(id),
      kind_(fabric.model.kind(id)),
      limits_(fabric.model.limits(kind_)),
      n_bytes_(static_cast<std::size_t>(limits_.memory_bytes)),
      memory_(allocate(n_bytes_)),
      locks_(id, limits_, fabric.scheduler),
      descriptors_(id, kind_, fabric.model) {
  for (int i = 0; i < limits_.n_s2mm_channels; ++i) {
    channels_.push_back(std::make_unique<ChannelProcessor>(ChannelId{id, false, i}, *this, fabric));
  }
  for (int i = 0; i < limits_.n_mm2s_channels; ++i) {
    channels_.push_back(std::make_unique<ChannelProcessor>(ChannelId{id, true, i}, *this, fabric));
  }
}

ChannelProcessor* Tile::channel(bool mm2s, int channel) {
  const int n = mm2s ? limits_.n_mm2s_channels : limits_.n_s2mm_channels;
  if (channel < 0 || channel >= n) return nullptr;
  const int first = mm2s ? limits_.n_s2mm_channels : 0;
  return channels_[static_cast<std::size_t>(first + channel)].get();
}

}  // namespace npuwhisper::emu
