// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"
#include "emulator/lower/initial_data.h"
#include "emulator/lower/place.h"

namespace npuwhisper::emu::lowering {
namespace {

std::vector<std::int64_t> row_major(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * shape[i - 1];
  }
  return strides;
}

bool is_contiguous(const std::vector<std::int64_t>& strides,
                   const std::vector<std::int64_t>& shape) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i > 0; --i) {
    if (shape[i - 1] != 1 && strides[i - 1] != expected) {
      return false;
    }
    expected *= shape[i - 1];
  }
  return true;
}

}  // namespace

std::vector<std::int64_t> CoreCompiler::layout(const mlir::Type& memref, int line) {
  element_count(memref, line);
  if (!memref.has_layout) {
    return row_major(memref.shape);
  }
  for (const std::int64_t stride : memref.strides) {
    if (stride == mlir::kDynamic) {
      refuse_unmodelled(line, "a memref with dynamic strides that is passed on in a core");
    }
  }
  return memref.strides;
}

CoreCompiler::View CoreCompiler::buffer_view(const Operation& op, int buffer) {
  const BufferDraft& memory = draft_.buffers[static_cast<std::size_t>(buffer)];
  if (!reaches(*draft_.array, core_.tile, memory.tile)) {
    refuse_op(op, "the core of tile " + to_string(core_.tile) + " does not reach buffer '" +
                      memory.name + "' of tile " + to_string(memory.tile));
  }
  const std::int64_t pattern =
      pack_address({memory.tile, static_cast<std::uint32_t>(*memory.address)});
  return {constant(pattern, ScalarType::Index), row_major(memory.type->shape), memory.type};
}

CoreCompiler::View CoreCompiler::view(const Operation& op, const Value* value) {
  const Bound& held = bound(op, value);
  if (held.kind != Bound::Kind::View) {
    refuse_op(op, "'%" + value->name + "' is not a memory view");
  }
  return held.view;
}

void CoreCompiler::bind_view(const Operation& op, View view) {
  if (op.results.size() != 1) {
    refuse_op(op, "has one result");
  }
  values_[op.results[0]] = Bound{.kind = Bound::Kind::View, .view = std::move(view)};
}

int CoreCompiler::element_offset(const Operation& op, const View& view, std::size_t first_index) {
  if (op.operands.size() - first_index != view.strides.size()) {
    refuse_op(op, "expects " + std::to_string(view.strides.size()) + " indices, found " +
                      std::to_string(op.operands.size() - first_index));
  }
  const std::int64_t bytes = element_bits(*view.type, op.line) / 8;
  int offset = -1;
  for (std::size_t i = 0; i < view.strides.size(); ++i) {
    int term = scalar(op, first_index + i);
    if (view.strides[i] * bytes != 1) {
      term = emit_binary(Alu::Mul, ScalarType::Index, term,
                         constant(view.strides[i] * bytes, ScalarType::Index), op.line);
    }
    offset = offset < 0 ? term : emit_binary(Alu::Add, ScalarType::Index, offset, term, op.line);
  }
  return offset < 0 ? constant(0, ScalarType::Index) : offset;
}

void CoreCompiler::load(const Operation& op) {
  if (op.operands.empty()) {
    refuse_op(op, "expects a memory");
  }
  const View memory = view(op, op.operands[0]);
  const int offset = element_offset(op, memory, 1);
  CoreInstruction& instruction = emit(CoreOp::Load, op.line);
  instruction.type = scalar_type(memory.type->element, op.line);
  instruction.a = memory.base;
  instruction.b = offset;
  instruction.result = fresh();
  bind_result(op, program_.code.back().result);
}

void CoreCompiler::store(const Operation& op) {
  if (op.operands.size() < 2) {
    refuse_op(op, "expects a value and a memory");
  }
  const View memory = view(op, op.operands[1]);
  const int value = scalar(op, 0);
  const int offset = element_offset(op, memory, 2);
  CoreInstruction& instruction = emit(CoreOp::Store, op.line);
  instruction.type = scalar_type(memory.type->element, op.line);
  instruction.a = memory.base;
  instruction.b = offset;
  instruction.c = value;
}

