// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "array/array_model.h"
#include "emulator/array/channel_processor.h"
#include "emulator/array/descriptor_bank.h"
#include "emulator/array/lock_bank.h"

namespace npuwhisper::emu {

class CoreProcessor;
struct Fabric;

/// One tile: memory, locks, descriptors and DMA channels. The memory of a new tile is zero, because
/// the driver clears the columns of a new context.
class Tile {
 public:
  Tile(npu::TileId id, Fabric& fabric);

  npu::TileId id() const { return id_; }
  npu::TileKind kind() const { return kind_; }
  const npu::TileLimits& limits() const { return limits_; }
  std::span<std::byte> memory() { return {memory_.get(), n_bytes_}; }
  LockBank& locks() { return locks_; }
  const LockBank& locks() const { return locks_; }
  DescriptorBank& descriptors() { return descriptors_; }
  /// Returns the core that runs a program on this tile; null if no core does.
  CoreProcessor* core() { return core_; }
  void set_core(CoreProcessor* core) { core_ = core; }

  /// Returns a DMA channel; null if the tile has no such channel.
  ChannelProcessor* channel(bool mm2s, int channel);
  const std::vector<std::unique_ptr<ChannelProcessor>>& channels() const { return channels_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  npu::TileId id_;
  npu::TileKind kind_;
  const npu::TileLimits& limits_;
  std::size_t n_bytes_;
  std::unique_ptr<std::byte[], Free> memory_;
  LockBank locks_;
  DescriptorBank descriptors_;
  CoreProcessor* core_ = nullptr;
  std::vector<std::unique_ptr<ChannelProcessor>> channels_;  ///< S2MM channels, then MM2S channels.
};

}  // namespace npuwhisper::emu
