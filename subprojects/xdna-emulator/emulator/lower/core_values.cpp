// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"

namespace npuwhisper::emu::lowering {

CoreCompiler::Bound& CoreCompiler::bound(const Operation& op, const Value* value) {
  const auto found = values_.find(value);
  if (found != values_.end()) {
    return found->second;
  }
  if (const auto buffer = draft_.buffer_of.find(value); buffer != draft_.buffer_of.end()) {
    Bound made{.kind = Bound::Kind::View, .view = buffer_view(op, buffer->second)};
    return values_[value] = std::move(made);
  }
  // Constants may be defined outside the core.
  if (value->owner != nullptr && value->owner->name == "arith.constant") {
    constant_value(*value->owner);
    return values_.at(value);
  }
  if (const auto lock = draft_.lock_of.find(value); lock != draft_.lock_of.end()) {
    return values_[value] = Bound{.reg = constant(local_lock(op, lock->second), ScalarType::Index)};
  }
  refuse_op(op, "'%" + value->name + "' is not a value of the core's code");
}

int CoreCompiler::scalar_of(const Operation& op, const Value* value) {
  const Bound& held = bound(op, value);
  if (held.kind != Bound::Kind::Scalar) {
    refuse_op(op, "'%" + value->name + "' is not a number");
  }
  return held.reg;
}

int CoreCompiler::scalar(const Operation& op, std::size_t operand) {
  if (operand >= op.operands.size()) {
    refuse_op(op, "has too few operands");
  }
  return scalar_of(op, op.operands[operand]);
}

/// Returns a lock's number in the core's numbering, for kernels that use locks themselves. Numbers
/// 0 to 15 are the locks of the tile in the south, 16 to 31 of the tile in the west, 32 to 47 of
/// the tile in the north, and 48 to 63 of the core's own tile. mlir-aie calls such locks localized
/// locks.
std::int64_t CoreCompiler::local_lock(const Operation& op, int lock) const {
  const LockDraft& drafted = draft_.locks[static_cast<std::size_t>(lock)];
  if (!reaches(*draft_.array, core_.tile, drafted.tile)) {
    refuse_op(op, "the core of tile " + to_string(core_.tile) + " does not reach lock '" +
                      drafted.name + "' of tile " + to_string(drafted.tile));
  }
  const int group = drafted.tile == core_.tile                 ? 3
                    : drafted.tile.row > core_.tile.row        ? 2
                    : drafted.tile.column != core_.tile.column ? 1
                                                               : 0;
  return group * draft_.array->core.n_locks + *drafted.id;
}

void CoreCompiler::bind(const Value* value, int reg) {
  values_[value] = Bound{.kind = Bound::Kind::Scalar, .reg = reg};
}

void CoreCompiler::bind_result(const Operation& op, int reg) {
  if (op.results.size() != 1) {
    refuse_op(op, "has one result");
  }
  bind(op.results[0], reg);
}

ScalarType CoreCompiler::scalar_type(const mlir::Type* type, int line) const {
  if (type != nullptr && type->kind == mlir::TypeKind::Index) {
    return ScalarType::Index;
  }
  if (type != nullptr && type->kind == mlir::TypeKind::Integer) {
    switch (type->width) {
      case 1:
        return ScalarType::I1;
      case 8:
        return ScalarType::I8;
      case 16:
        return ScalarType::I16;
      case 32:
        return ScalarType::I32;
      case 64:
        return ScalarType::I64;
      default:
        break;
    }
  }
  if (type != nullptr && type->kind == mlir::TypeKind::Float && type->width < 64) {
    return type->is_bf16 ? ScalarType::Bf16 : type->width == 16 ? ScalarType::F16 : ScalarType::F32;
  }
  refuse_unmodelled(line,
                    "a value of type " + (type != nullptr ? type->text : "none") + " in a core");
}

ScalarType CoreCompiler::passed_type(const Value* value, int line) const {
  return value->type != nullptr && value->type->kind == mlir::TypeKind::MemRef
             ? ScalarType::Index
             : scalar_type(value->type, line);
}

void CoreCompiler::bind_passed(const Value* value, int reg, int line) {
  const mlir::Type* type = value->type;
  if (passed_type(value, line) != ScalarType::Index || type->kind != mlir::TypeKind::MemRef) {
    bind(value, reg);
    return;
  }
  values_[value] = Bound{.kind = Bound::Kind::View, .view = {reg, layout(*type, line), type}};
}

int CoreCompiler::register_of(const Operation& op, const Value* value) {
  const Bound& held = bound(op, value);
  if (held.kind != Bound::Kind::View) {
    return scalar_of(op, value);
  }
  if (held.view.strides != layout(*held.view.type, op.line)) {
    refuse_unmodelled(op.line, "a memory view that is passed on with a layout that its type, " +
                                   held.view.type->text + ", does not show");
  }
  return held.view.base;
}

std::vector<int> CoreCompiler::make_registers(const Operation& op,
                                              const std::vector<Value*>& values) {
  std::vector<int> registers;
  for (const Value* value : values) {
    registers.push_back(fresh());
    bind_passed(value, registers.back(), op.line);
  }
  return registers;
}

std::vector<int> CoreCompiler::registers_of(const Operation& op,
                                            const std::vector<Value*>& values) {
  std::vector<int> registers;
  for (const Value* value : values) {
    registers.push_back(register_of(op, value));
  }
  return registers;
}

std::vector<ScalarType> CoreCompiler::types_of(const Operation& op,
                                               const std::vector<Value*>& values) const {
  std::vector<ScalarType> types;
  for (const Value* value : values) {
    types.push_back(passed_type(value, op.line));
  }
  return types;
}

}  // namespace npuwhisper::emu::lowering
