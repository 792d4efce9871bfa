// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "emulator/lower/fifo_lowering.h"

namespace npuwhisper::emu::lowering {

using npu::TileId;
using npu::TileKind;

std::vector<int> FifoLowering::creation_order() const {
  std::vector<int> order;
  for (std::size_t begin = 0; begin < ends_.size();) {
    std::size_t end = begin + 1;
    while (end < ends_.size() && ends_[end].fifo == ends_[begin].fifo) {
      ++end;
    }
    order.push_back(static_cast<int>(begin));
    for (std::size_t i = end; i > begin + 1; --i) {
      order.push_back(static_cast<int>(i - 1));
    }
    begin = end;
  }
  std::vector<std::size_t> slots;
  std::vector<int> memory_ends;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (kind(ends_[static_cast<std::size_t>(order[i])].tile) == TileKind::Mem) {
      slots.push_back(i);
      memory_ends.push_back(order[i]);
    }
  }
  const auto bytes = [&](int end) {
    const End& e = ends_[static_cast<std::size_t>(end)];
    return byte_size(*e.type, fifo_of(e).line);
  };
  std::stable_sort(memory_ends.begin(), memory_ends.end(),
                   [&](int a, int b) { return bytes(a) > bytes(b); });
  for (std::size_t i = 0; i < slots.size(); ++i) {
    order[slots[i]] = memory_ends[i];
  }
  return order;
}

int FifoLowering::member(const FifoLink& link, bool in, std::size_t position) const {
  const int fifo = in ? link.ins[position] : link.outs[position];
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i].fifo == fifo && ends_[i].link >= 0) {
      return static_cast<int>(i);
    }
  }
  refuse_op(*link.op, "ObjectFifoLinkOp must have a link point");
}

int FifoLowering::owner(int index) const {
  const End& end = ends_[static_cast<std::size_t>(index)];
  if (end.link < 0) {
    return index;
  }
  const FifoLink& link = links_[static_cast<std::size_t>(end.link)];
  const int in = member(link, true, 0);
  const int out = member(link, false, 0);
  if (link.is_join()) {
    return out;
  }
  if (link.is_distribute()) {
    return in;
  }
  const Fifo& out_fifo = fifos_[static_cast<std::size_t>(link.outs[0])];
  if (!out_fifo.initial.empty()) {
    return out;
  }
  const int line = link.op->line;
  const std::int64_t in_size = element_count(*ends_[static_cast<std::size_t>(in)].type, line);
  const std::int64_t out_size = element_count(*ends_[static_cast<std::size_t>(out)].type, line);
  // The DMA inserts padding while it sends the object, so padding takes no memory.
  return in_size >= out_size || !out_fifo.padding.empty() ? in : out;
}

std::int64_t FifoLowering::used_bytes(TileId tile) const {
  std::int64_t used = 0;
  for (const End& end : ends_) {
    for (const int buffer : end.buffers) {
      const BufferDraft& b = draft_.buffers[static_cast<std::size_t>(buffer)];
      used += b.tile == tile ? b.bytes : 0;
    }
  }
  return used;
}

TileId FifoLowering::spill(TileId tile, std::int64_t bytes) const {
  const std::int64_t limit = draft_.array->mem.memory_bytes;
  if (kind(tile) != TileKind::Mem || used_bytes(tile) + bytes <= limit) {
    return tile;
  }
  TileId best = tile;
  std::int64_t least = limit - bytes;
  for (const int step : {-1, 1}) {
    const TileId next{tile.column + step, tile.row};
    if (next.column >= 0 && next.column < draft_.n_columns &&
        (best == tile ? used_bytes(next) <= least : used_bytes(next) < least)) {
      best = next;
      least = used_bytes(next);
    }
  }
  return best;
}

TileId FifoLowering::home(const End& end) const {
  const Fifo& fifo = fifo_of(end);
  if (end.split) {
    return end.tile;
  }
  if (fifo.delegate) {
    if (!delegate_serves(fifo)) {
      refuse(fifo.line, "objectfifo has no shared memory access to delegate tile's memory module");
    }
    return *fifo.delegate;
  }
  return reaches(*draft_.array, end.peer, end.tile) ? end.tile : end.peer;
}

void FifoLowering::create_elements(int index) {
  End& end = ends_[static_cast<std::size_t>(index)];
  const Fifo& fifo = fifo_of(end);
  const bool on_stream = fifo.stream_end == 2 || fifo.stream_end == (end.produces ? 0 : 1);
  if (end.depth == 0 || on_stream || owner(index) != index) {
    return;
  }
  const TileId tile = home(end);
  std::vector<int> buffers;
  if (kind(tile) != TileKind::Shim) {
    for (int i = 0; i < end.depth; ++i) {
      BufferDraft buffer{.name = end.name + "_buff_" + std::to_string(i),
                         .tile = spill(tile, byte_size(*end.type, fifo.line)),
                         .type = end.type,
                         .bytes = byte_size(*end.type, fifo.line),
                         .line = fifo.line};
      if (end.produces && !fifo.initial.empty()) {
        buffer.initial = fifo.initial[static_cast<std::size_t>(i)];
      }
      draft_.buffer_named.emplace(buffer.name, static_cast<int>(draft_.buffers.size()));
      buffers.push_back(static_cast<int>(draft_.buffers.size()));
      end.buffers.push_back(buffers.back());
      draft_.buffers.push_back(std::move(buffer));
    }
  }
  draft_.buffer_order.insert(
      draft_.buffer_order.begin() + static_cast<std::ptrdiff_t>(draft_.generated_buffers_at),
      buffers.begin(), buffers.end());
  create_locks(end, tile);
}

int FifoLowering::repeat_of(const End& end) const {
  if (end.link >= 0) {
    for (const int out : links_[static_cast<std::size_t>(end.link)].outs) {
      if (const auto repeat = fifos_[static_cast<std::size_t>(out)].repeat) {
        return *repeat;
      }
    }
  }
  return end.produces ? fifo_of(end).repeat.value_or(1) : 1;
}

bool FifoLowering::cycles_initial_values(const End& end) const {
  const Fifo& fifo = fifo_of(end);
  return end.produces && end.link < 0 && !fifo.initial.empty() && fifo.iterations.value_or(1) > 1;
}

void FifoLowering::create_locks(End& end, TileId tile) {
  const Fifo& fifo = fifo_of(end);
  if (!fifo.synchronised || cycles_initial_values(end)) {
    return;
  }
  std::size_t pairs = 1;
  if (end.link >= 0) {
    const FifoLink& link = links_[static_cast<std::size_t>(end.link)];
    pairs = std::max(link.ins.size(), link.outs.size());
  }
  const int repeat = repeat_of(end);
  const int objects = kind(tile) == TileKind::Shim ? 0 : end.depth;
  const int full = end.produces ? static_cast<int>(fifo.initial.size()) : 0;
  std::vector<int> locks;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    for (const bool prod : {true, false}) {
      LockDraft lock{
          .name = end.name + (prod ? "_prod_lock_" : "_cons_lock_") + std::to_string(pair),
          .tile = tile,
          .initial = (prod ? objects - full : full) * repeat,
          .line = fifo.line};
      const int max = draft_.array->limits(kind(tile)).max_lock_value;
      if (lock.initial > max) {
        refuse(fifo.line, "'aie.lock' op: initial value " + std::to_string(lock.initial) +
                              " is not in 0.." + std::to_string(max));
      }
      locks.push_back(static_cast<int>(draft_.locks.size()));
      draft_.locks.push_back(std::move(lock));
    }
  }
  end.locks = locks;
}

}  // namespace npuwhisper::emu::lowering
