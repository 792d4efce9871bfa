// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <utility>

#include "array/array_model.h"
#include "emulator/array/scheduler.h"

namespace npuwhisper::emu {

/// Names a DMA channel of an array.
struct ChannelId {
  npu::TileId tile;
  bool mm2s = false;
  int channel = 0;
  friend bool operator==(const ChannelId&, const ChannelId&) = default;
  friend auto operator<=>(const ChannelId&, const ChannelId&) = default;
};

/// Task-complete tokens that have reached the controller and that no instruction has taken yet.
class TokenBox {
 public:
  explicit TokenBox(Scheduler& scheduler) : scheduler_(scheduler) {}

  void add(ChannelId channel) {
    ++tokens_[channel];
    if (Actor* waiter = std::exchange(waiter_, nullptr)) scheduler_.schedule(*waiter, 0);
  }

  /// Takes one token of the channel and returns true. If the channel has no token, returns false
  /// and schedules `waiter` when a token of any channel arrives.
  bool take(ChannelId channel, Actor& waiter) {
    auto found = tokens_.find(channel);
    if (found == tokens_.end() || found->second == 0) {
      waiter_ = &waiter;
      return false;
    }
    --found->second;
    return true;
  }

 private:
  Scheduler& scheduler_;
  std::map<ChannelId, int> tokens_;
  Actor* waiter_ = nullptr;
};

}  // namespace npuwhisper::emu
