// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/read_device.h"

#include <limits>

#include "emulator/lower/initial_data.h"
#include "emulator/lower/place.h"
#include "emulator/lower/read_flows.h"

namespace npuwhisper::emu::lowering {
namespace {

using mlir::Block;
using mlir::Operation;
using npu::TileId;
using npu::TileKind;

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();

/// Returns the device's name. The generic form has a number instead of the name. The numbers are
/// those of mlir-aie versions without npu1_4col.
std::string target_name(const Operation& op) {
  constexpr std::int64_t kNpu1 = 4;
  constexpr std::int64_t kNpu2 = 8;
  const mlir::Attribute* device = op.attribute("device");
  if (device == nullptr || device->kind != mlir::AttributeKind::Integer) {
    return text(op, "device");
  }
  const std::int64_t number = integer(op, "device", kNpu1, kNpu2 + 7);
  const std::int64_t n_columns = number < kNpu2 ? number - kNpu1 : number - kNpu2;
  const std::string family = number < kNpu2 ? "npu1" : "npu2";
  return n_columns == 0 ? family : family + "_" + std::to_string(n_columns) + "col";
}

/// Reads the array and its number of columns from a name such as npu1, npu1_2col or npu2_4col.
void read_target(DeviceDraft& draft, const Operation& op) {
  const std::string target = target_name(op);
  const std::string family = target.substr(0, 4);
  const Result<const npu::ArrayModel*> array = npu::find_array(family);
  if (!array) {
    refuse_op(op, "device '" + target + "': expected npu1, npu2 or one of their *_Ncol");
  }
  draft.array = *array;
  draft.n_columns = draft.array->n_columns;
  if (target.size() > 4) {
    const std::string columns = target.substr(4);
    if (columns.size() != 5 || columns[0] != '_' || columns.substr(2) != "col" ||
        columns[1] < '1' || columns[1] - '0' > draft.array->n_columns) {
      refuse_op(op, "device '" + target + "': expected " + family + " or " + family + "_1col to " +
                        family + "_" + std::to_string(draft.array->n_columns) + "col");
    }
    draft.n_columns = columns[1] - '0';
  }
}

class DeviceReader {
 public:
  explicit DeviceReader(DeviceDraft& draft) : draft_(draft) {}

  void read() {
    const Operation& device = *draft_.op;
    if (device.regions.size() != 1 || device.regions[0].blocks.size() > 1) {
      refuse_op(device, "expects one region with one block");
    }
    if (device.regions[0].blocks.empty()) {
      return;
    }
    const Block& body = *device.regions[0].blocks[0];
    const Operation* last_tile = nullptr;
    for (const Operation* op : body.operations) {
      if (op->name == "aie.tile" || op->name == "aie.logical_tile") {
        read_tile(*op);
        last_tile = op;
      }
    }
    for (const Operation* op : body.operations) {
      read_operation(*op);
      if (op == last_tile) {
        draft_.generated_buffers_at = draft_.buffers.size();
      }
    }
    for (std::size_t i = 0; i < draft_.buffers.size(); ++i) {
      draft_.buffer_order.push_back(static_cast<int>(i));
    }
  }

 private:
  void read_tile(const Operation& op) {
    know_attributes(op,
                    {"col", "row", "controller_id", "allocation_scheme", "tile_type", "sym_name"});
    if (op.attribute("col") == nullptr || op.attribute("row") == nullptr) {
      refuse_unmodelled(op.line, "placement of 'aie.logical_tile' (give both coordinates)");
    }
    const TileId tile{static_cast<int>(integer(op, "col", 0, kMaxInt)),
                      static_cast<int>(integer(op, "row", 0, kMaxInt))};
    if (tile.column >= draft_.n_columns) {
      refuse_op(op, "column index (" + std::to_string(tile.column) +
                        ") must be less than the number of columns in the device (" +
                        std::to_string(draft_.n_columns) + ")");
    }
    if (tile.row >= draft_.array->n_rows) {
      refuse_op(op, "row index (" + std::to_string(tile.row) +
                        ") must be less than the number of rows in the device (" +
                        std::to_string(draft_.array->n_rows) + ")");
    }
    if (const auto controller = packet_info(op, "controller_id")) {
      draft_.controller_ids[tile] = controller->id;
    }
    if (const auto scheme = optional_text(op, "allocation_scheme")) {
      check_scheme(*scheme, op.line);
      draft_.allocation_schemes[tile] = *scheme;
    }
    if (op.results.size() != 1) {
      refuse_op(op, "has one result");
    }
    draft_.tiles[op.results[0]] = tile;
  }

