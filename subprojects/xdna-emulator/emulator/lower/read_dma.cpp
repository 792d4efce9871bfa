// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/read_dma.h"

#include <limits>

#include "emulator/lower/read_device.h"

namespace npuwhisper::emu::lowering {
namespace {

using mlir::Block;
using mlir::Operation;
using npu::TileKind;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();

/// Returns the list attribute `name`, such as static_sizes. Replaces each kDynamic entry by the
/// value of the next operand of the group.
std::vector<std::int64_t> mixed(const Operation& op, std::string_view name, std::size_t group,
                                const ValueOf& value_of) {
  std::vector<std::int64_t> values = integers(op, name);
  OperandRange range = operand_group(op, group);
  for (std::int64_t& value : values) {
    if (value == mlir::kDynamic) {
      if (range.begin == range.end) {
        refuse_op(op, "fewer values than '" + std::string(name) + "' has places");
      }
      value = value_of(op, op.operands[range.begin++]);
    }
  }
  if (range.begin != range.end) {
    refuse_op(op, "more values than '" + std::string(name) + "' has places");
  }
  return values;
}

std::optional<std::int64_t> scalar(const Operation& op, std::initializer_list<const char*> names,
                                   std::size_t group, const ValueOf& value_of) {
  const OperandRange range = operand_group(op, group);
  if (range.begin != range.end) {
    return value_of(op, op.operands[range.begin]);
  }
  for (const char* name : names) {
    if (const auto value = optional_integer(op, name, -kMaxInt, kMaxInt)) {
      return value;
    }
  }
  return std::nullopt;
}

void read_descriptor(const DeviceDraft& draft, const Operation& op, const ValueOf& value_of,
                     BlockDraft& block) {
  know_attributes(op, {"static_offset", "static_len", "static_sizes", "static_strides", "offset",
                       "len", "dimensions", "pad_dimensions", "bd_id", "next_bd_id", "packet",
                       "burst_length", "iteration"});
  if (op.operands.empty()) {
    refuse_op(op, "expects a memory");
  }
  const mlir::Value* memory = op.operands[0];
  if (const auto found = draft.buffer_of.find(memory); found != draft.buffer_of.end()) {
    block.buffer = found->second;
  } else {
    block.host = memory;
  }
  const mlir::Type* type = memory->type;
  if (type == nullptr ||
      (type->kind != mlir::TypeKind::MemRef && type->kind != mlir::TypeKind::UnrankedMemRef)) {
    refuse_op(op, "expects a memref");
  }
  block.line = op.line;
  block.element_bytes = element_bits(*type, op.line) / 8;
  const bool ranked = type->kind == mlir::TypeKind::MemRef;
  block.n_elements = ranked ? element_count(*type, op.line) : 0;

  block.offset = scalar(op, {"static_offset", "offset"}, 1, value_of).value_or(0);
  const auto length = scalar(op, {"static_len", "len"}, 2, value_of);
  if (!length && !ranked) {
    refuse_op(op, "buffer with dynamic shape requires static length.");
  }
  block.length = length.value_or(block.n_elements);

  const std::vector<std::int64_t> sizes = mixed(op, "static_sizes", 3, value_of);
  const std::vector<std::int64_t> strides = mixed(op, "static_strides", 4, value_of);
  if (sizes.size() != strides.size()) {
    refuse_op(op, "expected the same number of sizes (" + std::to_string(sizes.size()) +
                      ") and strides (" + std::to_string(strides.size()) + ")");
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    for (const std::int64_t value : {sizes[i], strides[i]}) {
      if (value < 0 || value > kMaxInt) {
        refuse_op(op, "size or stride " + std::to_string(value) + " is not in 0.." +
                          std::to_string(kMaxInt));
      }
    }
    block.dims.push_back({sizes[i], strides[i]});
  }
  const auto field = [&](const mlir::Attribute& of, std::string_view name) {
    const mlir::Attribute* value = of.field(name);
    if (value == nullptr || value->kind != mlir::AttributeKind::Integer || value->integer < 0 ||
        value->integer > kMaxInt) {
      refuse_op(op, "expects an integer '" + std::string(name) + "'");
    }
    return value->integer;
  };
  if (const mlir::Attribute* dims = op.attribute("dimensions")) {
    for (const mlir::Attribute* dim : dims->elements) {
      block.dims.push_back({field(*dim, "size"), field(*dim, "stride")});
    }
  }
  if (const mlir::Attribute* padding = op.attribute("pad_dimensions")) {
    for (const mlir::Attribute* pad : padding->elements) {
      const bool older = pad->field("zero_pad_before") != nullptr;
      block.padding.push_back({field(*pad, older ? "zero_pad_before" : "const_pad_before"),
                               field(*pad, older ? "zero_pad_after" : "const_pad_after")});
    }
  }
  if (const mlir::Attribute* iteration = op.attribute("iteration")) {
    block.iteration = {field(*iteration, "size"), field(*iteration, "stride"),
                       iteration->field("current") != nullptr ? field(*iteration, "current") : 0};
  }
  if (const auto id = optional_integer(op, "bd_id", 0, kMaxInt)) {
    block.id = static_cast<int>(*id);
  }
  if (const auto id = optional_integer(op, "next_bd_id", 0, kMaxInt)) {
    block.next_id = static_cast<int>(*id);
  }
  if (const auto packet = packet_info(op, "packet")) {
    block.packet = packet;
  }
  block.burst_bytes = static_cast<int>(integer_or(op, "burst_length", 0, 0, 1024));
}

class DmaReader {
 public:
  DmaReader(DeviceDraft& draft, const Operation& program)
      : draft_(draft), program_(program), dma_(draft.dmas[draft.tile_of(program, 0)]) {
    dma_.tile = draft.tile_of(program, 0);
  }

