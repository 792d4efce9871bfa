// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/object_fifo.h"

#include <algorithm>
#include <set>

#include "emulator/lower/fifo_model.h"
#include "emulator/lower/walk.h"

namespace npuwhisper::emu::lowering {
namespace {

using npu::TileId;
using npu::TileKind;

/// One side of a FIFO, with a tile's buffers; a FIFO in shared memory has one for both sides.
struct End {
  int fifo = 0;
  bool produces = true;
  bool split = false;  ///< Has a DMA and another side.
  std::string name{};
  TileId tile{};
  TileId peer{};  ///< Of an end in shared memory: the consumer.
  int depth = 0;
  const mlir::Type* type = nullptr;
  std::vector<BlockDim> dims{};
  int pinned_channel = -1;
  int link = -1;
  int channel = -1;
  std::vector<int> buffers{};
  std::vector<int> locks{};  ///< Pairs: free objects, full objects.
};

class FifoLowering {
 public:
  explicit FifoLowering(DevicePlan& plan)
      : plan_(plan), fifos_(read_fifos(plan)), links_(read_links(plan, fifos_)) {}

  void run() {
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

 private:
  const Fifo& fifo_of(const End& end) const { return fifos_[static_cast<std::size_t>(end.fifo)]; }
  TileKind kind(TileId tile) const { return plan_.array->kind(tile); }

  // Which FIFOs need a DMA.

  bool share_memory(TileId a, TileId b) const {
    return reaches(*plan_.array, a, b) || reaches(*plan_.array, b, a);
  }

  const FifoLink* link_of(int fifo, int* index = nullptr) const {
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

  bool delegate_serves(const Fifo& fifo) const {
    return fifo.delegate && reaches(*plan_.array, fifo.producer, *fifo.delegate) &&
           reaches(*plan_.array, fifo.consumers[0].tile, *fifo.delegate);
  }

  bool needs_dma(int index) const {
    const Fifo& fifo = fifos_[static_cast<std::size_t>(index)];
    if (fifo.via_dma || fifo.repeat || fifo.stream_end >= 0 || fifo.consumer_type != fifo.type ||
        fifo.consumers.size() != 1 || !fifo.dims.empty() || !fifo.consumers[0].dims.empty() ||
        !share_memory(fifo.producer, fifo.consumers[0].tile)) {
      return true;
    }
    const FifoLink* link = link_of(index);
    return link != nullptr && (link->is_join() || link->is_distribute() || !delegate_serves(fifo));
  }

  /// The most objects that the tile's core holds at once, and one more for prefetching.
  int depth_from_acquires(const Fifo& fifo, TileId tile) const {
    const CorePlan* core = plan_.find_core(tile);
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

  void split(int index) {
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

  // Buffers and locks.

  /// The text's order, a FIFO's consumers last first; among memory tiles the largest objects
  /// first, so that they get their own tile's memory before it spills into a neighbour's.
  std::vector<int> creation_order() const {
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

  int member(const FifoLink& link, bool in, std::size_t position) const {
    const int fifo = in ? link.ins[position] : link.outs[position];
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      if (ends_[i].fifo == fifo && ends_[i].link >= 0) {
        return static_cast<int>(i);
      }
    }
    refuse_op(*link.op, "ObjectFifoLinkOp must have a link point");
  }

  /// The end of a link whose buffers all its ends use.
  int owner(int index) const {
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
    const int line = end.link >= 0 ? link.op->line : 0;
    const std::int64_t in_size = element_count(*ends_[static_cast<std::size_t>(in)].type, line);
    const std::int64_t out_size = element_count(*ends_[static_cast<std::size_t>(out)].type, line);
    // Padding is made while the object leaves, so it takes no memory.
    return in_size >= out_size || !out_fifo.padding.empty() ? in : out;
  }

  std::int64_t used_bytes(TileId tile) const {
    std::int64_t used = 0;
    for (const End& end : ends_) {
      for (const int buffer : end.buffers) {
        const BufferPlan& b = plan_.buffers[static_cast<std::size_t>(buffer)];
        used += b.tile == tile ? b.bytes : 0;
      }
    }
    return used;
  }

  /// A memory tile that is full spills into the neighbour with more room.
  TileId spill(TileId tile, std::int64_t bytes) const {
    const std::int64_t limit = plan_.array->mem.memory_bytes;
    if (kind(tile) != TileKind::Mem || used_bytes(tile) + bytes <= limit) {
      return tile;
    }
    TileId best = tile;
    std::int64_t least = limit - bytes;
    for (const int step : {-1, 1}) {
      const TileId next{tile.column + step, tile.row};
      if (next.column >= 0 && next.column < plan_.n_columns &&
          (best == tile ? used_bytes(next) <= least : used_bytes(next) < least)) {
        best = next;
        least = used_bytes(next);
      }
    }
    return best;
  }

  TileId home(const End& end) const {
    const Fifo& fifo = fifo_of(end);
    if (end.split) {
      return end.tile;
    }
    if (fifo.delegate) {
      if (!delegate_serves(fifo)) {
        refuse(fifo.line,
               "objectfifo has no shared memory access to delegate tile's memory module");
      }
      return *fifo.delegate;
    }
    return reaches(*plan_.array, end.peer, end.tile) ? end.tile : end.peer;
  }

  void create_elements(int index) {
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
        BufferPlan buffer{.name = end.name + "_buff_" + std::to_string(i),
                          .tile = spill(tile, byte_size(*end.type, fifo.line)),
                          .type = end.type,
                          .bytes = byte_size(*end.type, fifo.line),
                          .line = fifo.line};
        if (end.produces && !fifo.initial.empty()) {
          buffer.initial = fifo.initial[static_cast<std::size_t>(i)];
        }
        plan_.buffer_named.emplace(buffer.name, static_cast<int>(plan_.buffers.size()));
        buffers.push_back(static_cast<int>(plan_.buffers.size()));
        end.buffers.push_back(buffers.back());
        plan_.buffers.push_back(std::move(buffer));
      }
    }
    plan_.buffer_order.insert(
        plan_.buffer_order.begin() + static_cast<std::ptrdiff_t>(plan_.generated_buffers_at),
        buffers.begin(), buffers.end());
    create_locks(end, tile);
  }

  int repeat_of(const End& end) const {
    if (end.link >= 0) {
      for (const int out : links_[static_cast<std::size_t>(end.link)].outs) {
        if (const auto repeat = fifos_[static_cast<std::size_t>(out)].repeat) {
          return *repeat;
        }
      }
    }
    return end.produces ? fifo_of(end).repeat.value_or(1) : 1;
  }

  /// Objects that are initialised and sent again and again by repeating the whole chain have no
  /// core that would free them, so they are sent without locks.
  bool cycles_initial_values(const End& end) const {
    const Fifo& fifo = fifo_of(end);
    return end.produces && end.link < 0 && !fifo.initial.empty() && fifo.iterations.value_or(1) > 1;
  }

  void create_locks(End& end, TileId tile) {
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
        LockPlan lock{
            .name = end.name + (prod ? "_prod_lock_" : "_cons_lock_") + std::to_string(pair),
            .tile = tile,
            .initial = (prod ? objects - full : full) * repeat,
            .line = fifo.line};
        const int max = plan_.array->limits(kind(tile)).max_lock_value;
        if (lock.initial > max) {
          refuse(fifo.line, "'aie.lock' op: initial value " + std::to_string(lock.initial) +
                                " is not in 0.." + std::to_string(max));
        }
        locks.push_back(static_cast<int>(plan_.locks.size()));
        plan_.locks.push_back(std::move(lock));
      }
    }
    end.locks = locks;
    plan_.lock_order.insert(
        plan_.lock_order.begin() + static_cast<std::ptrdiff_t>(plan_.generated_locks_at),
        locks.begin(), locks.end());
  }

