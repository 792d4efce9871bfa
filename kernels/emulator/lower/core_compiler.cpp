// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"

#include <algorithm>

namespace npuwhisper::emu::lowering {
namespace {

/// Inlined functions multiply code; a core's program memory ends long before.
constexpr std::size_t kMaxInstructions = 1 << 18;

}  // namespace

const std::map<std::string_view, CoreCompiler::Handler>& CoreCompiler::handlers() {
  using C = CoreCompiler;
  static const std::map<std::string_view, Handler> table = {
      {"scf.for", &C::for_loop},
      {"scf.if", &C::if_else},
      {"scf.while", &C::while_loop},
      {"scf.index_switch", &C::index_switch},
      {"affine.for", &C::affine_for},
      {"cf.br", &C::branch},
      {"cf.cond_br", &C::conditional_branch},
      {"func.call", &C::call},
      {"func.return", &C::ignore},
      {"aie.end", &C::end},
      {"arith.constant", &C::constant_value},
      {"index.constant", &C::constant_value},
      {"arith.addi", &C::binary},
      {"arith.subi", &C::binary},
      {"arith.muli", &C::binary},
      {"arith.divsi", &C::binary},
      {"arith.divui", &C::binary},
      {"arith.remsi", &C::binary},
      {"arith.remui", &C::binary},
      {"arith.ceildivsi", &C::binary},
      {"arith.floordivsi", &C::binary},
      {"arith.andi", &C::binary},
      {"arith.ori", &C::binary},
      {"arith.xori", &C::binary},
      {"arith.shli", &C::binary},
      {"arith.shrsi", &C::binary},
      {"arith.shrui", &C::binary},
      {"arith.maxsi", &C::binary},
      {"arith.minsi", &C::binary},
      {"arith.maxui", &C::binary},
      {"arith.minui", &C::binary},
      {"arith.addf", &C::binary},
      {"arith.subf", &C::binary},
      {"arith.mulf", &C::binary},
      {"arith.divf", &C::binary},
      {"arith.remf", &C::binary},
      {"arith.maximumf", &C::binary},
      {"arith.minimumf", &C::binary},
      {"arith.maxnumf", &C::binary},
      {"arith.minnumf", &C::binary},
      {"index.add", &C::binary},
      {"index.sub", &C::binary},
      {"index.mul", &C::binary},
      {"arith.negf", &C::unary},
      {"math.absf", &C::unary},
      {"math.sqrt", &C::unary},
      {"math.exp", &C::unary},
      {"math.log", &C::unary},
      {"math.tanh", &C::unary},
      {"math.floor", &C::unary},
      {"math.ceil", &C::unary},
      {"arith.extsi", &C::convert},
      {"arith.extui", &C::convert},
      {"arith.extf", &C::convert},
      {"arith.trunci", &C::convert},
      {"arith.truncf", &C::convert},
      {"arith.sitofp", &C::convert},
      {"arith.uitofp", &C::convert},
      {"arith.fptosi", &C::convert},
      {"arith.fptoui", &C::convert},
      {"arith.index_cast", &C::index_cast},
      {"arith.index_castui", &C::index_cast},
      {"arith.cmpi", &C::compare_integers},
      {"index.cmp", &C::compare_integers},
      {"arith.cmpf", &C::compare_floats},
      {"arith.select", &C::select},
      {"memref.load", &C::load},
      {"memref.store", &C::store},
      {"affine.load", &C::load},
      {"affine.store", &C::store},
      {"memref.get_global", &C::get_global},
      {"memref.alloc", &C::allocate},
      {"memref.alloca", &C::allocate},
      {"memref.dealloc", &C::ignore},
      {"memref.subview", &C::subview},
      {"memref.reinterpret_cast", &C::reinterpret},
      {"memref.collapse_shape", &C::reshape},
      {"memref.expand_shape", &C::reshape},
      {"memref.cast", &C::pass_view},
      {"memref.assume_alignment", &C::pass_view},
      {"memref.copy", &C::copy},
      {"aie.use_lock", &C::use_lock},
      {"aie.objectfifo.acquire", &C::acquire},
      {"aie.objectfifo.release", &C::release},
      {"aie.objectfifo.subview.access", &C::access},
      {"aie.event", &C::event},
      {"aie.put_stream", &C::put_stream},
      {"aie.get_stream", &C::get_stream},
  };
  return table;
}

// Values and code.

int CoreCompiler::constant(std::int64_t value, ScalarType type) {
  const auto [found, inserted] = constants_.try_emplace({type, value}, -1);
  if (inserted) {
    found->second = variable(value, type);
  }
  return found->second;
}

int CoreCompiler::variable(std::int64_t initial, ScalarType type) {
  const int reg = fresh();
  preamble_.push_back({reg, {type, initial}});
  return reg;
}

CoreInstruction& CoreCompiler::emit(CoreOp op, int line) {
  if (program_.code.size() >= kMaxInstructions) {
    refuse(line, "the code of core " + to_string(core_.tile) + " is too long");
  }
  CoreInstruction& instruction = program_.code.emplace_back();
  instruction.op = op;
  instruction.line = line;
  return instruction;
}

int CoreCompiler::emit_binary(Alu alu, ScalarType type, int a, int b, int line) {
  CoreInstruction& instruction = emit(CoreOp::Binary, line);
  instruction.alu = alu;
  instruction.type = type;
  instruction.from = type;
  instruction.a = a;
  instruction.b = b;
  instruction.result = fresh();
  return instruction.result;
}

int CoreCompiler::emit_compare(Alu alu, ScalarType type, int a, int b, int line) {
  CoreInstruction& instruction = emit(CoreOp::Compare, line);
  instruction.alu = alu;
  instruction.type = ScalarType::I1;
  instruction.from = type;
  instruction.a = a;
  instruction.b = b;
  instruction.result = fresh();
  return instruction.result;
}

void CoreCompiler::emit_copy(int to, int from, ScalarType type, int line) {
  CoreInstruction& instruction = emit(CoreOp::Copy, line);
  instruction.type = type;
  instruction.from = type;
  instruction.a = from;
  instruction.result = to;
}

void CoreCompiler::emit_copies(const std::vector<int>& to, const std::vector<int>& from,
                               const std::vector<ScalarType>& types, int line) {
  std::vector<int> sources = from;
  for (std::size_t i = 0; i < to.size(); ++i) {
    // A source that an earlier copy overwrites is saved first.
    if (std::find(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(i), sources[i]) !=
        to.begin() + static_cast<std::ptrdiff_t>(i)) {
      const int saved = fresh();
      sources[i] = saved;
    }
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (sources[i] != from[i]) {
      emit_copy(sources[i], from[i], types[i], line);
    }
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] != sources[i]) {
      emit_copy(to[i], sources[i], types[i], line);
    }
  }
}

