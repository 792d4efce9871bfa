// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/core_compiler.h"

namespace npuwhisper::emu::lowering {

const mlir::Block& CoreCompiler::only_block(const Operation& op, std::size_t region) const {
  if (region >= op.regions.size() || op.regions[region].blocks.size() != 1) {
    refuse_op(op, "expects regions of one block");
  }
  return *op.regions[region].blocks[0];
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

}  // namespace npuwhisper::emu::lowering
