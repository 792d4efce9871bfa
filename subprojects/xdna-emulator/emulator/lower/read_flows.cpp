// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/read_flows.h"

#include <limits>

namespace npuwhisper::emu::lowering {
namespace {

using mlir::Block;
using mlir::Operation;
using npu::TileId;
using npu::TileKind;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();

Port port(const DeviceDraft& draft, const Operation& op, std::size_t operand,
          std::string_view bundle, std::string_view channel, bool source) {
  static constexpr PortKind kUnknown = PortKind::Fifo;
  Port port{draft.tile_of(op, operand), kUnknown,
            static_cast<int>(integer(op, channel, 0, kMaxInt))};
  // The words have the order of mlir-aie's enumeration WireBundle.
  const int kind = choice(op, bundle,
                          {"Core", "DMA", "FIFO", "South", "West", "North", "East", "PLIO", "NOC",
                           "Trace", "TileControl", "Ctrl", "Control"});
  const npu::TileLimits& limits = draft.array->limits(draft.array->kind(port.tile));
  const bool shim = draft.array->kind(port.tile) == TileKind::Shim;
  int n_channels = 1;
  switch (kind) {
    case 0:
      port.kind = PortKind::Core;
      n_channels = draft.array->kind(port.tile) == TileKind::Core ? 1 : 0;
      break;
    case 1:
      port.kind = PortKind::Dma;
      n_channels = source ? limits.n_mm2s_channels : limits.n_s2mm_channels;
      break;
    case 3:
      if (!shim || source) {
        refuse_unmodelled(op.line,
                          "a flow from or to the South port of tile " + to_string(port.tile));
      }
      port.kind = PortKind::South;
      n_channels = 6;
      break;
    case 9:
      port.kind = PortKind::Trace;
      n_channels = source ? (draft.array->kind(port.tile) == TileKind::Core ? 2 : 1) : 0;
      break;
    case 10:
    case 11:  // Ctrl and Control are older names of TileControl.
    case 12:
      port.kind = PortKind::Control;
      break;
    default:
      refuse_unmodelled(op.line, "a flow's port of kind '" + text(op, bundle) + "'");
  }
  if (port.channel >= n_channels) {
    refuse_op(op, "tile " + to_string(port.tile) + " has " + std::to_string(n_channels) + " " +
                      text(op, bundle) + (source ? " output" : " input") + " channels, channel " +
                      std::to_string(port.channel) + " is none");
  }
  return port;
}

}  // namespace

void read_flow(DeviceDraft& draft, const Operation& op) {
  know_attributes(op, {"source_bundle", "source_channel", "dest_bundle", "dest_channel"});
  FlowDraft flow{.source = port(draft, op, 0, "source_bundle", "source_channel", true),
                 .destinations = {port(draft, op, 1, "dest_bundle", "dest_channel", false)},
                 .line = op.line};
  draft.flows.push_back(std::move(flow));
}

void read_packet_flow(DeviceDraft& draft, const Operation& op) {
  know_attributes(op, {"ID", "keep_pkt_header", "priority_route"});
  const int id = static_cast<int>(integer(op, "ID", 0, 31));
  std::vector<Port> sources;
  std::vector<Port> destinations;
  for (const mlir::Region& region : op.regions) {
    for (const Block* block : region.blocks) {
      for (const Operation* inner : block->operations) {
        if (inner->name == "aie.packet_source") {
          know_attributes(*inner, {"bundle", "channel"});
          sources.push_back(port(draft, *inner, 0, "bundle", "channel", true));
        } else if (inner->name == "aie.packet_dest") {
          know_attributes(*inner, {"bundle", "channel"});
          destinations.push_back(port(draft, *inner, 0, "bundle", "channel", false));
        } else if (inner->name != "aie.end") {
          refuse_op(*inner, "cannot be contained in a packet_flow op");
        }
      }
    }
  }
  if (sources.empty() || destinations.empty()) {
    refuse_op(op, "must have at least one aie.packet_source and one aie.packet_dest");
  }
  const bool keep = flag(op, "keep_pkt_header");
  for (const Port& source : sources) {
    draft.flows.push_back({source, destinations, id, keep, op.line});
  }
}

void read_cascade(DeviceDraft& draft, const Operation& op) {
  know_attributes(op, {});
  const TileId source = draft.tile_of(op, 0);
  const TileId destination = draft.tile_of(op, 1);
  for (const TileId tile : {source, destination}) {
    if (draft.array->kind(tile) == TileKind::Shim) {
      refuse_op(op, "shimTile row has no cascade stream interface");
    }
    if (draft.array->kind(tile) == TileKind::Mem) {
      refuse_op(op, "memTile row has no cascade stream interface");
    }
  }
  const bool east = destination.column == source.column + 1 && destination.row == source.row;
  const bool south = destination.column == source.column && destination.row == source.row - 1;
  if (!east && !south) {
    const int distance =
        std::abs(destination.column - source.column) + std::abs(destination.row - source.row);
    refuse_op(op, distance == 1 ? "output direction of cascade must be South or East"
                                : "tiles must be adjacent");
  }
  draft.flows.push_back({{source, PortKind::Cascade, 0},
                         {{destination, PortKind::Cascade, 0}},
                         std::nullopt,
                         false,
                         op.line});
}

}  // namespace npuwhisper::emu::lowering
