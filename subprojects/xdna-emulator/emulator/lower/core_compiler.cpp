// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"

#include <algorithm>

namespace npuwhisper::emu::lowering {
namespace {

/// Limit on the operations and on the instructions of a core's program. Inlining can multiply both
/// numbers. A core's program memory holds far fewer instructions.
constexpr std::size_t kMaxInstructions = 1 << 18;
constexpr std::size_t kMaxCallDepth = 16;

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

// Code.

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
    // Save a source first if an earlier copy overwrites it.
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

void CoreCompiler::compile_operation(const Operation& op) {
  const auto handler = handlers().find(op.name);
  if (handler == handlers().end()) {
    refuse_unmodelled(op.line, "operation '" + op.name + "' in a core");
  }
  // Limit the number of operations, too, because nested calls also multiply operations that emit no
  // code.
  if (++n_operations_ > kMaxInstructions) {
    refuse(op.line, "the core's program is too long");
  }
  (this->*handler->second)(op);
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
  const auto found = draft_.functions.find(callee);
  if (found == draft_.functions.end()) {
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
  if (inlining_.size() > kMaxCallDepth) {
    refuse_op(op, "more than " + std::to_string(kMaxCallDepth) + " calls within each other");
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

  // Constants and counters are initialised first, which shifts the targets of all jumps.
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
