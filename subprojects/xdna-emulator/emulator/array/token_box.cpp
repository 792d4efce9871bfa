// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/token_box.h"

#include <algorithm>
#include <utility>

#include "emulator/array/names.h"

namespace npuwhisper::emu {
namespace {

/// Host port of a shim that leads to the controller. mlir-aie routes all tokens to this port.
constexpr int kControllerPort = 0;

bool takes(const Route& route, npu::TileId tile, int controller_id) {
  return route.source.tile == tile && route.packet_id.value_or(controller_id) == controller_id;
}

std::string plural(std::size_t n, const std::string& word) {
  return n == 1 ? word : word + "s";
}

}  // namespace

bool TokenBox::is_route(const Route& route) {
  return route.source.kind == PortKind::Control && route.destinations.size() == 1 &&
         route.destinations[0].kind == PortKind::South;
}

bool TokenBox::arrives(const Token& token) const {
  return std::any_of(routes_.begin(), routes_.end(), [&](const Route& route) {
    return takes(route, token.channel.tile, token.controller_id) &&
           route.destinations[0].channel == kControllerPort;
  });
}

void TokenBox::issue(ChannelId channel, int controller_id) {
  const Token token{channel, controller_id};
  if (held_.contains(channel.tile) || !arrives(token)) {
    held_[channel.tile].push_back(token);
    return;
  }
  ++arrived_[channel];
  if (Actor* waiter = std::exchange(waiter_, nullptr)) scheduler_.schedule(*waiter, 0);
}

bool TokenBox::take(ChannelId channel, Actor& waiter) {
  const auto found = arrived_.find(channel);
  if (found == arrived_.end() || found->second == 0) {
    waiter_ = &waiter;
    return false;
  }
  --found->second;
  return true;
}

std::string TokenBox::why_held(ChannelId channel) const {
  const auto held = held_.find(channel.tile);
  if (held == held_.end()) return {};
  const std::vector<Token>& tokens = held->second;
  const auto own = std::find_if(tokens.begin(), tokens.end(),
                                [&](const Token& token) { return token.channel == channel; });
  if (own == tokens.end()) return {};
  const std::string first = why_no_route(tokens.front());
  if (own == tokens.begin()) return "its token never arrives: " + first;
  const ChannelId blocking = tokens.front().channel;
  return "its token waits behind a token of " +
         name_of(blocking.tile, blocking.mm2s, blocking.channel) + " that never arrives: " + first;
}

std::string TokenBox::why_no_route(const Token& token) const {
  const npu::TileId tile = token.channel.tile;
  std::string ids;
  std::size_t n_ids = 0;
  for (const Route& route : routes_) {
    if (route.source.tile != tile) continue;
    if (takes(route, tile, token.controller_id)) {
      return "its route ends at " + name_of(route.destinations[0]) +
             ", and only host port 0 leads to the controller";
    }
    ids += (n_ids++ == 0 ? "" : ", ") + std::to_string(*route.packet_id);
  }
  if (n_ids == 0) {
    return name_of(tile) + " has no route for tokens (a packet flow with id " +
           std::to_string(token.controller_id) +
           " from its port TileControl : 0 to port South : 0 of a shim)";
  }
  return "it has controller id " + std::to_string(token.controller_id) +
         (token.controller_id == 0 ? " (the id of a channel to which no id was written)" : "") +
         ", and the routes for tokens of " + name_of(tile) + " take " + plural(n_ids, "id") + ' ' +
         ids;
}

}  // namespace npuwhisper::emu
