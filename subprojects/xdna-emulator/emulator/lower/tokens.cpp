// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/tokens.h"

#include <algorithm>
#include <array>
#include <set>

namespace npuwhisper::emu::lowering {
namespace {

/// Controller ids by row, in all columns (mlir-aie, AIETargetModel::getTileToControllerIdMap).
constexpr std::array<int, 6> kControllerIds{15, 26, 27, 29, 30, 31};

bool has_flow(const DeviceDraft& draft, const FlowDraft& wanted) {
  return std::any_of(draft.flows.begin(), draft.flows.end(), [&](const FlowDraft& flow) {
    return flow.source == wanted.source && flow.packet_id == wanted.packet_id &&
           std::find(flow.destinations.begin(), flow.destinations.end(), wanted.destinations[0]) !=
               flow.destinations.end();
  });
}

}  // namespace

void add_token_routes(DeviceDraft& draft) {
  std::set<npu::TileId> tiles;
  for (const auto& [value, tile] : draft.tiles) {
    tiles.insert(tile);
  }
  for (const npu::TileId tile : tiles) {
    const int of_row = kControllerIds.at(static_cast<std::size_t>(tile.row));
    const int id = draft.controller_ids.emplace(tile, of_row).first->second;
    if (draft.array->kind(tile) != npu::TileKind::Shim) {
      continue;
    }
    FlowDraft flow{.source = {tile, PortKind::Control, 0},
                   .destinations = {{tile, PortKind::South, 0}},
                   .packet_id = id,
                   .keep_packet_header = true,
                   .line = draft.op->line};
    if (!has_flow(draft, flow)) {
      draft.flows.push_back(std::move(flow));
    }
  }
}

}  // namespace npuwhisper::emu::lowering
