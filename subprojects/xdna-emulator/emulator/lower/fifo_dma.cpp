// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <set>

#include "emulator/lower/fifo_lowering.h"

namespace npuwhisper::emu::lowering {

using npu::TileId;
using npu::TileKind;

bool FifoLowering::spilled(const End& end, int index) const {
  const End& own = ends_[static_cast<std::size_t>(owner(index))];
  return std::any_of(own.buffers.begin(), own.buffers.end(), [&](int buffer) {
    return draft_.buffers[static_cast<std::size_t>(buffer)].tile != end.tile;
  });
}

void FifoLowering::assign_channels() {
  std::set<std::tuple<TileId, bool, int>> used;
  for (const auto& [tile, dma] : draft_.dmas) {
    for (const ChannelDraft& channel : dma.channels) {
      used.emplace(tile, channel.mm2s, channel.channel);
    }
  }
  for (const ShimAllocation& allocation : draft_.allocations) {
    used.emplace(allocation.tile, allocation.mm2s, allocation.channel);
  }
  const auto n_channels = [&](const End& end) {
    const npu::TileLimits& limits = draft_.array->limits(kind(end.tile));
    return end.produces ? limits.n_mm2s_channels : limits.n_s2mm_channels;
  };
  for (End& end : ends_) {
    if (!end.split || end.pinned_channel < 0) {
      continue;
    }
    if (uses_stream_port(end)) {
      refuse(fifo_of(end).line,
             "cannot pin a DMA channel on an objectfifo that also uses aie_stream");
    }
    if (end.pinned_channel >= n_channels(end) ||
        !used.emplace(end.tile, end.produces, end.pinned_channel).second) {
      refuse(fifo_of(end).line, std::string("pinned ") + (end.produces ? "MM2S" : "S2MM") +
                                    " DMA channel " + std::to_string(end.pinned_channel) +
                                    " is out of range or already in use on this tile");
    }
    end.channel = end.pinned_channel;
  }
  // Only channels 0 to 3 of a memory tile reach its neighbours. Ends that need a neighbour's memory
  // therefore choose their channels first.
  for (const bool neighbours : {true, false}) {
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      End& end = ends_[i];
      if (!end.split || end.channel >= 0 || uses_stream_port(end) ||
          spilled(end, static_cast<int>(i)) != neighbours) {
        continue;
      }
      const int limit = neighbours ? std::min(4, n_channels(end)) : n_channels(end);
      for (int channel = 0; channel < limit && end.channel < 0; ++channel) {
        if (used.emplace(end.tile, end.produces, channel).second) {
          end.channel = channel;
        }
      }
      if (end.channel < 0) {
        refuse(fifo_of(end).line, "'aie.tile' op: number of " +
                                      std::string(end.produces ? "output" : "input") +
                                      " DMA channel exceeded! Tile " + to_string(end.tile) +
                                      " has " + std::to_string(limit));
      }
    }
  }
}

std::int64_t FifoLowering::piece_length(const std::vector<std::int64_t>& offsets, std::size_t i,
                                        std::int64_t whole) const {
  return (i + 1 < offsets.size() ? offsets[i + 1] : whole) - offsets[i];
}

std::vector<FifoLowering::Piece> FifoLowering::pieces(const End& end, int index) const {
  const std::int64_t own = element_count(*end.type, fifo_of(end).line);
  if (end.link < 0) {
    return {{0, own, 0}};
  }
  const FifoLink& link = links_[static_cast<std::size_t>(end.link)];
  const End& target = ends_[static_cast<std::size_t>(owner(index))];
  const std::int64_t whole = element_count(*target.type, fifo_of(end).line);
  if (!link.is_join() && !link.is_distribute()) {
    // In a memory tile, the side with the smaller objects transfers objects of the larger size. If
    // padding alone makes the output larger, each side transfers its own size.
    return {{0, kind(end.tile) == TileKind::Mem ? std::max(own, whole) : own, 0}};
  }
  const std::vector<std::int64_t>& offsets = link.is_join() ? link.in_offsets : link.out_offsets;
  const std::vector<int>& parts = link.is_join() ? link.ins : link.outs;
  std::vector<Piece> result;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (&target == &end || parts[i] == end.fifo) {
      result.push_back({offsets[i], piece_length(offsets, i, whole), i});
    }
  }
  return result;
}

