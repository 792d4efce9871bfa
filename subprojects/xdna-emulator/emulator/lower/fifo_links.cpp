// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <set>

#include "emulator/lower/fifo_model.h"

namespace npuwhisper::emu::lowering {
namespace {

using mlir::Operation;
using npu::TileId;
using npu::TileKind;

/// Returns the tile where all input FIFOs end and all output FIFOs begin. Throws Refusal if there
/// is no such tile.
TileId shared_tile(const std::vector<Fifo>& fifos, const FifoLink& link) {
  const auto fifo = [&](int index) -> const Fifo& {
    return fifos[static_cast<std::size_t>(index)];
  };
  const TileId tile = fifo(link.outs[0]).producer;
  bool shared = true;
  for (const int out : link.outs) {
    shared = shared && fifo(out).producer == tile;
  }
  for (const int in : link.ins) {
    const auto& consumers = fifo(in).consumers;
    shared = shared && std::any_of(consumers.begin(), consumers.end(),
                                   [&](const FifoConsumer& c) { return c.tile == tile; });
  }
  if (!shared) {
    refuse_op(*link.op,
              "ObjectFifoLinkOp must have a link point, i.e., a shared tile between "
              "objectFifos");
  }
  return tile;
}

/// Sets the offsets that older texts omit. Each piece follows the previous piece without a gap.
void set_implicit_offsets(const std::vector<Fifo>& fifos, FifoLink& link) {
  const std::vector<int>& parts = link.is_join() ? link.ins : link.outs;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < parts.size() && (link.is_join() || link.is_distribute()); ++i) {
    (link.is_join() ? link.in_offsets : link.out_offsets).push_back(offset);
    offset += element_count(*fifos[static_cast<std::size_t>(parts[i])].type, link.op->line);
  }
}

/// Checks that the offsets increase and lie inside the whole object, so that no piece is empty.
void check_offsets(const Operation& op, const std::vector<std::int64_t>& offsets,
                   std::int64_t whole) {
  std::int64_t last = -1;
  for (const std::int64_t offset : offsets) {
    if (offset <= last || offset >= whole) {
      refuse_op(op, "offset " + std::to_string(offset) +
                        " must be larger than the one before it and smaller than the object (" +
                        std::to_string(whole) + ")");
    }
    last = offset;
  }
}

void check_link(const DeviceDraft& draft, const std::vector<Fifo>& fifos, const FifoLink& link) {
  const Operation& op = *link.op;
  const TileKind kind = draft.array->kind(link.tile);
  if ((link.is_join() || link.is_distribute()) && kind != TileKind::Mem) {
    refuse_op(op,
              "ObjectFifoLinkOp join and distribute are unavailable on compute or "
              "shim tiles");
  }
  if (kind == TileKind::Shim) {
    refuse_unmodelled(op.line, "a link on a shim tile");
  }
  const auto fifo = [&](int index) -> const Fifo& {
    return fifos[static_cast<std::size_t>(index)];
  };
  if (link.is_join()) {
    if (link.ins.size() != link.in_offsets.size()) {
      refuse_op(op,
                "number of provided src offsets must be equal to the number of input "
                "objectFifos");
    }
    if (!link.out_offsets.empty()) {
      refuse_op(op, "dst offsets should be empty for join");
    }
    check_offsets(op, link.in_offsets, element_count(*fifo(link.outs[0]).type, op.line));
  } else if (link.is_distribute()) {
    if (link.outs.size() != link.out_offsets.size()) {
      refuse_op(op,
                "number of provided dst offsets must be equal to the number of output "
                "objectFifos");
    }
    if (!link.in_offsets.empty()) {
      refuse_op(op, "src offsets should be empty for distribute");
    }
    check_offsets(op, link.out_offsets, element_count(*fifo(link.ins[0]).consumer_type, op.line));
    for (const int out : link.outs) {
      if (fifo(out).repeat != fifo(link.outs[0]).repeat) {
        refuse_op(op, "repeat counts of output object FIFOs must be equal");
      }
    }
  } else if (!link.in_offsets.empty() && !link.out_offsets.empty()) {
    refuse_op(op, "all offsets should be empty if there is no join or distribute");
  }
}

FifoLink read_link(const DeviceDraft& draft, const std::vector<Fifo>& fifos, const Operation& op,
                   std::set<int>& linked) {
  know_attributes(op, {"fifoIns", "fifoOuts", "src_offsets", "dst_offsets"});
  FifoLink link{.op = &op};
  for (const std::string& name : symbols(op, "fifoIns")) {
    link.ins.push_back(find_fifo(fifos, name, op));
  }
  for (const std::string& name : symbols(op, "fifoOuts")) {
    link.outs.push_back(find_fifo(fifos, name, op));
  }
  if (link.ins.empty() || link.outs.empty()) {
    refuse_op(op, "expects objectFifos on both sides");
  }
  for (const auto* side : {&link.ins, &link.outs}) {
    for (const int fifo : *side) {
      if (!linked.insert(fifo).second) {
        refuse_op(op, "objectfifo cannot be in more than one ObjectFifoLinkOp");
      }
    }
  }
  link.in_offsets = integers(op, "src_offsets");
  link.out_offsets = integers(op, "dst_offsets");
  if (link.in_offsets.empty() && link.out_offsets.empty()) {
    set_implicit_offsets(fifos, link);
  }
  if (link.is_join() && link.is_distribute()) {
    refuse_op(op,
              "ObjectFifoLinkOp does not support 'join' and 'distribute' at the same "
              "time");
  }
  link.tile = shared_tile(fifos, link);
  check_link(draft, fifos, link);
  return link;
}

}  // namespace

std::vector<FifoLink> read_links(const DeviceDraft& draft, const std::vector<Fifo>& fifos) {
  std::vector<FifoLink> links;
  std::set<int> linked;
  for (const mlir::Region& region : draft.op->regions) {
    for (const mlir::Block* block : region.blocks) {
      for (const Operation* op : block->operations) {
        if (op->name == "aie.objectfifo.link") {
          links.push_back(read_link(draft, fifos, *op, linked));
        }
      }
    }
  }
  return links;
}

}  // namespace npuwhisper::emu::lowering
