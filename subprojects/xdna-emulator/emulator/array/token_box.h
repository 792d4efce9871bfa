// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "array/array_model.h"
#include "emulator/array/scheduler.h"
#include "emulator/design.h"

namespace npuwhisper::emu {

/// Names a DMA channel of an array.
struct ChannelId {
  npu::TileId tile;
  bool mm2s = false;
  int channel = 0;
  friend bool operator==(const ChannelId&, const ChannelId&) = default;
  friend auto operator<=>(const ChannelId&, const ChannelId&) = default;
};

/// Carries task-complete tokens from the DMA channels to the controller, and holds the tokens that
/// no instruction has taken yet. A token is a packet that leaves a tile through the tile's control
/// port. Its packet id is the controller id in the control register of the channel. The token
/// reaches the controller only if a route takes packets with this id from the control port to host
/// port 0 of a shim. Otherwise the token stays in the control port, and all later tokens of the
/// tile wait behind it. Sources: mlir-aie (AIEGenerateColumnControlOverlay, AIEDmaToNpu) and AM020
/// (task-complete tokens). The time that tokens travel is not modelled. Reentrant.
class TokenBox {
 public:
  explicit TokenBox(Scheduler& scheduler) : scheduler_(scheduler) {}

  /// Returns whether a route carries tokens: it begins at a control port and ends at a host port.
  static bool is_route(const Route& route);
  void add_route(const Route& route) { routes_.push_back(route); }

  /// Sends a token of a channel whose control register has this controller id.
  void issue(ChannelId channel, int controller_id);

  /// Takes one token of the channel and returns true. If no token of the channel has arrived,
  /// returns false and schedules `waiter` when a token of any channel arrives.
  bool take(ChannelId channel, Actor& waiter);

  /// Returns a sentence that explains why a token that the channel issued has not arrived. Returns
  /// an empty text if all tokens of the channel have arrived.
  std::string why_held(ChannelId channel) const;

 private:
  struct Token {
    ChannelId channel;
    int controller_id = 0;
  };
  bool arrives(const Token& token) const;
  std::string why_no_route(const Token& token) const;

  Scheduler& scheduler_;
  std::vector<Route> routes_;
  std::map<ChannelId, int> arrived_;
  /// Tokens that cannot reach the controller, in the order in which their tile issued them. No
  /// route takes a tile's first token to the controller. This token blocks the tile's other tokens.
  std::map<npu::TileId, std::vector<Token>> held_;
  Actor* waiter_ = nullptr;
};

}  // namespace npuwhisper::emu
