// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/device_draft.h"

#include <cstdlib>

namespace npuwhisper::emu::lowering {

npu::TileId DeviceDraft::tile_of(const mlir::Operation& op_, std::size_t operand) const {
  if (operand >= op_.operands.size()) {
    refuse_op(op_, "expects a tile");
  }
  const auto found = tiles.find(op_.operands[operand]);
  if (found == tiles.end()) {
    refuse_op(op_, "'%" + op_.operands[operand]->name + "' is not a tile of this device");
  }
  return found->second;
}

int DeviceDraft::lock_operand(const mlir::Operation& op_, std::size_t operand) const {
  if (operand >= op_.operands.size()) {
    refuse_op(op_, "expects a lock");
  }
  const auto found = lock_of.find(op_.operands[operand]);
  if (found == lock_of.end()) {
    refuse_op(op_, "'%" + op_.operands[operand]->name + "' is not a lock of this device");
  }
  return found->second;
}

const ShimAllocation* DeviceDraft::find_allocation(std::string_view symbol) const {
  for (const ShimAllocation& allocation : allocations) {
    if (allocation.symbol == symbol) {
      return &allocation;
    }
  }
  return nullptr;
}

const CoreDraft* DeviceDraft::find_core(npu::TileId tile) const {
  for (const CoreDraft& core : cores) {
    if (core.tile == tile) {
      return &core;
    }
  }
  return nullptr;
}

std::string to_string(npu::TileId tile) {
  return "(" + std::to_string(tile.column) + ", " + std::to_string(tile.row) + ")";
}

bool reaches(const npu::ArrayModel& array, npu::TileId core, npu::TileId memory) {
  const npu::TileKind kind = array.kind(core);
  if (array.kind(memory) != kind || kind == npu::TileKind::Shim) {
    return false;
  }
  if (core == memory) {
    return true;
  }
  if (kind == npu::TileKind::Mem) {
    return core.row == memory.row && std::abs(core.column - memory.column) == 1;
  }
  if (core.column == memory.column) {
    return std::abs(core.row - memory.row) == 1;
  }
  return core.row == memory.row && memory.column == core.column - 1;
}

}  // namespace npuwhisper::emu::lowering