std::size_t CoreCompiler::emit_jump(int line) {
  emit(CoreOp::Jump, line);
  return program_.code.size() - 1;
}

std::size_t CoreCompiler::emit_jump_if_not(int condition, int line) {
  emit(CoreOp::JumpIfNot, line).a = condition;
  return program_.code.size() - 1;
}

CoreCompiler::Bound& CoreCompiler::bound(const Operation& op, const Value* value) {
  const auto found = values_.find(value);
  if (found != values_.end()) {
    return found->second;
  }
  if (const auto buffer = plan_.buffer_of.find(value); buffer != plan_.buffer_of.end()) {
    Bound made{.kind = Bound::Kind::View, .view = buffer_view(op, buffer->second)};
    return values_[value] = std::move(made);
  }
  // Constants may stand outside of the core.
  if (value->owner != nullptr && value->owner->name == "arith.constant") {
    constant_value(*value->owner);
    return values_.at(value);
  }
  if (const auto lock = plan_.lock_of.find(value); lock != plan_.lock_of.end()) {
    return values_[value] = Bound{.reg = constant(local_lock(op, lock->second), ScalarType::Index)};
  }
  refuse_op(op, "'%" + value->name + "' is no value of the core's code");
}

int CoreCompiler::scalar_of(const Operation& op, const Value* value) {
  const Bound& held = bound(op, value);
  if (held.kind != Bound::Kind::Scalar) {
    refuse_op(op, "'%" + value->name + "' is no number");
  }
  return held.reg;
}