  void read_buffer(const Operation& op) {
    know_attributes(op, {"sym_name", "address", "mem_bank", "aligned", "initial_value"});
    if (op.results.size() != 1 || op.results[0]->type->kind != mlir::TypeKind::MemRef) {
      refuse_op(op, "has one result, a memref");
    }
    BufferDraft buffer;
    buffer.tile = draft_.tile_of(op, 0);
    buffer.type = op.results[0]->type;
    buffer.bytes = byte_size(*buffer.type, op.line);
    buffer.line = op.line;
    if (draft_.array->kind(buffer.tile) == TileKind::Shim) {
      refuse_op(op, "tile " + to_string(buffer.tile) + " has no memory");
    }
    buffer.name = optional_text(op, "sym_name").value_or(op.results[0]->name);
    buffer.address = optional_integer(op, "address", 0, kMaxInt);
    if (const auto bank = optional_integer(op, "mem_bank", 0, kMaxInt)) {
      buffer.bank = static_cast<int>(*bank);
    }
    buffer.aligned = flag(op, "aligned", true);
    if (const mlir::Attribute* initial = op.attribute("initial_value")) {
      buffer.initial = initial_data(*initial, *buffer.type, op.line);
    }
    const int index = static_cast<int>(draft_.buffers.size());
    draft_.buffer_of[op.results[0]] = index;
    if (const auto symbol = optional_text(op, "sym_name")) {
      if (!draft_.buffer_named.emplace(*symbol, index).second) {
        refuse_op(op, "redefinition of symbol named '" + *symbol + "'");
      }
    }
    draft_.buffers.push_back(std::move(buffer));
  }

  void read_lock(const Operation& op) {
    know_attributes(op, {"lockID", "init", "sym_name"});
    if (op.results.size() != 1) {
      refuse_op(op, "has one result");
    }
    LockDraft lock;
    lock.tile = draft_.tile_of(op, 0);
    lock.line = op.line;
    lock.name = optional_text(op, "sym_name").value_or(op.results[0]->name);
    const npu::TileLimits& limits = draft_.array->limits(draft_.array->kind(lock.tile));
    if (const auto id = optional_integer(op, "lockID", 0, kMaxInt)) {
      if (*id >= limits.n_locks) {
        refuse_op(
            op, "lock assigned invalid id (maximum is " + std::to_string(limits.n_locks - 1) + ")");
      }
      lock.id = static_cast<int>(*id);
    }
    const std::int64_t initial = integer_or(op, "init", 0, -kMaxInt, kMaxInt);
    if (initial < 0 || initial > limits.max_lock_value) {
      refuse_op(op, "initial value " + std::to_string(initial) + " is not in 0.." +
                        std::to_string(limits.max_lock_value));
    }
    lock.initial = static_cast<int>(initial);
    draft_.lock_of[op.results[0]] = static_cast<int>(draft_.locks.size());
    draft_.locks.push_back(std::move(lock));
  }

  static bool is_empty(const Operation& core) {
    for (const mlir::Region& region : core.regions) {
      for (const Block* block : region.blocks) {
        for (const Operation* op : block->operations) {
          if (op->name != "aie.end") {
            return false;
          }
        }
      }
    }
    return true;
  }

  void read_core(const Operation& op) {
    know_attributes(op, {"stack_size", "link_with", "link_files", "elf_file",
                         "dynamic_objfifo_lowering", "sym_name"});
    CoreDraft core{.tile = draft_.tile_of(op, 0), .op = &op};
    if (draft_.array->kind(core.tile) != TileKind::Core) {
      refuse_op(op, "tile " + to_string(core.tile) + " is not a core tile");
    }
    if (draft_.find_core(core.tile) != nullptr) {
      refuse_op(op, "tile " + to_string(core.tile) + " has another core already");
    }
    // Older versions of aiecc store the name of their output file in elf_file. If the core has no
    // body, that file is the program.
    if (op.attribute("elf_file") != nullptr && is_empty(op)) {
      refuse_unmodelled(op.line, "attribute 'elf_file' of 'aie.core' (a core from an ELF file)");
    }
    core.stack_bytes = static_cast<std::uint32_t>(
        integer_or(op, "stack_size", 1024, 1, draft_.array->core.memory_bytes));
    draft_.cores.push_back(core);
  }

