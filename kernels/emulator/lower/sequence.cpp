// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/sequence.h"

#include <limits>

#include "emulator/lower/initial_data.h"

namespace npuwhisper::emu::lowering {
namespace {

/// Loops multiply instructions; the heap for them is 64 MiB for a context.
constexpr std::size_t kMaxSteps = 1 << 21;
constexpr std::size_t kMaxInstructions = 1 << 20;
constexpr std::int64_t kMaxHostElements = std::int64_t{1} << 40;

std::int64_t wrap(std::uint64_t value, const mlir::Type* type) {
  const int width = type != nullptr && type->width > 0 ? type->width : 64;
  if (width >= 64) {
    return static_cast<std::int64_t>(value);
  }
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  value &= mask;
  if (width > 1 && (value >> (width - 1) & 1) != 0) {
    value |= ~mask;
  }
  return static_cast<std::int64_t>(value);
}

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

const SequenceCompiler::Bound& SequenceCompiler::bound(const Operation& op, const Value* value) {
  const auto found = values_.find(value);
  if (found == values_.end()) {
    if (value->owner != nullptr && value->owner->name == "arith.constant") {
      constant(*value->owner);  // Of the device, outside of the sequence.
      return values_.at(value);
    }
    refuse_unmodelled(op.line, "'%" + value->name + "' as an operand of '" + op.name +
                                   "' (a value that is known at run time only, or of another "
                                   "kind)");
  }
  return found->second;
}

std::int64_t SequenceCompiler::number_of(const Operation& op, const Value* value) {
  const Bound& held = bound(op, value);
  if (held.kind != Bound::Kind::Number) {
    refuse_op(op, "'%" + value->name + "' is no number");
  }
  return held.number;
}

std::int64_t SequenceCompiler::number(const Operation& op, std::size_t operand) {
  if (operand >= op.operands.size()) {
    refuse_op(op, "has too few operands");
  }
  return number_of(op, op.operands[operand]);
}

void SequenceCompiler::bind_number(const Operation& op, std::int64_t value) {
  if (op.results.size() != 1) {
    refuse_op(op, "has one result");
  }
  values_[op.results[0]] = Bound{.number = value};
}

std::int64_t SequenceCompiler::field(const Operation& op, std::size_t operand,
                                     std::string_view name) {
  if (!op.operands.empty()) {
    return number(op, operand);
  }
  return integer(op, name, std::numeric_limits<std::int64_t>::min(),
                 std::numeric_limits<std::int64_t>::max());
}

void SequenceCompiler::run_operation(const Operation& op) {
  const auto handler = handlers().find(op.name);
  if (handler == handlers().end()) {
    refuse_unmodelled(op.line, "operation '" + op.name + "' in a runtime sequence");
  }
  if (++steps_ > kMaxSteps || instructions_.size() > kMaxInstructions) {
    refuse(op.line, "the runtime sequence is too long");
  }
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

void SequenceCompiler::constant(const Operation& op) {
  const mlir::Attribute* value = op.attribute("value");
  if (value == nullptr ||
      (value->kind != mlir::AttributeKind::Integer && value->kind != mlir::AttributeKind::Bool)) {
    refuse_unmodelled(op.line, "a constant that is no integer in a runtime sequence");
  }
  bind_number(op, value->integer);
}

void SequenceCompiler::arithmetic(const Operation& op) {
  const std::int64_t a = number(op, 0);
  const std::int64_t b = number(op, 1);
  const auto ua = static_cast<std::uint64_t>(a);
  const auto ub = static_cast<std::uint64_t>(b);
  const std::string_view name = std::string_view(op.name).substr(6);
  const bool divides = name.starts_with("div") || name.starts_with("rem");
  if (divides && (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min()))) {
    refuse_op(op, "divides " + std::to_string(a) + " by " + std::to_string(b));
  }
  if (name.starts_with("sh") && (b < 0 || b > 63)) {
    refuse_op(op, "shifts by " + std::to_string(b));
  }
  std::uint64_t result = 0;
  if (name == "addi") {
    result = ua + ub;
  } else if (name == "subi") {
    result = ua - ub;
  } else if (name == "muli") {
    result = ua * ub;
  } else if (name == "divsi") {
    result = static_cast<std::uint64_t>(a / b);
  } else if (name == "divui") {
    result = ua / ub;
  } else if (name == "remsi") {
    result = static_cast<std::uint64_t>(a % b);
  } else if (name == "remui") {
    result = ua % ub;
  } else if (name == "minsi") {
    result = static_cast<std::uint64_t>(std::min(a, b));
  } else if (name == "maxsi") {
    result = static_cast<std::uint64_t>(std::max(a, b));
  } else if (name == "andi") {
    result = ua & ub;
  } else if (name == "ori") {
    result = ua | ub;
  } else if (name == "xori") {
    result = ua ^ ub;
  } else if (name == "shli") {
    result = ua << ub;
  } else {
    result = ua >> ub;
  }
  bind_number(op, wrap(result, op.results.empty() ? nullptr : op.results[0]->type));
}

void SequenceCompiler::cast(const Operation& op) {
  auto value = static_cast<std::uint64_t>(number(op, 0));
  const int width = op.operands[0]->type != nullptr ? op.operands[0]->type->width : 64;
  if ((op.name == "arith.extui" || op.name == "arith.index_castui") && width > 0 && width < 64) {
    value &= (std::uint64_t{1} << width) - 1;
  }
  bind_number(op, wrap(value, op.results.empty() ? nullptr : op.results[0]->type));
}

void SequenceCompiler::compare(const Operation& op) {
  const int predicate =
      choice(op, "predicate", {"eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"});
  const std::int64_t a = number(op, 0);
  const std::int64_t b = number(op, 1);
  const auto ua = static_cast<std::uint64_t>(a);
  const auto ub = static_cast<std::uint64_t>(b);
  const bool results[] = {a == b,  a != b, a<b, a <= b, a> b, a >= b, ua<ub, ua <= ub, ua> ub,
                          ua >= ub};
  bind_number(op, results[predicate] ? 1 : 0);
}

void SequenceCompiler::select(const Operation& op) {
  if (op.operands.size() != 3 || op.results.size() != 1) {
    refuse_op(op, "expects three operands");
  }
  values_[op.results[0]] = Bound(bound(op, op.operands[number(op, 0) != 0 ? 1 : 2]));
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

void SequenceCompiler::subview(const Operation& op) {
  if (op.operands.empty() || op.results.size() != 1) {
    refuse_op(op, "expects a memory and has one result");
  }
  const Bound source = bound(op, op.operands[0]);
  if (source.kind != Bound::Kind::Host) {
    refuse_op(op, "expects an argument of the sequence");
  }
  const std::vector<std::int64_t> offsets = mixed(op, "static_offsets", 1);
  const std::vector<std::int64_t> sizes = mixed(op, "static_sizes", 2);
  const std::vector<std::int64_t> steps = mixed(op, "static_strides", 3);
  const mlir::Type& type = *op.operands[0]->type;
  if (offsets.size() != type.shape.size() || sizes.size() != offsets.size() ||
      steps.size() != offsets.size()) {
    refuse_op(op, "expects as many offsets, sizes and strides as the memory has dimensions");
  }
  const std::int64_t bytes = element_bits(type, op.line) / 8;
  element_count(type, op.line);
  // Descriptors address the argument by their own strides from the view's start on, which is
  // right only where the view's elements follow each other as in its type.
  std::int64_t stride = 1;
  std::int64_t offset = 0;
  bool partial = false;
  for (std::size_t i = offsets.size(); i > 0; --i) {
    const std::size_t d = i - 1;
    if (offsets[d] < 0 || sizes[d] < 0 || offsets[d] > type.shape[d] ||
        sizes[d] > type.shape[d] - offsets[d]) {
      refuse_op(op, "offset " + std::to_string(offsets[d]) + " and size " +
                        std::to_string(sizes[d]) + " exceed dimension " + std::to_string(d) +
                        " of " + type.text);
    }
    if ((partial && sizes[d] != 1) || (steps[d] != 1 && sizes[d] != 1)) {
      refuse_unmodelled(op.line, "'memref.subview' that is not contiguous, in a sequence");
    }
    partial = partial || sizes[d] != type.shape[d];
    offset += offsets[d] * stride;
    stride *= type.shape[d];
  }
  Bound result = source;
  result.host.offset += offset * bytes;
  values_[op.results[0]] = std::move(result);
}

void SequenceCompiler::reinterpret(const Operation& op) {
  if (op.operands.empty() || op.results.size() != 1) {
    refuse_op(op, "expects a memory and has one result");
  }
  Bound result = bound(op, op.operands[0]);
  const std::vector<std::int64_t> offsets = mixed(op, "static_offsets", 1);
  const std::vector<std::int64_t> sizes = mixed(op, "static_sizes", 2);
  const std::vector<std::int64_t> strides = mixed(op, "static_strides", 3);
  if (result.kind != Bound::Kind::Host || offsets.size() != 1) {
    refuse_op(op, "expects an argument of the sequence and one offset");
  }
  std::int64_t contiguous = 1;
  for (std::size_t i = sizes.size(); i > 0; --i) {
    if (sizes[i - 1] < 1 || sizes[i - 1] > kMaxHostElements / contiguous) {
      refuse_op(op, "size " + std::to_string(sizes[i - 1]) + " is no size of a buffer");
    }
    if (strides.size() != sizes.size() || (strides[i - 1] != contiguous && sizes[i - 1] != 1)) {
      refuse_unmodelled(op.line, "'memref.reinterpret_cast' that is not contiguous, in a sequence");
    }
    contiguous *= sizes[i - 1];
  }
  if (offsets[0] < 0 || offsets[0] > kMaxHostElements) {
    refuse_op(op, "offset " + std::to_string(offsets[0]) + " lies outside of any buffer");
  }
  result.host.offset += offsets[0] * (element_bits(*op.operands[0]->type, op.line) / 8);
  values_[op.results[0]] = std::move(result);
}

void SequenceCompiler::pass(const Operation& op) {
  if (op.operands.empty() || op.results.size() != 1) {
    refuse_op(op, "expects a memory and has one result");
  }
  values_[op.results[0]] = Bound(bound(op, op.operands[0]));
}

void SequenceCompiler::get_global(const Operation& op) {
  const std::string name = text(op, "name");
  const auto found = plan_.globals.find(name);
  if (found == plan_.globals.end() || op.results.size() != 1) {
    refuse_op(op, "'" + name + "' does not reference a valid global memref");
  }
  const Operation& global = *found->second;
  const mlir::Attribute* value = global.attribute("initial_value");
  if (value == nullptr) {
    refuse_op(global, "has no initial value");
  }
  const std::vector<std::byte> bytes = initial_data(*value, type(global, "type"), global.line);
  Bound data{.kind = Bound::Kind::Data};
  for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t b = 0; b < 4; ++b) {
      word |= static_cast<std::uint32_t>(bytes[i + b]) << 8 * b;
    }
    data.data.push_back(word);
  }
  if (bytes.size() % 4 != 0) {
    refuse_op(op, "its data is not a multiple of 4 bytes");
  }
  values_[op.results[0]] = std::move(data);
}

void SequenceCompiler::configure(const Operation& op) {
  const std::string symbol = text(op, "symbol");
  refuse_unmodelled(op.line, "'aiex.configure' (a change of configuration, to @" + symbol +
                                 ", within a sequence)");
}

void SequenceCompiler::run_sequence(const Operation& op) {
  const std::string name = text(op, "runtime_sequence_symbol");
  for (const Operation* sequence : plan_.sequences) {
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
    result.instructions = npu::encode(instructions_, *plan_.array, plan_.n_columns);
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
  result.instructions = npu::encode(instructions_, *plan_.array, plan_.n_columns);
  return result;
}

}  // namespace npuwhisper::emu::lowering
