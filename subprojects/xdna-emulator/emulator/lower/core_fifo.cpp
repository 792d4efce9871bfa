// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"
#include "emulator/lower/read_device.h"

namespace npuwhisper::emu::lowering {

void CoreCompiler::emit_lock(int lock, LockAction action, int value_register, std::int64_t value,
                             int line) {
  const LockDraft& drafted = draft_.locks[static_cast<std::size_t>(lock)];
  if (!reaches(*draft_.array, core_.tile, drafted.tile)) {
    refuse(line, "'aie.use_lock' op: the core of tile " + to_string(core_.tile) +
                     " does not reach lock '" + drafted.name + "' of tile " +
                     to_string(drafted.tile));
  }
  CoreInstruction& instruction = emit(CoreOp::UseLock, line);
  instruction.lock_tile = drafted.tile;
  instruction.lock = *drafted.id;
  instruction.lock_action = action;
  instruction.a = value_register;
  instruction.immediate = value;
}

void CoreCompiler::use_lock(const Operation& op) {
  if (op.operands.size() > 1 && !constant_of(op.operands[1])) {
    // The core computes the value at run time.
    know_attributes(op, {"action"});
    constexpr LockAction kActions[] = {LockAction::AcquireEqual, LockAction::Release,
                                       LockAction::AcquireAtLeast};
    const int action = choice(op, "action", {"Acquire", "Release", "AcquireGreaterEqual"});
    emit_lock(draft_.lock_operand(op, 0), kActions[action], scalar(op, 1), 0, op.line);
    return;
  }
  const LockUse use = lock_use(draft_, op);
  emit_lock(use.lock, use.action, -1, use.value, op.line);
}

const FifoEnd& CoreCompiler::fifo_end(const Operation& op, FifoCounters*& counters) {
  know_attributes(op, {"objFifo_name", "port", "size"});
  const std::string name = text(op, "objFifo_name");
  const bool produces = choice(op, "port", {"Produce", "Consume"}) == 0;
  const auto end = draft_.fifo_ends.find({core_.tile, name, produces});
  if (end == draft_.fifo_ends.end() || end->second.buffers.empty()) {
    refuse_op(op, "object FIFO '@" + name + "' has no buffers for the core of tile " +
                      to_string(core_.tile));
  }
  FifoCounters& held = counters_[{name, produces}];
  if (held.position < 0) {
    held.position = variable(0, ScalarType::I32);
    held.held = variable(0, ScalarType::I32);
  }
  counters = &held;
  return end->second;
}

void CoreCompiler::acquire(const Operation& op) {
  FifoCounters* counters = nullptr;
  const FifoEnd& end = fifo_end(op, counters);
  const std::int64_t wanted = integer(op, "size", 1, 4096);
  if (static_cast<std::size_t>(wanted) > end.buffers.size()) {
    refuse_op(op, "acquires " + std::to_string(wanted) + " objects of an object FIFO of depth " +
                      std::to_string(end.buffers.size()) + ": it would wait forever");
  }
  // Objects that the core already holds count towards the wanted number. The core acquires only the
  // missing objects.
  const int n = constant(wanted, ScalarType::I32);
  const int missing =
      emit_binary(Alu::MaxS, ScalarType::I32,
                  emit_binary(Alu::Sub, ScalarType::I32, n, counters->held, op.line),
                  constant(0, ScalarType::I32), op.line);
  if (end.acquire_lock >= 0) {
    const int units = end.locks_per_object == 1
                          ? missing
                          : emit_binary(Alu::Mul, ScalarType::I32, missing,
                                        constant(end.locks_per_object, ScalarType::I32), op.line);
    emit_lock(end.acquire_lock, LockAction::AcquireAtLeast, units, 0, op.line);
  }
  emit_copy(counters->held,
            emit_binary(Alu::Add, ScalarType::I32, counters->held, missing, op.line),
            ScalarType::I32, op.line);
  const int position = fresh();
  emit_copy(position, counters->position, ScalarType::I32, op.line);
  const Subview acquired{&end, position, static_cast<int>(wanted)};
  for (std::size_t i = 0; i < op.results.size(); ++i) {
    const Value* result = op.results[i];
    if (result->type->kind == mlir::TypeKind::ObjectFifoSubview) {
      values_[result] = Bound{.kind = Bound::Kind::Subview, .subview = acquired};
    } else {
      values_[result] =
          Bound{.kind = Bound::Kind::View,
                .view = object(op, acquired, static_cast<std::int64_t>(i), *result->type)};
    }
  }
}

void CoreCompiler::release(const Operation& op) {
  FifoCounters* counters = nullptr;
  const FifoEnd& end = fifo_end(op, counters);
  const std::int64_t count = integer(op, "size", 1, 4096);
  const auto depth = static_cast<std::int64_t>(end.buffers.size());
  if (count > depth) {
    refuse_op(op, "releases " + std::to_string(count) + " objects of an object FIFO of depth " +
                      std::to_string(depth));
  }
  if (end.release_lock >= 0) {
    emit_lock(end.release_lock, LockAction::Release, -1, count * end.locks_per_object, op.line);
  }
  const int n = constant(count, ScalarType::I32);
  emit_copy(counters->held, emit_binary(Alu::Sub, ScalarType::I32, counters->held, n, op.line),
            ScalarType::I32, op.line);
  const int next = emit_binary(Alu::Add, ScalarType::I32, counters->position, n, op.line);
  emit_copy(
      counters->position,
      emit_binary(Alu::RemS, ScalarType::I32, next, constant(depth, ScalarType::I32), op.line),
      ScalarType::I32, op.line);
}

CoreCompiler::View CoreCompiler::object(const Operation& op, const Subview& subview,
                                        std::int64_t index, const mlir::Type& type) {
  if (index < 0 || index >= subview.n_objects) {
    refuse_op(op, "accessed farther than number of acquired elements (index out of bounds).");
  }
  if (type.kind != mlir::TypeKind::MemRef) {
    refuse_op(op, "its result must be a memref");
  }
  const std::vector<int>& buffers = subview.end->buffers;
  View result = buffer_view(op, buffers[0]);
  if (buffers.size() > 1) {
    const auto depth = static_cast<std::int64_t>(buffers.size());
    const int position = emit_binary(Alu::RemS, ScalarType::I32,
                                     emit_binary(Alu::Add, ScalarType::I32, subview.position,
                                                 constant(index, ScalarType::I32), op.line),
                                     constant(depth, ScalarType::I32), op.line);
    for (std::size_t i = 1; i < buffers.size(); ++i) {
      const int is_here =
          emit_compare(Alu::Eq, ScalarType::I32, position,
                       constant(static_cast<std::int64_t>(i), ScalarType::I32), op.line);
      const int base = buffer_view(op, buffers[i]).base;
      CoreInstruction& instruction = emit(CoreOp::Select, op.line);
      instruction.type = ScalarType::Index;
      instruction.from = ScalarType::Index;
      instruction.a = is_here;
      instruction.b = base;
      instruction.c = result.base;
      instruction.result = fresh();
      result.base = program_.code.back().result;
    }
  }
  // The access may use another type for the same memory, as in linked FIFOs with objects of
  // different sizes.
  if (byte_size(type, op.line) > byte_size(*result.type, op.line)) {
    refuse_op(op, "ObjectFifo element and ObjectFifoSubview element must match");
  }
  return {result.base, layout(type, op.line), &type};
}

void CoreCompiler::access(const Operation& op) {
  know_attributes(op, {"index"});
  if (op.operands.size() != 1 || op.results.size() != 1) {
    refuse_op(op, "expects a subview and has one result");
  }
  const Bound held = bound(op, op.operands[0]);
  if (held.kind != Bound::Kind::Subview) {
    refuse_op(op, "subview operand must be the direct result of an aie.objectfifo.acquire");
  }
  bind_view(op, object(op, held.subview, integer(op, "index", 0, 4096), *op.results[0]->type));
}

void CoreCompiler::event(const Operation& op) {
  emit(CoreOp::Event, op.line).immediate = integer(op, "val", 0, 1);
}

void CoreCompiler::put_stream(const Operation& op) {
  const int port = scalar(op, 0);
  const int value = scalar(op, 1);
  const ScalarType type = scalar_type(op.operands[1]->type, op.line);
  if (type != ScalarType::I32 && type != ScalarType::F32) {
    refuse_unmodelled(op.line, "'aie.put_stream' of " + op.operands[1]->type->text);
  }
  CoreInstruction& instruction = emit(CoreOp::PutStream, op.line);
  instruction.type = type;
  instruction.a = value;
  instruction.b = port;
}

void CoreCompiler::get_stream(const Operation& op) {
  const int port = scalar(op, 0);
  if (op.results.size() != 1) {
    refuse_op(op, "has one result");
  }
  const ScalarType type = scalar_type(op.results[0]->type, op.line);
  if (type != ScalarType::I32 && type != ScalarType::F32) {
    refuse_unmodelled(op.line, "'aie.get_stream' of " + op.results[0]->type->text);
  }
  CoreInstruction& instruction = emit(CoreOp::GetStream, op.line);
  instruction.type = type;
  instruction.b = port;
  instruction.result = fresh();
  bind_result(op, program_.code.back().result);
}

}  // namespace npuwhisper::emu::lowering
