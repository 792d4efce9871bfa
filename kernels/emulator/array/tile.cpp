// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/tile.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "emulator/array/fabric.h"

namespace npuwhisper::emu {
namespace {

/// Kernels check the alignment of host addresses; so a tile's memory begins where any alignment
/// holds.
constexpr std::size_t kAlignment = 4096;

std::byte* allocate(std::size_t n_bytes) {
  if (n_bytes == 0) return nullptr;
  void* memory = std::aligned_alloc(kAlignment, (n_bytes + kAlignment - 1) & ~(kAlignment - 1));
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, n_bytes);
  return static_cast<std::byte*>(memory);
}

}  // namespace

void Tile::Free::operator()(std::byte* memory) const {
  std::free(memory);
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