CoreCompiler::View CoreCompiler::data_view(const Operation& op, const std::string& name,
                                           const mlir::Type& type, std::vector<std::byte> initial) {
  const auto [found, inserted] = data_named_.try_emplace(name, data_.size());
  if (inserted) {
    const std::int64_t bytes = byte_size(type, op.line);
    const std::uint32_t address = place_data(draft_, core_.tile, data_end_, bytes, op.line);
    data_end_ = address + static_cast<std::uint32_t>(bytes);
    data_.push_back(
        {name, core_.tile, address, static_cast<std::uint32_t>(bytes), std::move(initial)});
  }
  const std::int64_t pattern = pack_address({core_.tile, data_[found->second].address});
  return {constant(pattern, ScalarType::Index), row_major(type.shape), &type};
}

void CoreCompiler::get_global(const Operation& op) {
  const std::string name = text(op, "name");
  const auto found = draft_.globals.find(name);
  if (found == draft_.globals.end()) {
    refuse_op(op, "'" + name + "' does not reference a valid global memref");
  }
  const Operation& global = *found->second;
  const mlir::Type& type = lowering::type(global, "type");
  std::vector<std::byte> initial;
  if (const mlir::Attribute* value = global.attribute("initial_value");
      value != nullptr && value->kind == mlir::AttributeKind::Dense) {
    initial = initial_data(*value, type, global.line);
  }
  bind_view(op, data_view(op, name, type, std::move(initial)));
}

void CoreCompiler::allocate(const Operation& op) {
  know_attributes(op, {"alignment"});
  if (!op.operands.empty() || op.results.size() != 1) {
    refuse_unmodelled(op.line, "'" + op.name + "' of a dynamic shape");
  }
  bind_view(op, data_view(op,
                          op.name + " of line " + std::to_string(op.line) + " #" +
                              std::to_string(data_.size()),
                          *op.results[0]->type, {}));
}

int CoreCompiler::advance(const Operation& op, const View& memory, int elements) {
  const std::int64_t bytes = element_bits(*memory.type, op.line) / 8;
  const int offset = emit_binary(Alu::Mul, ScalarType::Index, elements,
                                 constant(bytes, ScalarType::Index), op.line);
  return emit_binary(Alu::Add, ScalarType::Index, memory.base, offset, op.line);
}

std::vector<int> CoreCompiler::mixed_registers(const Operation& op, std::string_view name,
                                               std::size_t group) {
  OperandRange range = operand_group(op, group);
  std::vector<int> registers;
  for (const std::int64_t value : integers(op, name)) {
    if (value != mlir::kDynamic) {
      registers.push_back(constant(value, ScalarType::Index));
    } else if (range.begin < range.end) {
      registers.push_back(scalar(op, range.begin++));
    } else {
      refuse_op(op, "fewer values than '" + std::string(name) + "' has places");
    }
  }
  return registers;
}

void CoreCompiler::subview(const Operation& op) {
  if (op.operands.empty() || op.results.size() != 1) {
    refuse_op(op, "expects a memory and has one result");
  }
  const View memory = view(op, op.operands[0]);
  const std::vector<int> offsets = mixed_registers(op, "static_offsets", 1);
  const std::vector<std::int64_t> sizes = integers(op, "static_sizes");
  const std::vector<std::int64_t> steps = integers(op, "static_strides");
  const std::size_t rank = memory.strides.size();
  if (offsets.size() != rank || sizes.size() != rank || steps.size() != rank) {
    refuse_op(op, "expects " + std::to_string(rank) + " offsets, sizes and strides");
  }
  View result{.type = op.results[0]->type};
  int elements = constant(0, ScalarType::Index);
  std::vector<std::int64_t> strides;
  for (std::size_t i = 0; i < rank; ++i) {
    if (steps[i] == mlir::kDynamic) {
      refuse_unmodelled(op.line, "'memref.subview' with a dynamic stride");
    }
    elements = emit_binary(Alu::Add, ScalarType::Index, elements,
                           emit_binary(Alu::Mul, ScalarType::Index, offsets[i],
                                       constant(memory.strides[i], ScalarType::Index), op.line),
                           op.line);
    strides.push_back(memory.strides[i] * steps[i]);
  }
  // The result type may omit dimensions of size 1.
  const std::vector<std::int64_t>& shape = result.type->shape;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool dropped = sizes[i] == 1 && rank - i > shape.size() - next &&
                         (next >= shape.size() || shape[next] != 1);
    if (!dropped && next < shape.size()) {
      result.strides.push_back(strides[i]);
      ++next;
    }
  }
  if (result.strides.size() != shape.size()) {
    refuse_op(op, "its result type does not follow from its sizes");
  }
  result.base = advance(op, memory, elements);
  bind_view(op, std::move(result));
}