  void read_allocation(const Operation& op) {
    know_attributes(op, {"sym_name", "channel_dir", "channel_index", "col", "plio", "packet"});
    if (flag(op, "plio")) {
      refuse_unmodelled(op.line, "'plio' (these arrays have none)");
    }
    ShimAllocation allocation;
    allocation.symbol = text(op, "sym_name");
    allocation.tile = op.operands.empty()
                          ? TileId{static_cast<int>(integer(op, "col", 0, draft_.n_columns - 1)), 0}
                          : draft_.tile_of(op, 0);
    if (draft_.array->kind(allocation.tile) != TileKind::Shim) {
      refuse_op(op, "tile must be a shim tile, but got tile" + to_string(allocation.tile));
    }
    allocation.mm2s = choice(op, "channel_dir", {"S2MM", "MM2S"}) == 1;
    allocation.channel = static_cast<int>(integer(op, "channel_index", 0, 1));
    if (const auto packet = packet_info(op, "packet")) {
      allocation.packet_id = packet->id;
      allocation.packet_type = packet->type;
    }
    if (draft_.find_allocation(allocation.symbol) != nullptr) {
      refuse_op(op, "redefinition of symbol named '" + allocation.symbol + "'");
    }
    draft_.allocations.push_back(std::move(allocation));
  }

  /// Returns whether a function is a runtime sequence: in older texts, sequences are functions that
  /// contain aiex operations.
  static bool is_sequence(const Operation& function) {
    for (const mlir::Region& region : function.regions) {
      for (const Block* block : region.blocks) {
        for (const Operation* op : block->operations) {
          if (op->name.starts_with("aiex.")) {
            return true;
          }
        }
      }
    }
    return false;
  }

  void read_function(const Operation& op) {
    know_attributes(op, {"sym_name", "function_type", "sym_visibility", "link_with", "link_symbol",
                         "llvm.emit_c_interface", "llvm.bareptr"});
    if (is_sequence(op)) {
      draft_.sequences.push_back(&op);
    } else if (!draft_.functions.emplace(text(op, "sym_name"), &op).second) {
      refuse_op(op, "redefinition of symbol named '" + text(op, "sym_name") + "'");
    }
  }

  /// Reads the buffers and locks declared inside a DMA program, or the locks inside a core.
  void read_nested(const Operation& op) {
    for (const mlir::Region& region : op.regions) {
      for (const Block* block : region.blocks) {
        for (const Operation* inner : block->operations) {
          if (inner->name == "aie.buffer") {
            if (op.name == "aie.core") {
              refuse_op(*inner, "must be defined directly under the device scope");
            }
            read_buffer(*inner);
          } else if (inner->name == "aie.lock") {
            read_lock(*inner);
          }
        }
      }
    }
  }

  void read_operation(const Operation& op) {
    const std::string_view name = op.name;
    if (name == "aie.buffer") {
      read_buffer(op);
    } else if (name == "aie.lock") {
      read_lock(op);
    } else if (name == "aie.flow") {
      read_flow(draft_, op);
    } else if (name == "aie.packet_flow") {
      read_packet_flow(draft_, op);
    } else if (name == "aie.cascade_flow") {
      read_cascade(draft_, op);
    } else if (name == "aie.core") {
      read_core(op);
      read_nested(op);
    } else if (name == "aie.mem" || name == "aie.memtile_dma" || name == "aie.shim_dma") {
      read_nested(op);  // read_dmas() reads the programs.
    } else if (name == "aie.shim_dma_allocation") {
      read_allocation(op);
    } else if (name == "func.func") {
      read_function(op);
    } else if (name == "memref.global") {
      draft_.globals.emplace(text(op, "sym_name"), &op);
    } else if (name == "aie.bd_chain") {
      draft_.chains.emplace(text(op, "sym_name"), &op);
    } else if (name == "aie.runtime_sequence" || name == "aiex.runtime_sequence") {
      draft_.sequences.push_back(&op);
    } else if (name != "aie.tile" && name != "aie.logical_tile" && name != "aie.end" &&
               name != "arith.constant" && !name.starts_with("aie.objectfifo") &&
               name != "aie.external_buffer") {
      refuse_unmodelled(op.line, "operation '" + op.name + "' in an aie.device");
    }
  }

