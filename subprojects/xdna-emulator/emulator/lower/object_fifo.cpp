// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/object_fifo.h"

#include <algorithm>

#include "emulator/lower/fifo_lowering.h"
#include "emulator/lower/walk.h"

namespace npuwhisper::emu::lowering {

using npu::TileId;
using npu::TileKind;

void FifoLowering::run() {
  check_accesses();
  for (std::size_t i = 0; i < fifos_.size(); ++i) {
    split(static_cast<int>(i));
  }
  for (const int end : creation_order()) {
    create_elements(end);
  }
  assign_channels();
  for (std::size_t i = 0; i < fifos_.size(); ++i) {
    connect(static_cast<int>(i));
  }
  for (const End& end : ends_) {
    offer_to_core(end);
  }
}

const FifoLink* FifoLowering::link_of(int fifo, int* index) const {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const FifoLink& link = links_[i];
    if (std::count(link.ins.begin(), link.ins.end(), fifo) != 0 ||
        std::count(link.outs.begin(), link.outs.end(), fifo) != 0) {
      if (index != nullptr) {
        *index = static_cast<int>(i);
      }
      return &link;
    }
  }
  return nullptr;
}

bool FifoLowering::delegate_serves(const Fifo& fifo) const {
  return fifo.delegate && reaches(*draft_.array, fifo.producer, *fifo.delegate) &&
         reaches(*draft_.array, fifo.consumers[0].tile, *fifo.delegate);
}

bool FifoLowering::needs_dma(int index) const {
  const Fifo& fifo = fifos_[static_cast<std::size_t>(index)];
  if (fifo.via_dma || fifo.repeat || fifo.stream_end >= 0 || fifo.consumer_type != fifo.type ||
      fifo.consumers.size() != 1 || !fifo.dims.empty() || !fifo.consumers[0].dims.empty() ||
      !share_memory(fifo.producer, fifo.consumers[0].tile)) {
    return true;
  }
  const FifoLink* link = link_of(index);
  return link != nullptr && (link->is_join() || link->is_distribute() || !delegate_serves(fifo));
}

int FifoLowering::depth_from_acquires(const Fifo& fifo, TileId tile) const {
  const CoreDraft* core = draft_.find_core(tile);
  std::int64_t most = 0;
  if (core != nullptr && fifo.depth > 0) {
    walk(*core->op, [&](const mlir::Operation& op) {
      if (op.name == "aie.objectfifo.acquire" && text(op, "objFifo_name") == fifo.name) {
        most = std::max(most, integer(op, "size", 1, 4096));
      }
    });
  }
  if (most == 0 || (most == 1 && fifo.depth == 1)) {
    return fifo.depth;
  }
  return static_cast<int>(most) + 1;
}

void FifoLowering::split(int index) {
  const Fifo& fifo = fifos_[static_cast<std::size_t>(index)];
  int link = -1;
  const FifoLink* linked = link_of(index, &link);
  End producer{.fifo = index,
               .name = fifo.name,
               .tile = fifo.producer,
               .peer = fifo.consumers[0].tile,
               .depth = fifo.depth,
               .type = fifo.type,
               .dims = fifo.dims,
               .pinned_channel = fifo.pinned_channel};
  if (!needs_dma(index)) {
    producer.link = link;
    ends_.push_back(producer);
    return;
  }
  producer.split = true;
  if (!fifo.depth_list && fifo.initial.empty()) {
    producer.depth = depth_from_acquires(fifo, fifo.producer);
  }
  if (linked != nullptr && std::count(linked->outs.begin(), linked->outs.end(), index) != 0) {
    producer.link = link;
  }
  ends_.push_back(producer);
  for (std::size_t c = 0; c < fifo.consumers.size(); ++c) {
    const FifoConsumer& consumer = fifo.consumers[c];
    End end{.fifo = index,
            .produces = false,
            .split = true,
            .name = fifo.consumers.size() > 1 ? fifo.name + "_" + std::to_string(c) + "_cons"
                                              : fifo.name + "_cons",
            .tile = consumer.tile,
            .depth = consumer.depth.value_or(0),
            .type = fifo.consumer_type,
            .dims = consumer.dims,
            .pinned_channel = consumer.pinned_channel};
    if (!consumer.depth) {
      end.depth = depth_from_acquires(fifo, consumer.tile);
    }
    if (linked != nullptr && consumer.tile == linked->tile &&
        std::count(linked->ins.begin(), linked->ins.end(), index) != 0) {
      end.link = link;
    }
    ends_.push_back(end);
  }
}

void FifoLowering::check_accesses() const {
  for (const CoreDraft& core : draft_.cores) {
    walk(*core.op, [&](const mlir::Operation& op) {
      if (op.name != "aie.objectfifo.acquire" && op.name != "aie.objectfifo.release") {
        return;
      }
      know_attributes(op, {"objFifo_name", "port", "size"});
      const std::string name = text(op, "objFifo_name");
      const auto found = std::find_if(fifos_.begin(), fifos_.end(),
                                      [&](const Fifo& fifo) { return fifo.name == name; });
      if (found == fifos_.end()) {
        refuse_op(op, "cannot retrieve associated object FIFO '@" + name + "'");
      }
      const bool produces = choice(op, "port", {"Produce", "Consume"}) == 0;
      const auto& consumers = found->consumers;
      const bool here =
          produces ? found->producer == core.tile
                   : std::any_of(consumers.begin(), consumers.end(),
                                 [&](const FifoConsumer& c) { return c.tile == core.tile; });
      if (!here) {
        refuse_op(op, produces ? "producer port of objectFifo accessed by core running on "
                                 "non-producer tile"
                               : "consumer port of objectFifo accessed by core running on "
                                 "non-consumer tile");
      }
      const FifoLink* link = link_of(static_cast<int>(found - fifos_.begin()));
      if (link != nullptr && link->tile == core.tile) {
        refuse_op(op, "currently cannot access objectFifo used in ObjectFifoLinkOp");
      }
      if (found->stream_end == 2 || found->stream_end == (produces ? 0 : 1)) {
        refuse_op(op, "cannot acquire from or release to objectfifo stream port");
      }
    });
  }
}

void FifoLowering::offer(const End& end, TileId tile, bool produces) {
  const Fifo& fifo = fifo_of(end);
  const int index = static_cast<int>(&end - ends_.data());
  const End& target = ends_[static_cast<std::size_t>(owner(index))];
  FifoEnd offered{.buffers = target.buffers, .type = end.type};
  if (!target.locks.empty()) {
    offered.acquire_lock = target.locks[produces ? 0 : 1];
    offered.release_lock = target.locks[produces ? 1 : 0];
  }
  offered.locks_per_object = produces ? fifo.repeat.value_or(1) : 1;
  draft_.fifo_ends[{tile, fifo.name, produces}] = std::move(offered);
}

void FifoLowering::offer_to_core(const End& end) {
  if (kind(end.tile) != TileKind::Core) {
    return;
  }
  offer(end, end.tile, end.produces);
  if (!end.split) {
    offer(end, end.peer, false);
  }
}

bool FifoLowering::uses_stream_port(const End& end) const {
  const int stream = fifo_of(end).stream_end;
  return stream == 2 || (stream >= 0 && stream == (end.produces ? 0 : 1));
}

bool FifoLowering::share_memory(TileId a, TileId b) const {
  return reaches(*draft_.array, a, b) || reaches(*draft_.array, b, a);
}

void lower_object_fifos(DeviceDraft& draft) {
  FifoLowering(draft).run();
}

}  // namespace npuwhisper::emu::lowering