void CoreCompiler::reinterpret(const Operation& op) {
  if (op.operands.empty() || op.results.size() != 1) {
    refuse_op(op, "expects a memory and has one result");
  }
  const View memory = view(op, op.operands[0]);
  const std::vector<int> offsets = mixed_registers(op, "static_offsets", 1);
  View result{.strides = integers(op, "static_strides"), .type = op.results[0]->type};
  if (offsets.size() != 1 || result.strides.size() != result.type->shape.size()) {
    refuse_op(op, "expects one offset and as many strides as the result has dimensions");
  }
  for (const std::int64_t stride : result.strides) {
    if (stride == mlir::kDynamic) {
      refuse_unmodelled(op.line, "'memref.reinterpret_cast' with a dynamic stride");
    }
  }
  // The offset is relative to the start of the underlying memory. If the source memref has an
  // offset of its own, this start is not known.
  const Value* source = op.operands[0];
  if (source->type->has_layout && source->type->offset != 0) {
    refuse_unmodelled(op.line, "'memref.reinterpret_cast' of a memref with an offset");
  }
  result.base = advance(op, memory, offsets[0]);
  bind_view(op, std::move(result));
}

void CoreCompiler::reshape(const Operation& op) {
  if (op.operands.size() != 1 || op.results.size() != 1) {
    refuse_op(op, "expects a memory and has one result");
  }
  const View memory = view(op, op.operands[0]);
  const mlir::Type& type = *op.results[0]->type;
  if (!is_contiguous(memory.strides, memory.type->shape)) {
    refuse_unmodelled(op.line, "'" + op.name + "' of memory that is not contiguous");
  }
  if (element_count(*memory.type, op.line) != element_count(type, op.line)) {
    refuse_op(op, "does not keep the number of elements");
  }
  bind_view(op, {memory.base, row_major(type.shape), &type});
}

void CoreCompiler::pass_view(const Operation& op) {
  if (op.operands.empty()) {
    refuse_op(op, "expects a memory");
  }
  View memory = view(op, op.operands[0]);
  if (op.name == "memref.assume_alignment" || op.results[0]->type->kind == mlir::TypeKind::MemRef) {
    bind_view(op, std::move(memory));
  } else {
    refuse_unmodelled(op.line, "'memref.cast' to " + op.results[0]->type->text);
  }
}

void CoreCompiler::copy(const Operation& op) {
  if (op.operands.size() != 2) {
    refuse_op(op, "expects two memories");
  }
  const View from = view(op, op.operands[0]);
  const View to = view(op, op.operands[1]);
  if (element_count(*from.type, op.line) != element_count(*to.type, op.line) ||
      element_bits(*from.type, op.line) != element_bits(*to.type, op.line)) {
    refuse_op(op, "requires the same shape and element type on both sides");
  }
  if (!is_contiguous(from.strides, from.type->shape) ||
      !is_contiguous(to.strides, to.type->shape)) {
    refuse_unmodelled(op.line, "'memref.copy' of memory that is not contiguous");
  }
  const ScalarType type = scalar_type(from.type->element, op.line);
  const int bytes = element_bits(*from.type, op.line) / 8;
  const int offset = fresh();
  emit_copy(offset, constant(0, ScalarType::Index), ScalarType::Index, op.line);
  const int head = here();
  const std::size_t leave = emit_jump_if_not(
      emit_compare(Alu::LtS, ScalarType::Index, offset,
                   constant(byte_size(*from.type, op.line), ScalarType::Index), op.line),
      op.line);
  CoreInstruction& read = emit(CoreOp::Load, op.line);
  read.type = type;
  read.a = from.base;
  read.b = offset;
  read.result = fresh();
  const int value = read.result;
  CoreInstruction& write = emit(CoreOp::Store, op.line);
  write.type = type;
  write.a = to.base;
  write.b = offset;
  write.c = value;
  emit_copy(
      offset,
      emit_binary(Alu::Add, ScalarType::Index, offset, constant(bytes, ScalarType::Index), op.line),
      ScalarType::Index, op.line);
  emit(CoreOp::Jump, op.line).target = head;
  patch(leave);
}

}  // namespace npuwhisper::emu::lowering