  // Channels, descriptors and flows.

  bool uses_stream_port(const End& end) const {
    const int stream = fifo_of(end).stream_end;
    return stream == 2 || (stream >= 0 && stream == (end.produces ? 0 : 1));
  }

  bool spilled(const End& end, int index) const {
    const End& own = ends_[static_cast<std::size_t>(owner(index))];
    return std::any_of(own.buffers.begin(), own.buffers.end(), [&](int buffer) {
      return plan_.buffers[static_cast<std::size_t>(buffer)].tile != end.tile;
    });
  }

  void assign_channels() {
    std::set<std::tuple<TileId, bool, int>> used;
    for (const auto& [tile, dma] : plan_.dmas) {
      for (const ChannelPlan& channel : dma.channels) {
        used.emplace(tile, channel.mm2s, channel.channel);
      }
    }
    for (const ShimAllocation& allocation : plan_.allocations) {
      used.emplace(allocation.tile, allocation.mm2s, allocation.channel);
    }
    const auto n_channels = [&](const End& end) {
      const npu::TileLimits& limits = plan_.array->limits(kind(end.tile));
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
    // Only channels 0 to 3 of a memory tile reach its neighbours: whoever needs them goes first.
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

  struct Piece {
    std::int64_t offset = 0;
    std::int64_t length = 0;
    std::size_t lock_pair = 0;
  };

  std::int64_t piece_length(const std::vector<std::int64_t>& offsets, std::size_t i,
                            std::int64_t whole) const {
    return (i + 1 < offsets.size() ? offsets[i + 1] : whole) - offsets[i];
  }

  /// What one pass over an object transfers: the whole, one piece of a linked object, or (at the
  /// large side of a join or distribute) all its pieces, each with locks of its own.
  std::vector<Piece> pieces(const End& end, int index) const {
    const std::int64_t own = element_count(*end.type, fifo_of(end).line);
    if (end.link < 0) {
      return {{0, own, 0}};
    }
    const FifoLink& link = links_[static_cast<std::size_t>(end.link)];
    const End& target = ends_[static_cast<std::size_t>(owner(index))];
    const std::int64_t whole = element_count(*target.type, fifo_of(end).line);
    if (!link.is_join() && !link.is_distribute()) {
      // The smaller side moves the larger one's objects, unless padding is what makes it larger.
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

  void program(int index) {
    End& end = ends_[static_cast<std::size_t>(index)];
    const End& target = ends_[static_cast<std::size_t>(owner(index))];
    const Fifo& fifo = fifo_of(end);
    if (kind(end.tile) == TileKind::Shim || target.buffers.empty()) {
      return;  // The host's side is programmed by sequences.
    }
    const bool memory_tile = kind(end.tile) == TileKind::Mem;
    const std::vector<Piece> parts = pieces(end, index);
    const bool chain = memory_tile && fifo.iterations.has_value();
    const int repeat = end.produces ? fifo.repeat.value_or(1) : 1;
    // A single descriptor repeats in the channel, which takes no further descriptors.
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

    DmaPlan& dma = plan_.dmas[end.tile];
    dma.tile = end.tile;
    const int first = static_cast<int>(dma.blocks.size());
    for (const int buffer : target.buffers) {
      for (int copy = 0; copy < copies; ++copy) {
        for (const Piece& piece : parts) {
          const BufferPlan& memory = plan_.buffers[static_cast<std::size_t>(buffer)];
          BlockPlan block{.buffer = buffer,
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
            block.acquire =
                LockUse{end.produces ? full : free, LockAction::AcquireAtLeast, objects};
            block.release = LockUse{end.produces ? free : full, LockAction::Release, objects};
          }
          dma.blocks.push_back(std::move(block));
        }
      }
    }
    dma.blocks.back().next = chain ? -1 : first;
    ChannelPlan channel{
        .mm2s = end.produces, .channel = end.channel, .first = first, .line = fifo.line};
    channel.repeat = chain ? *fifo.iterations - 1 : channel_repeats ? repeat - 1 : 0;
    if (end.produces && memory_tile) {
      channel.pad_value = fifo.pad_value;
    }
    dma.channels.push_back(channel);
  }

  Port port(const End& end) const {
    if (uses_stream_port(end)) {
      return {end.tile, PortKind::Core, fifo_of(end).stream_port};
    }
    return {end.tile, PortKind::Dma, end.channel};
  }

  void connect(int fifo) {
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
          plan_.allocations.push_back(std::move(allocation));
        }
      }
      if (end.produces) {
        source = port(end);
      } else {
        plan_.flows.push_back({source, {port(end)}, std::nullopt, false, fifo_of(end).line});
      }
    }
  }

  // Cores.

  void check_accesses() const {
    for (const CorePlan& core : plan_.cores) {
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

  void offer(const End& end, TileId tile, bool produces) {
    const Fifo& fifo = fifo_of(end);
    const int index = static_cast<int>(&end - ends_.data());
    const End& target = ends_[static_cast<std::size_t>(owner(index))];
    FifoEnd offered{.buffers = target.buffers, .type = end.type};
    if (!target.locks.empty()) {
      offered.acquire_lock = target.locks[produces ? 0 : 1];
      offered.release_lock = target.locks[produces ? 1 : 0];
    }
    offered.locks_per_object = produces ? fifo.repeat.value_or(1) : 1;
    plan_.fifo_ends[{tile, fifo.name, produces}] = std::move(offered);
  }

  void offer_to_core(const End& end) {
    if (kind(end.tile) != TileKind::Core) {
      return;
    }
    offer(end, end.tile, end.produces);
    if (!end.split) {
      offer(end, end.peer, false);
    }
  }

  DevicePlan& plan_;
  std::vector<Fifo> fifos_;
  std::vector<FifoLink> links_;
  std::vector<End> ends_{};
};

}  // namespace

void lower_object_fifos(DevicePlan& plan) {
  FifoLowering(plan).run();
}

}  // namespace npuwhisper::emu::lowering
