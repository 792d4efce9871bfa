// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/sequence.h"

#include "emulator/lower/initial_data.h"

namespace npuwhisper::emu::lowering {
namespace {

/// Limits on the work of the compiler, because loops multiply operations.
constexpr std::size_t kMaxSteps = 1 << 21;
constexpr std::size_t kMaxInstructions = 1 << 20;
constexpr std::size_t kMaxCallDepth = 16;
constexpr std::size_t kMaxWords = (64 << 20) / 4;  ///< 64 MiB, the minimum size of a client's heap.

}  // namespace

const std::map<std::string_view, SequenceCompiler::Handler>& SequenceCompiler::handlers() {
  using S = SequenceCompiler;
  static const std::map<std::string_view, Handler> table = {
      {"arith.constant", &S::constant},
      {"index.constant", &S::constant},
      {"arith.addi", &S::arithmetic},
      {"arith.subi", &S::arithmetic},
      {"arith.muli", &S::arithmetic},
      {"arith.divsi", &S::arithmetic},
      {"arith.divui", &S::arithmetic},
      {"arith.remsi", &S::arithmetic},
      {"arith.remui", &S::arithmetic},
      {"arith.minsi", &S::arithmetic},
      {"arith.maxsi", &S::arithmetic},
      {"arith.andi", &S::arithmetic},
      {"arith.ori", &S::arithmetic},
      {"arith.xori", &S::arithmetic},
      {"arith.shli", &S::arithmetic},
      {"arith.shrui", &S::arithmetic},
      {"arith.index_cast", &S::cast},
      {"arith.index_castui", &S::cast},
      {"arith.extsi", &S::cast},
      {"arith.extui", &S::cast},
      {"arith.trunci", &S::cast},
      {"arith.cmpi", &S::compare},
      {"arith.select", &S::select},
      {"scf.for", &S::for_loop},
      {"scf.if", &S::if_else},
      {"memref.subview", &S::subview},
      {"memref.reinterpret_cast", &S::reinterpret},
      {"memref.cast", &S::pass},
      {"memref.assume_alignment", &S::pass},
      {"memref.collapse_shape", &S::pass},
      {"memref.expand_shape", &S::pass},
      {"memref.get_global", &S::get_global},
      {"func.return", &S::ignore},
      {"aie.end", &S::ignore},
      {"aiex.configure", &S::configure},
      {"aiex.run", &S::run_sequence},
      {"aiex.npu.write32", &S::write32},
      {"aiex.npu.maskwrite32", &S::mask_write32},
      {"aiex.npu.blockwrite", &S::block_write},
      {"aiex.npu.rtp_write", &S::rtp_write},
      {"aiex.npu.address_patch", &S::address_patch},
      {"aiex.npu.sync", &S::sync},
      {"aiex.npu.push_queue", &S::push_queue},
      {"aiex.npu.writebd", &S::write_bd},
      {"aiex.npu.load_pdi", &S::load_pdi},
      {"aiex.npu.preempt", &S::preempt},
      {"aiex.set_lock", &S::set_lock},
      {"aiex.dma_channel_reset", &S::channel_reset},
      {"aiex.core_reset", &S::core_reset},
      {"aiex.buffer_clear", &S::buffer_clear},
      {"aiex.npu.dma_memcpy_nd", &S::dma_memcpy_nd},
      {"aiex.npu.dma_wait", &S::dma_wait},
      {"aiex.dma_configure_task", &S::configure_task},
      {"aiex.dma_configure_task_for", &S::configure_task},
      {"aiex.dma_start_task", &S::start_task},
      {"aiex.dma_await_task", &S::await_task},
      {"aiex.dma_free_task", &S::free_task},
      {"aiex.dma_start_bd_chain", &S::start_bd_chain},
      {"aiex.dma_start_bd_chain_for", &S::start_bd_chain},
  };
  return table;
}

void SequenceCompiler::emit(npu::Instruction instruction) {
  if (const auto* block = std::get_if<npu::BlockWrite>(&instruction)) {
    n_words_ += block->values.size();
  }
  if (instructions_.size() >= kMaxInstructions || n_words_ > kMaxWords) {
    refuse(line_, "the runtime sequence is too long");
  }
  instructions_.push_back(std::move(instruction));
}

void SequenceCompiler::run_operation(const Operation& op) {
  const auto handler = handlers().find(op.name);
  if (handler == handlers().end()) {
    refuse_unmodelled(op.line, "operation '" + op.name + "' in a runtime sequence");
  }
  if (++steps_ > kMaxSteps) {
    refuse(op.line, "the runtime sequence is too long");
  }
  line_ = op.line;
  (this->*handler->second)(op);
}

void SequenceCompiler::run_block(const Block& block) {
  for (const Operation* op : block.operations) {
    run_operation(*op);
  }
}

void SequenceCompiler::run_yielding(const Operation& op, const Block& block,
                                    std::vector<Bound>& results) {
  results.clear();
  for (const Operation* inner : block.operations) {
    if (inner->name == "scf.yield") {
      for (const Value* value : inner->operands) {
        results.push_back(bound(*inner, value));
      }
      break;
    }
    run_operation(*inner);
  }
  if (results.size() != op.results.size()) {
    refuse_op(op, "yields " + std::to_string(results.size()) + " values, expected " +
                      std::to_string(op.results.size()));
  }
}

void SequenceCompiler::for_loop(const Operation& op) {
  if (op.operands.size() < 3 || op.regions.size() != 1 || op.regions[0].blocks.size() != 1) {
    refuse_op(op, "expects bounds, a step and a body");
  }
  const Block& body = *op.regions[0].blocks[0];
  const std::int64_t upper = number(op, 1);
  const std::int64_t step = number(op, 2);
  if (step < 1) {
    refuse_op(op, "its step " + std::to_string(step) + " must be positive");
  }
  std::vector<Bound> carried;
  for (std::size_t i = 3; i < op.operands.size(); ++i) {
    carried.push_back(bound(op, op.operands[i]));
  }
  if (body.arguments.size() != carried.size() + 1 || op.results.size() != carried.size()) {
    refuse_op(op, "as many arguments and results as iter_args expected");
  }
  for (std::int64_t i = number(op, 0); i < upper;) {
    values_[body.arguments[0]] = Bound{.number = i};
    for (std::size_t k = 0; k < carried.size(); ++k) {
      values_[body.arguments[k + 1]] = carried[k];
    }
    run_yielding(op, body, carried);
    if (++steps_ > kMaxSteps) {
      refuse(op.line, "the runtime sequence is too long");
    }
    if (upper - i <= step) {
      break;
    }
    i += step;
  }
  for (std::size_t k = 0; k < carried.size(); ++k) {
    values_[op.results[k]] = carried[k];
  }
}

void SequenceCompiler::if_else(const Operation& op) {
  const std::size_t taken = number(op, 0) != 0 ? 0 : 1;
  std::vector<Bound> results;
  if (taken < op.regions.size() && op.regions[taken].blocks.size() == 1) {
    run_yielding(op, *op.regions[taken].blocks[0], results);
  }
  if (results.size() != op.results.size()) {
    refuse_op(op, "needs an else region where it has results");
  }
  for (std::size_t k = 0; k < results.size(); ++k) {
    values_[op.results[k]] = results[k];
  }
}

void SequenceCompiler::configure(const Operation& op) {
  const std::string symbol = text(op, "symbol");
  refuse_unmodelled(op.line, "'aiex.configure' (a change of configuration, to @" + symbol +
                                 ", within a sequence)");
}

void SequenceCompiler::run_sequence(const Operation& op) {
  const std::string name = text(op, "runtime_sequence_symbol");
  for (const Operation* sequence : draft_.sequences) {
    if (optional_text(*sequence, "sym_name").value_or("sequence") == name) {
      call_body(op, *sequence);
      return;
    }
  }
  refuse_op(op, "no runtime sequence '@" + name + "' in this device");
}

void SequenceCompiler::call_body(const Operation& op, const Operation& sequence) {
  if (sequence.regions.size() != 1 || sequence.regions[0].blocks.size() != 1) {
    refuse_op(sequence, "expects one block");
  }
  const Block& body = *sequence.regions[0].blocks[0];
  const std::string name = optional_text(sequence, "sym_name").value_or("sequence");
  if (!running_.insert(name).second) {
    refuse_op(op, "'@" + name + "' runs itself");
  }
  if (running_.size() > kMaxCallDepth) {
    refuse_op(op, "more than " + std::to_string(kMaxCallDepth) + " sequences within each other");
  }
  if (&op != &sequence) {
    if (body.arguments.size() != op.operands.size()) {
      refuse_op(op, "passes " + std::to_string(op.operands.size()) + " arguments, expected " +
                        std::to_string(body.arguments.size()));
    }
    for (std::size_t i = 0; i < op.operands.size(); ++i) {
      values_[body.arguments[i]] = Bound(bound(op, op.operands[i]));
    }
  }
  run_block(body);
  running_.erase(name);
}

RuntimeSequence SequenceCompiler::compile(const Operation& sequence) {
  know_attributes(sequence, {"sym_name", "function_type", "sym_visibility"});
  RuntimeSequence result;
  result.name = optional_text(sequence, "sym_name").value_or("sequence");
  if (sequence.regions.size() != 1 || sequence.regions[0].blocks.empty()) {
    result.instructions = npu::encode(instructions_, *draft_.array, draft_.n_columns);
    return result;
  }
  const Block& body = *sequence.regions[0].blocks[0];
  result.n_arguments = static_cast<int>(body.arguments.size());
  int argument = 0;
  for (const Value* value : body.arguments) {
    const mlir::Type* type = value->type;
    if (type != nullptr &&
        (type->kind == mlir::TypeKind::MemRef || type->kind == mlir::TypeKind::UnrankedMemRef)) {
      values_[value] = Bound{.kind = Bound::Kind::Host, .host = {argument, 0}};
    }
    ++argument;
  }
  call_body(sequence, sequence);
  result.instructions = npu::encode(instructions_, *draft_.array, draft_.n_columns);
  return result;
}

}  // namespace npuwhisper::emu::lowering