int CoreCompiler::scalar(const Operation& op, std::size_t operand) {
  if (operand >= op.operands.size()) {
    refuse_op(op, "has too few operands");
  }
  return scalar_of(op, op.operands[operand]);
}

/// Kernels that lock for themselves are given a lock's number as the core sees it: 16 of the tile
/// in the south, 16 in the west, 16 in the north, 16 of its own (mlir-aie's localized locks).
std::int64_t CoreCompiler::local_lock(const Operation& op, int lock) const {
  const LockPlan& plan = plan_.locks[static_cast<std::size_t>(lock)];
  if (!reaches(*plan_.array, core_.tile, plan.tile)) {
    refuse_op(op, "the core of tile " + to_string(core_.tile) + " does not reach lock '" +
                      plan.name + "' of tile " + to_string(plan.tile));
  }
  const int group = plan.tile == core_.tile                 ? 3
                    : plan.tile.row > core_.tile.row        ? 2
                    : plan.tile.column != core_.tile.column ? 1
                                                            : 0;
  return group * plan_.array->core.n_locks + *plan.id;
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

// Control flow.

const mlir::Block& CoreCompiler::only_block(const Operation& op, std::size_t region) const {
  if (region >= op.regions.size() || op.regions[region].blocks.size() != 1) {
    refuse_op(op, "expects regions of one block");
  }
  return *op.regions[region].blocks[0];
}

void CoreCompiler::compile_operation(const Operation& op) {
  const auto handler = handlers().find(op.name);
  if (handler == handlers().end()) {
    refuse_unmodelled(op.line, "operation '" + op.name + "' in a core");
  }
  (this->*handler->second)(op);
}

void CoreCompiler::compile_block(const Block& block) {
  for (const Operation* op : block.operations) {
    compile_operation(*op);
  }
}

void CoreCompiler::compile_yielding(const Operation& op, std::size_t region,
                                    std::string_view terminator, const std::vector<int>& to) {
  const Block& block = only_block(op, region);
  for (const Operation* inner : block.operations) {
    if (inner != block.operations.back() || inner->name != terminator) {
      compile_operation(*inner);
      continue;
    }
    if (inner->operands.size() != to.size()) {
      refuse_op(*inner, "yields " + std::to_string(inner->operands.size()) + " values, expected " +
                            std::to_string(to.size()));
    }
    emit_copies(to, registers_of(*inner, inner->operands), types_of(*inner, inner->operands),
                inner->line);
    return;
  }
  if (!to.empty()) {
    refuse_op(op, "expects '" + std::string(terminator) + "' at the end of its regions");
  }
}

void CoreCompiler::compile_loop(const Operation& op, int lower, int upper, int step,
                                ScalarType type, std::size_t first_init,
                                std::string_view terminator) {
  const Block& body = only_block(op, 0);
  const std::vector<Value*> inits(op.operands.begin() + static_cast<std::ptrdiff_t>(first_init),
                                  op.operands.end());
  if (body.arguments.size() != inits.size() + 1 || op.results.size() != inits.size()) {
    refuse_op(op, "as many arguments and results as iter_args expected");
  }
  const std::vector<int> initial = registers_of(op, inits);
  const int counter = fresh();
  bind(body.arguments[0], counter);
  std::vector<int> carried;
  for (std::size_t i = 0; i < inits.size(); ++i) {
    carried.push_back(fresh());
    bind_passed(body.arguments[i + 1], carried.back(), op.line);
    emit_copy(carried[i], initial[i], passed_type(inits[i], op.line), op.line);
  }
  emit_copy(counter, lower, type, op.line);
  const int head = here();
  const std::size_t leave =
      emit_jump_if_not(emit_compare(Alu::LtS, type, counter, upper, op.line), op.line);
  compile_yielding(op, 0, terminator, carried);
  emit_copy(counter, emit_binary(Alu::Add, type, counter, step, op.line), type, op.line);
  emit(CoreOp::Jump, op.line).target = head;
  patch(leave);
  for (std::size_t i = 0; i < inits.size(); ++i) {
    bind_passed(op.results[i], carried[i], op.line);
  }
}

void CoreCompiler::for_loop(const Operation& op) {
  if (op.operands.size() < 3) {
    refuse_op(op, "expects bounds and a step");
  }
  if (op.attribute("unsignedCmp") != nullptr) {
    refuse_unmodelled(op.line, "an unsigned 'scf.for'");
  }
  compile_loop(op, scalar(op, 0), scalar(op, 1), scalar(op, 2),
               scalar_type(op.operands[0]->type, op.line), 3, "scf.yield");
}

void CoreCompiler::affine_for(const Operation& op) {
  std::size_t next = 0;
  const auto limit = [&](const char* name) {
    if (const auto value =
            optional_integer(op, name, -(std::int64_t{1} << 40), std::int64_t{1} << 40)) {
      return constant(*value, ScalarType::Index);
    }
    return scalar(op, next++);
  };
  if (op.attribute("step") == nullptr) {
    refuse_unmodelled(op.line, "the generic form of 'affine.for'");
  }
  const int lower = limit("lower_bound");
  const int upper = limit("upper_bound");
  const int step = constant(integer(op, "step", 1, std::int64_t{1} << 40), ScalarType::Index);
  compile_loop(op, lower, upper, step, ScalarType::Index, next, "affine.yield");
}

void CoreCompiler::if_else(const Operation& op) {
  if (op.regions.empty() || op.regions.size() > 2) {
    refuse_op(op, "expects one or two regions");
  }
  const int condition = scalar(op, 0);
  const std::vector<int> results = make_registers(op, op.results);
  const std::size_t to_else = emit_jump_if_not(condition, op.line);
  compile_yielding(op, 0, "scf.yield", results);
  if (op.regions.size() == 2 && !op.regions[1].blocks.empty()) {
    const std::size_t to_end = emit_jump(op.line);
    patch(to_else);
    compile_yielding(op, 1, "scf.yield", results);
    patch(to_end);
  } else {
    if (!results.empty()) {
      refuse_op(op, "needs an else region where it has results");
    }
    patch(to_else);
  }
}

void CoreCompiler::while_loop(const Operation& op) {
  const Block& before = only_block(op, 0);
  const Block& after = only_block(op, 1);
  if (before.arguments.size() != op.operands.size()) {
    refuse_op(op, "as many arguments as operands expected");
  }
  const std::vector<int> carried = make_registers(op, before.arguments);
  emit_copies(carried, registers_of(op, op.operands), types_of(op, op.operands), op.line);
  const int head = here();
  const Operation* condition = nullptr;
  for (const Operation* inner : before.operations) {
    if (inner->name == "scf.condition" && inner == before.operations.back()) {
      condition = inner;
    } else {
      compile_operation(*inner);
    }
  }
  if (condition == nullptr || condition->operands.empty() ||
      condition->operands.size() - 1 != op.results.size() ||
      after.arguments.size() != op.results.size()) {
    refuse_op(op, "expects 'scf.condition' with as many values as results");
  }
  const std::vector<Value*> passed(condition->operands.begin() + 1, condition->operands.end());
  const std::vector<int> results = make_registers(op, op.results);
  emit_copies(results, registers_of(*condition, passed), types_of(*condition, passed),
              condition->line);
  const std::size_t leave = emit_jump_if_not(scalar(*condition, 0), condition->line);
  for (std::size_t i = 0; i < results.size(); ++i) {
    bind_passed(after.arguments[i], results[i], op.line);
  }
  compile_yielding(op, 1, "scf.yield", carried);
  emit(CoreOp::Jump, op.line).target = head;
  patch(leave);
}

void CoreCompiler::index_switch(const Operation& op) {
  const std::vector<std::int64_t> cases = integers(op, "cases");
  if (op.regions.size() != cases.size() + 1) {
    refuse_op(op, "as many regions as cases and a default expected");
  }
  const int selector = scalar(op, 0);
  const std::vector<int> results = make_registers(op, op.results);
  std::vector<std::size_t> to_end;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const int same = emit_compare(Alu::Eq, ScalarType::Index, selector,
                                  constant(cases[i], ScalarType::Index), op.line);
    const std::size_t to_next = emit_jump_if_not(same, op.line);
    compile_yielding(op, i + 1, "scf.yield", results);
    to_end.push_back(emit_jump(op.line));
    patch(to_next);
  }
  compile_yielding(op, 0, "scf.yield", results);
  for (const std::size_t jump : to_end) {
    patch(jump);
  }
}

