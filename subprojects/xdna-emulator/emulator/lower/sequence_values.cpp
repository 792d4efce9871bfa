// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <limits>

#include "emulator/lower/initial_data.h"
#include "emulator/lower/sequence.h"

namespace npuwhisper::emu::lowering {
namespace {

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

const SequenceCompiler::Bound& SequenceCompiler::bound(const Operation& op, const Value* value) {
  const auto found = values_.find(value);
  if (found == values_.end()) {
    if (value->owner != nullptr && value->owner->name == "arith.constant") {
      constant(*value->owner);  // The constant is defined in the device, outside the sequence.
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
    refuse_op(op, "'%" + value->name + "' is not a number");
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

std::vector<std::int64_t> SequenceCompiler::mixed(const Operation& op, std::string_view name,
                                                  std::size_t group) {
  std::vector<std::int64_t> values = integers(op, name);
  OperandRange range = operand_group(op, group);
  for (std::int64_t& value : values) {
    if (value == mlir::kDynamic) {
      if (range.begin == range.end) {
        refuse_op(op, "fewer values than '" + std::string(name) + "' has places");
      }
      value = number(op, range.begin++);
    }
  }
  return values;
}

void SequenceCompiler::constant(const Operation& op) {
  const mlir::Attribute* value = op.attribute("value");
  if (value == nullptr ||
      (value->kind != mlir::AttributeKind::Integer && value->kind != mlir::AttributeKind::Bool)) {
    refuse_unmodelled(op.line, "a constant that is not an integer in a runtime sequence");
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
  // Descriptors walk the argument with their own strides from the view's start. Such a walk is
  // correct only if the view's elements are contiguous.
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
      refuse_op(op, "size " + std::to_string(sizes[i - 1]) + " of a buffer, expected 1 to " +
                        std::to_string(kMaxHostElements / contiguous));
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
  const auto found = draft_.globals.find(name);
  if (found == draft_.globals.end() || op.results.size() != 1) {
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

}  // namespace npuwhisper::emu::lowering