  void read() {
    const TileKind kind = draft_.array->kind(dma_.tile);
    const char* wanted = kind == TileKind::Core  ? "aie.mem"
                         : kind == TileKind::Mem ? "aie.memtile_dma"
                                                 : "aie.shim_dma";
    if (program_.name != wanted) {
      refuse_op(program_, "tile " + to_string(dma_.tile) + " takes '" + wanted + "'");
    }
    if (!dma_.channels.empty() || !dma_.blocks.empty()) {
      refuse_op(program_, "tile " + to_string(dma_.tile) + " has another DMA program already");
    }
    know_attributes(program_, {"sym_name"});
    if (program_.regions.size() != 1) {
      refuse_op(program_, "expects one region");
    }
    for (const Block* block : program_.regions[0].blocks) {
      if (is_descriptor(*block)) {
        index_[block] = static_cast<int>(dma_.blocks.size());
        dma_.blocks.push_back(read_block(draft_, *block, constant));
      }
    }
    for (const Block* block : program_.regions[0].blocks) {
      read_links(*block);
    }
  }

 private:
  static std::int64_t constant(const Operation& op, const mlir::Value* value) {
    const auto known = constant_of(value);
    if (!known) {
      refuse_op(op,
                "buffer descriptor size/stride is a runtime value; a compile-time constant is "
                "required on this path");
    }
    return *known;
  }

  static bool is_descriptor(const Block& block) {
    for (const Operation* op : block.operations) {
      if (op->name == "aie.dma_bd") {
        return true;
      }
    }
    return false;
  }

  void read_links(const Block& block) {
    for (const Operation* op : block.operations) {
      if (op->name == "aie.dma_start") {
        if (op->successors.size() != 2) {
          refuse_op(*op, "expects two successors");
        }
        know_attributes(*op, {"channel_dir", "channel_index", "repeat_count", "pad_value"});
        const auto first = index_.find(op->successors[0].block);
        if (first == index_.end()) {
          refuse_op(*op, "its first successor holds no aie.dma_bd");
        }
        add_channel(*op, first->second);
      } else if (op->name == "aie.next_bd") {
        if (op->successors.size() != 1) {
          refuse_op(*op, "expects one successor");
        }
        const auto self = index_.find(&block);
        const auto next = index_.find(op->successors[0].block);
        if (self != index_.end()) {
          dma_.blocks[static_cast<std::size_t>(self->second)].next =
              next != index_.end() ? next->second : -1;
        }
      } else if (op->name == "aie.dma") {
        read_dma_operation(*op);
      } else if (op->name != "aie.dma_bd" && op->name != "aie.use_lock" && op->name != "aie.end" &&
                 op->name != "aie.buffer" && op->name != "aie.lock" &&
                 op->name != "aie.dma_bd_packet" && op->name != "arith.constant") {
        refuse_unmodelled(op->line, "operation '" + op->name + "' in a DMA program");
      }
    }
  }