void CoreCompiler::jump_to(const mlir::Successor& successor, const Operation& op) {
  const Block& block = *successor.block;
  if (block.arguments.size() != successor.arguments.size()) {
    refuse_op(op, "passes " + std::to_string(successor.arguments.size()) + " values to ^" +
                      block.label + ", which has " + std::to_string(block.arguments.size()) +
                      " arguments");
  }
  std::vector<int> to;
  for (const Value* argument : block.arguments) {
    if (!values_.contains(argument)) {
      bind_passed(argument, fresh(), op.line);
    }
    const Bound& passed = values_.at(argument);
    to.push_back(passed.kind == Bound::Kind::View ? passed.view.base : passed.reg);
  }
  emit_copies(to, registers_of(op, successor.arguments), types_of(op, successor.arguments),
              op.line);
  block_jumps_.emplace_back(emit_jump(op.line), &block);
}

void CoreCompiler::branch(const Operation& op) {
  if (op.successors.size() != 1) {
    refuse_op(op, "expects one successor");
  }
  jump_to(op.successors[0], op);
}

void CoreCompiler::conditional_branch(const Operation& op) {
  if (op.successors.size() != 2 || op.operands.size() != 1) {
    refuse_op(op, "expects a condition and two successors");
  }
  const std::size_t to_else = emit_jump_if_not(scalar(op, 0), op.line);
  jump_to(op.successors[0], op);
  patch(to_else);
  jump_to(op.successors[1], op);
}

