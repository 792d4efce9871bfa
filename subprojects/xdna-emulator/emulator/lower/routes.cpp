// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/routes.h"

#include <algorithm>
#include <deque>
#include <set>

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;
using npu::TileKind;

enum Direction : std::uint8_t { North, South, East, West };

struct Link {
  TileId from{};
  Direction direction = North;
  friend auto operator<=>(const Link&, const Link&) = default;
};

TileId step(TileId tile, Direction direction) {
  switch (direction) {
    case North:
      return {tile.column, tile.row + 1};
    case South:
      return {tile.column, tile.row - 1};
    case East:
      return {tile.column + 1, tile.row};
    case West:
      break;
  }
  return {tile.column - 1, tile.row};
}

std::string describe(const Port& port) {
  constexpr const char* kNames[] = {"DMA",  "Core",    "Trace", "TileControl",
                                    "FIFO", "Cascade", "South"};
  return std::string(kNames[static_cast<std::size_t>(port.kind)]) + " : " +
         std::to_string(port.channel) + " of tile " + to_string(port.tile);
}

class Router {
 public:
  explicit Router(const DeviceDraft& draft) : draft_(draft) {}

  /// Reserves switch ports along a tree from the route's source to all its destinations.
  void route(const Route& route, int line) {
    const bool packet = route.packet_id.has_value();
    std::set<TileId> tree{route.source.tile};
    for (const Port& destination : route.destinations) {
      if (tree.contains(destination.tile)) {
        continue;
      }
      std::map<TileId, Link> came = search(tree, destination.tile, packet);
      if (!came.contains(destination.tile)) {
        refuse(line,
               "Unable to find a legal routing: no free stream switch ports for the flow "
               "from " +
                   describe(route.source) + " to " + describe(destination));
      }
      for (TileId tile = destination.tile; !tree.contains(tile);) {
        const Link link = came.at(tile);
        tree.insert(tile);
        if (packet) {
          if (shared_.insert(link).second) {
            ++taken_[link];
          }
        } else {
          ++taken_[link];
        }
        tile = link.from;
      }
    }
  }

 private:
  int ports(const Link& link) const {
    const TileId to = step(link.from, link.direction);
    if (to.column < 0 || to.column >= draft_.n_columns || to.row < 0 ||
        to.row >= draft_.array->n_rows) {
      return 0;
    }
    if (link.direction == North) {
      return 6;
    }
    if (link.direction == South) {
      return 4;
    }
    return draft_.array->kind(link.from) == TileKind::Mem ? 0 : 4;
  }

  bool free(const Link& link, bool packet) const {
    if (packet && shared_.contains(link)) {
      return true;
    }
    const auto found = taken_.find(link);
    return (found == taken_.end() ? 0 : found->second) < ports(link);
  }

  std::map<TileId, Link> search(const std::set<TileId>& from, TileId to, bool packet) const {
    std::map<TileId, Link> came;
    std::deque<TileId> queue(from.begin(), from.end());
    while (!queue.empty() && !came.contains(to)) {
      const TileId tile = queue.front();
      queue.pop_front();
      for (const Direction direction : {North, South, East, West}) {
        const Link link{tile, direction};
        const TileId next = step(tile, direction);
        if (free(link, packet) && !from.contains(next) && came.emplace(next, link).second) {
          queue.push_back(next);
        }
      }
    }
    return came;
  }

  const DeviceDraft& draft_;
  std::map<Link, int> taken_{};
  std::set<Link> shared_{};  ///< Links of packet flows, which may share them.
};

}  // namespace

std::vector<Route> route_flows(const DeviceDraft& draft) {
  std::vector<Route> routes;
  std::vector<int> lines;
  for (const FlowDraft& flow : draft.flows) {
    auto found = std::find_if(routes.begin(), routes.end(), [&](const Route& route) {
      return route.source == flow.source && route.packet_id == flow.packet_id;
    });
    if (found == routes.end()) {
      routes.push_back({flow.source, {}, flow.packet_id, flow.keep_packet_header});
      lines.push_back(flow.line);
      found = routes.end() - 1;
    }
    Route& route = *found;
    for (const Port& destination : flow.destinations) {
      if (std::find(route.destinations.begin(), route.destinations.end(), destination) ==
          route.destinations.end()) {
        route.destinations.push_back(destination);
      }
    }
    route.keep_packet_header = route.keep_packet_header || flow.keep_packet_header;
  }
  for (std::size_t i = 0; i < routes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (routes[i].source == routes[j].source &&
          routes[i].packet_id.has_value() != routes[j].packet_id.has_value()) {
        refuse(lines[i],
               "port " + describe(routes[i].source) + " is the source of a circuit and of packets");
      }
      for (const Port& destination : routes[i].destinations) {
        // A port can be the destination of one circuit or of several packet routes.
        if ((!routes[i].packet_id || !routes[j].packet_id) &&
            std::count(routes[j].destinations.begin(), routes[j].destinations.end(), destination) !=
                0) {
          refuse(lines[i], "port " + describe(destination) + " is the destination of two flows");
        }
      }
    }
  }
  Router router(draft);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].source.kind != PortKind::Cascade) {
      router.route(routes[i], lines[i]);
    }
  }
  return routes;
}

}  // namespace npuwhisper::emu::lowering
