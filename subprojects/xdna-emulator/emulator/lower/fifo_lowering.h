// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/lower/device_draft.h"
#include "emulator/lower/fifo_model.h"

namespace npuwhisper::emu::lowering {

/// One side of a FIFO at a tile, with its buffers and locks. A FIFO in shared memory has one end
/// for both sides.
struct End {
  int fifo = 0;
  bool produces = true;
  bool split = false;  ///< Whether the other side is an end with buffers of its own.
  std::string name{};
  npu::TileId tile{};
  npu::TileId peer{};  ///< Tile of the consumer if the end is in shared memory.
  int depth = 0;
  const mlir::Type* type = nullptr;
  std::vector<BlockDim> dims{};
  int pinned_channel = -1;
  int link = -1;
  int channel = -1;
  std::vector<int> buffers{};
  /// Indices of locks in pairs: a lock for free objects, then a lock for full objects.
  std::vector<int> locks{};
};

/// Implements lower_object_fifos() for one device. Throws Refusal.
class FifoLowering {
 public:
  explicit FifoLowering(DeviceDraft& draft)
      : draft_(draft), fifos_(read_fifos(draft)), links_(read_links(draft, fifos_)) {}
  void run();

 private:
  /// The part of an object that one descriptor transfers.
  struct Piece {
    std::int64_t offset = 0;  ///< Offset in the object, in elements.
    std::int64_t length = 0;  ///< Length in elements.
    std::size_t lock_pair = 0;
  };

  const Fifo& fifo_of(const End& end) const { return fifos_[static_cast<std::size_t>(end.fifo)]; }
  npu::TileKind kind(npu::TileId tile) const { return draft_.array->kind(tile); }

  // The functions below are defined in object_fifo.cpp. They create ends and give cores access to
  // ends.
  const FifoLink* link_of(int fifo, int* index = nullptr) const;
  bool delegate_serves(const Fifo& fifo) const;
  bool needs_dma(int index) const;
  /// Returns the size of the largest acquire in the tile's core, plus one object for prefetching.
  /// Returns the FIFO's depth if the core acquires no object. Also returns the depth if the depth
  /// is 1 and the core acquires single objects.
  int depth_from_acquires(const Fifo& fifo, npu::TileId tile) const;
  void split(int index);
  void check_accesses() const;
  void offer(const End& end, npu::TileId tile, bool produces);
  void offer_to_core(const End& end);
  bool uses_stream_port(const End& end) const;
  bool share_memory(npu::TileId a, npu::TileId b) const;

  // The functions below are defined in fifo_memory.cpp. They create buffers and locks.
  /// Returns the ends in the order of their creation: the text's order, with a FIFO's consumers
  /// reversed. Ends on memory tiles are sorted by object size, largest first, so that large objects
  /// take the memory of their own tile before objects spill into a neighbour's.
  std::vector<int> creation_order() const;
  /// Returns the index of an end at the link's tile. The end belongs to FIFO number `position` of
  /// the link's inputs if `in` is true, otherwise of its outputs.
  int member(const FifoLink& link, bool in, std::size_t position) const;
  /// Returns the index of the end that owns the buffers of end `index`. All ends of a link share
  /// one owner. An end without a link is its own owner.
  int owner(int index) const;
  std::int64_t used_bytes(npu::TileId tile) const;
  /// Returns the tile for a buffer of `bytes` bytes. Returns `tile` unless it is a memory tile
  /// without room. In that case, returns the neighbour with the most room, or `tile` if no
  /// neighbour has enough room.
  npu::TileId spill(npu::TileId tile, std::int64_t bytes) const;
  /// Returns the tile whose memory is the first choice for an end's objects (see also spill()).
  /// Throws Refusal if a core cannot reach the tile that aie.objectfifo.allocate names.
  npu::TileId home(const End& end) const;
  void create_elements(int index);
  int repeat_of(const End& end) const;
  /// Returns whether the end repeats its whole chain to send initialised objects repeatedly. No
  /// core frees such objects, so the end sends them without locks.
  bool cycles_initial_values(const End& end) const;
  void create_locks(End& end, npu::TileId tile);

  // The functions below are defined in fifo_dma.cpp. They create channels, descriptors and flows.
  bool spilled(const End& end, int index) const;
  void assign_channels();
  std::int64_t piece_length(const std::vector<std::int64_t>& offsets, std::size_t i,
                            std::int64_t whole) const;
  /// Returns the transfers of one pass over an object: the whole object, one piece of a linked
  /// object, or (at the large side of a join or distribute) all pieces, each with its own locks.
  std::vector<Piece> pieces(const End& end, int index) const;
  void program(int index);
  Port port(const End& end) const;
  void connect(int fifo);

  DeviceDraft& draft_;
  std::vector<Fifo> fifos_;
  std::vector<FifoLink> links_;
  std::vector<End> ends_{};
};

}  // namespace npuwhisper::emu::lowering
