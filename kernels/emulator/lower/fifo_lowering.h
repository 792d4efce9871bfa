// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/lower/fifo_model.h"
#include "emulator/lower/plan.h"

namespace npuwhisper::emu::lowering {

/// One side of a FIFO, with a tile's buffers; a FIFO in shared memory has one for both sides.
struct End {
  int fifo = 0;
  bool produces = true;
  bool split = false;  ///< Has a DMA and another side.
  std::string name{};
  npu::TileId tile{};
  npu::TileId peer{};  ///< Of an end in shared memory: the consumer.
  int depth = 0;
  const mlir::Type* type = nullptr;
  std::vector<BlockDim> dims{};
  int pinned_channel = -1;
  int link = -1;
  int channel = -1;
  std::vector<int> buffers{};
  std::vector<int> locks{};  ///< Pairs: free objects, full objects.
};

/// The pass behind lower_object_fifos(), for one device. Throws Refusal.
class FifoLowering {
 public:
  explicit FifoLowering(DevicePlan& plan)
      : plan_(plan), fifos_(read_fifos(plan)), links_(read_links(plan, fifos_)) {}
  void run();

 private:
  /// What one descriptor of an object transfers.
  struct Piece {
    std::int64_t offset = 0;  ///< Elements.
    std::int64_t length = 0;
    std::size_t lock_pair = 0;
  };

  const Fifo& fifo_of(const End& end) const { return fifos_[static_cast<std::size_t>(end.fifo)]; }
  npu::TileKind kind(npu::TileId tile) const { return plan_.array->kind(tile); }

  // object_fifo.cpp: ends, and what cores see of them.
  const FifoLink* link_of(int fifo, int* index = nullptr) const;
  bool delegate_serves(const Fifo& fifo) const;
  bool needs_dma(int index) const;
  /// The most objects that the tile's core holds at once, and one more for prefetching.
  int depth_from_acquires(const Fifo& fifo, npu::TileId tile) const;
  void split(int index);
  void check_accesses() const;
  void offer(const End& end, npu::TileId tile, bool produces);
  void offer_to_core(const End& end);
  bool uses_stream_port(const End& end) const;
  bool share_memory(npu::TileId a, npu::TileId b) const;

  // fifo_memory.cpp: buffers and locks.
  /// The text's order, a FIFO's consumers last first; among memory tiles the largest objects
  /// first, so that they get their own tile's memory before it spills into a neighbour's.
  std::vector<int> creation_order() const;
  /// The end at the link of its in'th or out'th FIFO.
  int member(const FifoLink& link, bool in, std::size_t position) const;
  /// The end of a link whose buffers all its ends use.
  int owner(int index) const;
  std::int64_t used_bytes(npu::TileId tile) const;
  /// A memory tile that is full spills into the neighbour with more room.
  npu::TileId spill(npu::TileId tile, std::int64_t bytes) const;
  /// The tile in whose memory an end's objects are.
  npu::TileId home(const End& end) const;
  void create_elements(int index);
  int repeat_of(const End& end) const;
  /// Objects that are initialised and sent again and again by repeating the whole chain have no
  /// core that would free them, so they are sent without locks.
  bool cycles_initial_values(const End& end) const;
  void create_locks(End& end, npu::TileId tile);

  // fifo_dma.cpp: channels, descriptors and flows.
  bool spilled(const End& end, int index) const;
  void assign_channels();
  std::int64_t piece_length(const std::vector<std::int64_t>& offsets, std::size_t i,
                            std::int64_t whole) const;
  /// What one pass over an object transfers: the whole, one piece of a linked object, or (at the
  /// large side of a join or distribute) all its pieces, each with locks of its own.
  std::vector<Piece> pieces(const End& end, int index) const;
  void program(int index);
  Port port(const End& end) const;
  void connect(int fifo);

  DevicePlan& plan_;
  std::vector<Fifo> fifos_;
  std::vector<FifoLink> links_;
  std::vector<End> ends_{};
};

}  // namespace npuwhisper::emu::lowering