  void add_channel(const Operation& op, int first) {
    ChannelDraft channel;
    channel.mm2s = choice(op, "channel_dir", {"S2MM", "MM2S"}) == 1;
    channel.channel = static_cast<int>(integer(op, "channel_index", 0, kMaxInt));
    channel.repeat = static_cast<int>(integer_or(op, "repeat_count", 0, 0, 255));
    channel.pad_value =
        static_cast<std::uint32_t>(integer_or(op, "pad_value", 0, -kMaxInt - 1, 0xffffffff));
    channel.first = first;
    channel.line = op.line;
    if (channel.pad_value != 0 && (program_.name != "aie.memtile_dma" || !channel.mm2s)) {
      refuse_op(op, "pad_value is only supported on MM2S channels of memory tiles");
    }
    dma_.channels.push_back(channel);
  }

  void read_dma_operation(const Operation& op) {
    know_attributes(
        op, {"channel_dir", "channel_index", "loop", "repeat_count", "sym_name", "pad_value"});
    const int first = static_cast<int>(dma_.blocks.size());
    for (const mlir::Region& region : op.regions) {
      if (region.blocks.size() != 1) {
        refuse_op(op, "DMAOp regions must have only one block");
      }
      dma_.blocks.push_back(read_block(draft_, *region.blocks[0], constant));
      dma_.blocks.back().next = static_cast<int>(dma_.blocks.size());
    }
    if (op.regions.empty()) {
      refuse_op(op, "expects at least one descriptor");
    }
    dma_.blocks.back().next = flag(op, "loop", true) ? first : -1;
    add_channel(op, first);
  }

  DeviceDraft& draft_;
  const Operation& program_;
  DmaDraft& dma_;
  std::map<const Block*, int> index_{};
};

}  // namespace

BlockDraft read_block(const DeviceDraft& draft, const mlir::Block& block, const ValueOf& value_of) {
  BlockDraft result;
  bool described = false;
  for (const Operation* op : block.operations) {
    if (op->name == "aie.use_lock") {
      const LockUse use = lock_use(draft, *op);
      auto& slot = use.action == LockAction::Release ? result.release : result.acquire;
      if (slot) {
        refuse_op(*op, "a buffer descriptor takes one acquire and one release");
      }
      slot = use;
    } else if (op->name == "aie.dma_bd") {
      if (described) {
        refuse_op(*op,
                  "This block contains multiple aie.dma_bd operations. Exactly one is "
                  "required.");
      }
      described = true;
      const auto packet = result.packet;
      read_descriptor(draft, *op, value_of, result);
      result.packet = result.packet ? result.packet : packet;
    } else if (op->name == "aie.dma_bd_packet") {
      know_attributes(*op, {"packet_type", "packet_id"});
      result.packet = PacketInfo{static_cast<int>(integer(*op, "packet_id", 0, 31)),
                                 static_cast<int>(integer(*op, "packet_type", 0, 7))};
    }
  }
  if (!described) {
    refuse(block.line, "a block of a DMA program holds no aie.dma_bd");
  }
  return result;
}

void read_dmas(DeviceDraft& draft) {
  for (const mlir::Region& region : draft.op->regions) {
    for (const Block* block : region.blocks) {
      for (const Operation* op : block->operations) {
        if (op->name == "aie.mem" || op->name == "aie.memtile_dma" || op->name == "aie.shim_dma") {
          DmaReader(draft, *op).read();
        }
      }
    }
  }
}

}  // namespace npuwhisper::emu::lowering