void FifoLowering::program(int index) {
  End& end = ends_[static_cast<std::size_t>(index)];
  const End& target = ends_[static_cast<std::size_t>(owner(index))];
  const Fifo& fifo = fifo_of(end);
  if (kind(end.tile) == TileKind::Shim || target.buffers.empty()) {
    return;  // Runtime sequences program the host's side.
  }
  const bool memory_tile = kind(end.tile) == TileKind::Mem;
  const std::vector<Piece> parts = pieces(end, index);
  const bool chain = memory_tile && fifo.iterations.has_value();
  const int repeat = end.produces ? fifo.repeat.value_or(1) : 1;
  // A single descriptor needs no copies: the channel's repeat count repeats it.
  const bool channel_repeats =
      repeat > 1 && target.buffers.size() == 1 && parts.size() == 1 && !chain;
  const int copies = channel_repeats ? 1 : repeat;
  int objects = 1;
  if (end.link >= 0) {
    const FifoLink& link = links_[static_cast<std::size_t>(end.link)];
    if (link.ins[0] == end.fifo || (!memory_tile && &target == &end)) {
      objects = repeat_of(end);
    }
  }

  DmaDraft& dma = draft_.dmas[end.tile];
  dma.tile = end.tile;
  const int first = static_cast<int>(dma.blocks.size());
  for (const int buffer : target.buffers) {
    for (int copy = 0; copy < copies; ++copy) {
      for (const Piece& piece : parts) {
        const BufferDraft& memory = draft_.buffers[static_cast<std::size_t>(buffer)];
        BlockDraft block{.buffer = buffer,
                         .element_bytes = element_bits(*memory.type, fifo.line) / 8,
                         .n_elements = element_count(*memory.type, fifo.line),
                         .offset = piece.offset,
                         .length = piece.length,
                         .dims = end.dims,
                         .next = static_cast<int>(dma.blocks.size()) + 1,
                         .line = fifo.line};
        if (end.produces && memory_tile) {
          block.padding = fifo.padding;
        }
        if (!target.locks.empty() && !cycles_initial_values(end)) {
          const int free = target.locks[2 * piece.lock_pair];
          const int full = target.locks[2 * piece.lock_pair + 1];
          block.acquire = LockUse{end.produces ? full : free, LockAction::AcquireAtLeast, objects};
          block.release = LockUse{end.produces ? free : full, LockAction::Release, objects};
        }
        dma.blocks.push_back(std::move(block));
      }
    }
  }
  dma.blocks.back().next = chain ? -1 : first;
  ChannelDraft channel{
      .mm2s = end.produces, .channel = end.channel, .first = first, .line = fifo.line};
  channel.repeat = chain ? *fifo.iterations - 1 : channel_repeats ? repeat - 1 : 0;
  if (end.produces && memory_tile) {
    channel.pad_value = fifo.pad_value;
  }
  dma.channels.push_back(channel);
}

Port FifoLowering::port(const End& end) const {
  if (uses_stream_port(end)) {
    return {end.tile, PortKind::Core, fifo_of(end).stream_port};
  }
  return {end.tile, PortKind::Dma, end.channel};
}

void FifoLowering::connect(int fifo) {
  Port source;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const End& end = ends_[i];
    if (end.fifo != fifo || !end.split) {
      continue;
    }
    if (!uses_stream_port(end)) {
      program(static_cast<int>(i));
      if (kind(end.tile) == TileKind::Shim) {
        ShimAllocation allocation;
        allocation.symbol = fifo_of(end).name;
        allocation.tile = end.tile;
        allocation.mm2s = end.produces;
        allocation.channel = end.channel;
        draft_.allocations.push_back(std::move(allocation));
      }
    }
    if (end.produces) {
      source = port(end);
    } else {
      draft_.flows.push_back({source, {port(end)}, std::nullopt, false, fifo_of(end).line});
    }
  }
}

}  // namespace npuwhisper::emu::lowering