  DeviceDraft& draft_;
};

const Operation* find_device(const std::vector<Operation*>& operations, std::string_view symbol) {
  for (const Operation* op : operations) {
    if (op->name == "aie.device") {
      if (symbol.empty() || optional_text(*op, "sym_name").value_or("main") == symbol) {
        return op;
      }
    } else if (op->name == "builtin.module") {
      for (const mlir::Region& region : op->regions) {
        for (const Block* block : region.blocks) {
          if (const Operation* found = find_device(block->operations, symbol)) {
            return found;
          }
        }
      }
    } else if (op->name != "func.func") {
      refuse_unmodelled(op->line, "operation '" + op->name + "' outside of an aie.device");
    }
  }
  return nullptr;
}

/// Reads kernels that are declared outside the devices.
void read_outer_functions(const std::vector<Operation*>& operations, DeviceDraft& draft) {
  for (const Operation* op : operations) {
    if (op->name == "func.func") {
      draft.functions.emplace(text(*op, "sym_name"), op);
    } else if (op->name == "builtin.module") {
      for (const mlir::Region& region : op->regions) {
        for (const Block* block : region.blocks) {
          read_outer_functions(block->operations, draft);
        }
      }
    }
  }
}

}  // namespace

std::optional<std::int64_t> constant_of(const mlir::Value* value) {
  if (value->owner == nullptr || value->owner->name != "arith.constant") {
    return std::nullopt;
  }
  const mlir::Attribute* constant = value->owner->attribute("value");
  if (constant == nullptr || (constant->kind != mlir::AttributeKind::Integer &&
                              constant->kind != mlir::AttributeKind::Bool)) {
    return std::nullopt;
  }
  return constant->integer;
}

LockUse lock_use(const DeviceDraft& draft, const mlir::Operation& op) {
  know_attributes(op, {"action", "value", "blocking", "acq_en"});
  if (op.attribute("blocking") != nullptr &&
      choice(op, "blocking", {"NonBlocking", "Blocking"}) == 0) {
    refuse_unmodelled(op.line, "a non-blocking 'aie.use_lock'");
  }
  if (!flag(op, "acq_en", true)) {
    refuse_unmodelled(op.line, "attribute 'acq_en' of 'aie.use_lock'");
  }
  LockUse use;
  use.lock = draft.lock_operand(op, 0);
  constexpr LockAction kActions[] = {LockAction::AcquireEqual, LockAction::Release,
                                     LockAction::AcquireAtLeast};
  use.action = kActions[choice(op, "action", {"Acquire", "Release", "AcquireGreaterEqual"})];
  std::int64_t value = 0;
  if (op.operands.size() > 1) {
    const auto constant = constant_of(op.operands[1]);
    if (!constant) {
      refuse_op(op, "expected the lock value to be a compile-time constant");
    }
    value = *constant;
  } else {
    value = integer(op, "value", -kMaxInt, kMaxInt);
  }
  const npu::TileId tile = draft.locks[static_cast<std::size_t>(use.lock)].tile;
  const int max = draft.array->limits(draft.array->kind(tile)).max_lock_value;
  if (value < 0 || value > max) {
    refuse_op(op, "lock value " + std::to_string(value) + " is not in 0.." + std::to_string(max));
  }
  use.value = static_cast<int>(value);
  return use;
}

DeviceDraft read_device(const mlir::Module& module, std::string_view symbol) {
  DeviceDraft draft;
  draft.op = find_device(module.operations, symbol);
  if (draft.op == nullptr) {
    throw Refusal{{ErrorCode::NotFound,
                   symbol.empty() ? std::string("the text has no aie.device")
                                  : "the text has no aie.device @" + std::string(symbol)}};
  }
  know_attributes(*draft.op, {"device", "sym_name"});
  read_outer_functions(module.operations, draft);
  draft.name = optional_text(*draft.op, "sym_name").value_or("main");
  read_target(draft, *draft.op);
  DeviceReader(draft).read();
  return draft;
}

}  // namespace npuwhisper::emu::lowering