void CoreCompiler::compile_region(const mlir::Region& region) {
  for (const Block* block : region.blocks) {
    block_start_[block] = here();
    for (const Value* argument : block->arguments) {
      if (!values_.contains(argument)) {
        bind_passed(argument, fresh(), block->line);
      }
    }
    compile_block(*block);
  }
  for (const auto& [jump, block] : block_jumps_) {
    const auto start = block_start_.find(block);
    if (start == block_start_.end()) {
      refuse(program_.code[jump].line, "a branch leaves its region");
    }
    program_.code[jump].target = start->second;
  }
  block_jumps_.clear();
}

// Calls.

void CoreCompiler::link(const std::string& object) {
  if (std::find(kernel_objects_.begin(), kernel_objects_.end(), object) == kernel_objects_.end()) {
    kernel_objects_.push_back(object);
  }
}

void CoreCompiler::call(const Operation& op) {
  know_attributes(op, {"callee"});
  const std::string callee = text(op, "callee");
  const auto found = plan_.functions.find(callee);
  if (found == plan_.functions.end()) {
    refuse_op(op, "'" + callee + "' does not reference a valid function");
  }
  const Operation& function = *found->second;
  if (!function.regions.empty() && !function.regions[0].blocks.empty()) {
    inline_call(op, function);
    return;
  }
  const mlir::Type& signature = type(function, "function_type");
  if (signature.kind != mlir::TypeKind::Function || signature.inputs.size() != op.operands.size() ||
      signature.results.size() != op.results.size() || op.results.size() > 1) {
    refuse_op(op, "operands and results do not match the declaration of '" + callee + "'");
  }
  std::vector<CallArgument> arguments;
  for (const Value* value : op.operands) {
    const Bound& held = bound(op, value);
    if (held.kind == Bound::Kind::View) {
      arguments.push_back({held.view.base, true, ScalarType::I32});
    } else {
      arguments.push_back({scalar_of(op, value), false, scalar_type(value->type, op.line)});
    }
  }
  const std::string object = optional_text(function, "link_with").value_or("");
  if (!object.empty()) {
    link(object);
  }
  CoreInstruction& instruction = emit(CoreOp::Call, op.line);
  instruction.callee = optional_text(function, "link_symbol").value_or(callee);
  instruction.object = object;
  instruction.arguments = std::move(arguments);
  if (!op.results.empty()) {
    const ScalarType result = scalar_type(op.results[0]->type, op.line);
    const int reg = fresh();
    instruction.type = result;
    instruction.result = reg;
    bind(op.results[0], reg);
  }
}

