// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "array/array_model.h"
#include "emulator/design.h"
#include "emulator/lower/attributes.h"
#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::lowering {

struct BufferDraft {
  std::string name{};
  npu::TileId tile{};
  const mlir::Type* type = nullptr;  ///< Type of the buffer, a memref of static shape.
  std::int64_t bytes = 0;
  std::optional<std::int64_t> address{};
  std::optional<int> bank{};
  bool aligned = true;
  std::vector<std::byte> initial{};
  int line = 0;
};

struct LockDraft {
  std::string name{};
  npu::TileId tile{};
  std::optional<int> id{};
  int initial = 0;
  int line = 0;
};

struct LockUse {
  int lock = 0;
  LockAction action = LockAction::Release;
  int value = 0;
};

struct BlockDim {
  std::int64_t size = 0;
  std::int64_t stride = 0;  ///< Distance between adjacent positions, in elements.
};
struct BlockPadding {
  /// Padding before the data. The unit is an element for the innermost dimension, and a position of
  /// the dimension for all others.
  std::int64_t before = 0;
  std::int64_t after = 0;  ///< Padding after the data, in the same unit as `before`.
};
struct BlockIteration {
  std::int64_t size = 1;
  std::int64_t stride = 0;  ///< Distance between the starts of two iterations, in elements.
  std::int64_t current = 0;
};

/// A DMA buffer descriptor, as the MLIR text describes it.
struct BlockDraft {
  int buffer = -1;                    ///< Index of the buffer; -1 for host memory (shim tiles).
  const mlir::Value* host = nullptr;  ///< Host memory of the block, if `buffer` is -1.
  int element_bytes = 4;
  std::int64_t n_elements = 0;   ///< Size of the whole memory, in elements.
  std::int64_t offset = 0;       ///< Offset of the transfer in elements.
  std::int64_t length = 0;       ///< Length of the transfer in elements.
  std::vector<BlockDim> dims{};  ///< Dimensions, outermost first.
  std::vector<BlockPadding> padding{};
  std::optional<BlockIteration> iteration{};
  std::optional<int> id{};
  std::optional<int> next_id{};  ///< The next block's id, if the text gives it.
  int next = -1;                 ///< Index of the next block of the tile; -1 if none.
  std::optional<LockUse> acquire{};
  std::optional<LockUse> release{};
  std::optional<PacketInfo> packet{};
  int burst_bytes = 0;
  int channel = -1;  ///< The channel whose chain reaches the block; -1 if none.
  int line = 0;
};

struct ChannelDraft {
  bool mm2s = false;
  int channel = 0;
  int first = 0;  ///< Index of the first block.
  int repeat = 0;
  std::uint32_t pad_value = 0;
  int line = 0;
};

/// All descriptors and channels that one tile's configuration sets up.
struct DmaDraft {
  npu::TileId tile{};
  std::vector<BlockDraft> blocks{};
  std::vector<ChannelDraft> channels{};
};

struct FlowDraft {
  Port source{};
  std::vector<Port> destinations{};
  std::optional<int> packet_id{};
  bool keep_packet_header = false;
  int line = 0;
};

/// One end of an object FIFO, as a core accesses it.
struct FifoEnd {
  std::vector<int> buffers{};
  int acquire_lock = -1;  ///< Index of the lock to acquire; -1 if the FIFO is not synchronised.
  int release_lock = -1;
  int locks_per_object = 1;  ///< Value of repeat_count for a producer, 1 for a consumer.
  const mlir::Type* type = nullptr;
};

struct CoreDraft {
  npu::TileId tile{};
  const mlir::Operation* op = nullptr;
  std::uint32_t stack_bytes = 1024;
};

/// A device during lowering, which is not yet a Design: the content of the text and the decisions
/// of the passes so far. The passes run in the order of lower.cpp. Each pass adds the entries that
/// its header describes. An index refers to an entry of the vector of that kind. The index of a
/// lock, for example, refers to an entry of `locks`.
struct DeviceDraft {
  std::string name{};
  const npu::ArrayModel* array = nullptr;
  int n_columns = 0;
  const mlir::Operation* op = nullptr;

  // The maps below give the tile, buffer, lock or operation that an SSA value or a symbol names.
  std::map<const mlir::Value*, npu::TileId> tiles{};
  std::map<const mlir::Value*, int> buffer_of{};
  std::map<const mlir::Value*, int> lock_of{};
  std::map<std::string, int, std::less<>> buffer_named{};
  std::map<std::string, const mlir::Operation*, std::less<>> functions{};
  std::map<std::string, const mlir::Operation*, std::less<>> globals{};
  /// Each aie.bd_chain, by its symbol.
  std::map<std::string, const mlir::Operation*, std::less<>> chains{};
  /// Packet ids of the tiles' task-complete tokens. A tile that the text does not declare has none.
  std::map<npu::TileId, int> controller_ids{};
  std::map<npu::TileId, std::string> allocation_schemes{};
  std::string allocation_scheme{};  ///< Scheme for all tiles that are not in allocation_schemes.

  std::vector<BufferDraft> buffers{};
  /// Locks of the text, then locks of object FIFOs, in the order of the FIFOs. Locks without an id
  /// get their ids in this order, as in aiecc's output.
  std::vector<LockDraft> locks{};
  /// The order in which buffers without an address are placed. Buffers of the text are in the
  /// text's order. As in mlir-aie, the buffers of object FIFOs are inserted at the position of the
  /// text's last tile. Among these, the buffers of the last FIFO come first.
  std::vector<int> buffer_order{};
  /// Index in buffer_order at which the buffers of object FIFOs are inserted.
  std::size_t generated_buffers_at = 0;
  std::map<npu::TileId, DmaDraft> dmas{};
  std::vector<FlowDraft> flows{};
  std::vector<CoreDraft> cores{};
  std::vector<ShimAllocation> allocations{};
  std::vector<const mlir::Operation*> sequences{};
  /// The FIFO ends of the cores, by core tile, FIFO and port (true for produce).
  std::map<std::tuple<npu::TileId, std::string, bool>, FifoEnd> fifo_ends{};

  npu::TileId tile_of(const mlir::Operation& op, std::size_t operand) const;
  int lock_operand(const mlir::Operation& op, std::size_t operand) const;
  const ShimAllocation* find_allocation(std::string_view symbol) const;
  const CoreDraft* find_core(npu::TileId tile) const;
};

/// Returns a tile's coordinates, such as "(0, 2)".
std::string to_string(npu::TileId tile);

/// Returns whether the core (or, in a memory tile, the DMA) of tile `core` reaches the memory and
/// locks of tile `memory`. Cores reach their own tile and the core tiles to the north, south and
/// west. Memory tiles reach their own tile and the memory tiles to the east and west.
bool reaches(const npu::ArrayModel& array, npu::TileId core, npu::TileId memory);

}  // namespace npuwhisper::emu::lowering