void CoreCompiler::inline_call(const Operation& op, const Operation& function) {
  const std::string name = text(function, "sym_name");
  if (!inlining_.insert(name).second) {
    refuse_op(op, "'" + name + "' calls itself");
  }
  const Block& body = only_block(function, 0);
  if (body.arguments.size() != op.operands.size()) {
    refuse_op(op, "operands do not match the declaration of '" + name + "'");
  }
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    values_[body.arguments[i]] = Bound(bound(op, op.operands[i]));
  }
  for (const Operation* inner : body.operations) {
    if (inner->name == "func.return") {
      if (inner->operands.size() != op.results.size()) {
        refuse_op(*inner, "as many values as results expected");
      }
      for (std::size_t i = 0; i < op.results.size(); ++i) {
        values_[op.results[i]] = Bound(bound(*inner, inner->operands[i]));
      }
      break;
    }
    compile_operation(*inner);
  }
  inlining_.erase(name);
}

void CoreCompiler::end(const Operation& op) {
  emit(CoreOp::End, op.line);
}

CompiledCore CoreCompiler::compile() {
  const Operation& op = *core_.op;
  if (op.regions.size() != 1 || op.regions[0].blocks.empty()) {
    refuse_op(op, "should have non-empty body");
  }
  if (const auto object = optional_text(op, "link_with")) {
    link(*object);
  }
  if (const mlir::Attribute* files = op.attribute("link_files")) {
    for (const mlir::Attribute* file : files->elements) {
      link(file->text);
    }
  }
  compile_region(op.regions[0]);
  emit(CoreOp::End, op.line);

  // Constants and counters are set before everything else, which moves all jumps.
  const int shift = static_cast<int>(preamble_.size());
  std::vector<CoreInstruction> code;
  code.reserve(preamble_.size() + program_.code.size());
  for (const auto& [reg, value] : preamble_) {
    CoreInstruction set;
    set.op = CoreOp::Constant;
    set.type = value.first;
    set.from = value.first;
    set.result = reg;
    set.immediate = value.second;
    set.line = op.line;
    code.push_back(set);
  }
  for (CoreInstruction& instruction : program_.code) {
    if (instruction.op == CoreOp::Jump || instruction.op == CoreOp::JumpIfNot) {
      instruction.target += shift;
    }
    code.push_back(std::move(instruction));
  }
  program_.code = std::move(code);
  return {std::move(program_), std::move(kernel_objects_), std::move(data_)};
}

}  // namespace npuwhisper::emu::lowering
