// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/attributes.h"

#include <algorithm>
#include <limits>

namespace npuwhisper::emu::lowering {
namespace {

using mlir::Attribute;
using mlir::AttributeKind;
using mlir::Operation;

std::int64_t checked(const Operation& op, std::string_view name, const Attribute& attribute,
                     std::int64_t min, std::int64_t max) {
  if (attribute.kind != AttributeKind::Integer && attribute.kind != AttributeKind::Bool) {
    refuse_op(op, "attribute '" + std::string(name) + "' must be an integer");
  }
  if (attribute.integer < min || attribute.integer > max) {
    refuse_op(op, "attribute '" + std::string(name) + "' is " + std::to_string(attribute.integer) +
                      ", must be between " + std::to_string(min) + " and " + std::to_string(max));
  }
  return attribute.integer;
}

const Attribute& required(const Operation& op, std::string_view name) {
  const Attribute* attribute = op.attribute(name);
  if (attribute == nullptr) {
    refuse_op(op, "requires attribute '" + std::string(name) + "'");
  }
  return *attribute;
}

}  // namespace

void refuse_op(const Operation& op, const std::string& message) {
  refuse(op.line, "'" + op.name + "' op: " + message);
}

void know_attributes(const Operation& op, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : op.attributes) {
    if (name != "operandSegmentSizes" && name != "resultSegmentSizes" &&
        std::find(names.begin(), names.end(), name) == names.end()) {
      refuse_unmodelled(op.line, "attribute '" + name + "' of '" + op.name + "'");
    }
  }
}

std::int64_t integer(const Operation& op, std::string_view name, std::int64_t min,
                     std::int64_t max) {
  return checked(op, name, required(op, name), min, max);
}

std::optional<std::int64_t> optional_integer(const Operation& op, std::string_view name,
                                             std::int64_t min, std::int64_t max) {
  const Attribute* attribute = op.attribute(name);
  if (attribute == nullptr) {
    return std::nullopt;
  }
  return checked(op, name, *attribute, min, max);
}

std::int64_t integer_or(const Operation& op, std::string_view name, std::int64_t otherwise,
                        std::int64_t min, std::int64_t max) {
  return optional_integer(op, name, min, max).value_or(otherwise);
}

bool flag(const Operation& op, std::string_view name, bool otherwise) {
  const Attribute* attribute = op.attribute(name);
  if (attribute == nullptr) {
    return otherwise;
  }
  if (attribute->kind == AttributeKind::Unit) {
    return true;
  }
  return checked(op, name, *attribute, 0, 1) != 0;
}

std::string text(const Operation& op, std::string_view name) {
  const Attribute& attribute = required(op, name);
  if (attribute.kind != AttributeKind::String && attribute.kind != AttributeKind::Symbol &&
      attribute.kind != AttributeKind::Keyword) {
    refuse_op(op, "attribute '" + std::string(name) + "' must be a name");
  }
  return attribute.text;
}

std::optional<std::string> optional_text(const Operation& op, std::string_view name) {
  if (op.attribute(name) == nullptr) {
    return std::nullopt;
  }
  return text(op, name);
}

const mlir::Type& type(const Operation& op, std::string_view name) {
  const Attribute& attribute = required(op, name);
  if (attribute.kind != AttributeKind::Type || attribute.type == nullptr) {
    refuse_op(op, "attribute '" + std::string(name) + "' must be a type");
  }
  return *attribute.type;
}

std::vector<std::int64_t> integers(const Operation& op, std::string_view name) {
  const Attribute* attribute = op.attribute(name);
  std::vector<std::int64_t> values;
  if (attribute == nullptr) {
    return values;
  }
  if (attribute->kind == AttributeKind::Array) {
    for (const Attribute* element : attribute->elements) {
      values.push_back(checked(op, name, *element, std::numeric_limits<std::int64_t>::min(),
                               std::numeric_limits<std::int64_t>::max()));
    }
  } else if (attribute->kind == AttributeKind::DenseArray ||
             attribute->kind == AttributeKind::Dense) {
    for (const mlir::Number& number : attribute->numbers) {
      values.push_back(number.integer);
    }
  } else {
    refuse_op(op, "attribute '" + std::string(name) + "' must be an array of integers");
  }
  return values;
}

std::vector<std::string> symbols(const Operation& op, std::string_view name) {
  const Attribute& attribute = required(op, name);
  std::vector<std::string> names;
  if (attribute.kind != AttributeKind::Array) {
    refuse_op(op, "attribute '" + std::string(name) + "' must be an array of symbols");
  }
  for (const Attribute* element : attribute.elements) {
    if (element->kind != AttributeKind::Symbol) {
      refuse_op(op, "attribute '" + std::string(name) + "' must be an array of symbols");
    }
    names.push_back(element->text);
  }
  return names;
}

int choice(const Operation& op, std::string_view name,
           std::initializer_list<std::string_view> words) {
  const Attribute& attribute = required(op, name);
  if (attribute.kind == AttributeKind::Integer) {
    return static_cast<int>(
        checked(op, name, attribute, 0, static_cast<std::int64_t>(words.size()) - 1));
  }
  const auto found = std::find(words.begin(), words.end(), attribute.text);
  if (found == words.end()) {
    std::string wanted;
    for (const std::string_view word : words) {
      wanted += (wanted.empty() ? "" : ", ") + std::string(word);
    }
    refuse_op(op, "attribute '" + std::string(name) + "' is '" + attribute.text +
                      "', must be one of " + wanted);
  }
  return static_cast<int>(found - words.begin());
}

OperandRange operand_group(const Operation& op, std::size_t group) {
  const std::vector<std::int64_t> sizes = integers(op, "operandSegmentSizes");
  if (group >= sizes.size()) {
    refuse_op(op, "requires attribute 'operandSegmentSizes' with more entries");
  }
  OperandRange range;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0 || static_cast<std::uint64_t>(sizes[i]) > op.operands.size() - range.end) {
      refuse_op(op, "attribute 'operandSegmentSizes' does not match the operands");
    }
    range = {range.end, range.end + static_cast<std::size_t>(sizes[i])};
    if (i == group) {
      break;
    }
  }
  return range;
}

std::optional<PacketInfo> packet_info(const Operation& op, std::string_view name) {
  const Attribute* attribute = op.attribute(name);
  if (attribute == nullptr) {
    return std::nullopt;
  }
  const Attribute* id = attribute->field("pkt_id");
  const Attribute* type = attribute->field("pkt_type");
  if (id == nullptr) {
    refuse_op(op, "attribute '" + std::string(name) + "' needs a pkt_id");
  }
  return PacketInfo{static_cast<int>(checked(op, "pkt_id", *id, 0, 31)),
                    type == nullptr ? 0 : static_cast<int>(checked(op, "pkt_type", *type, 0, 7))};
}

int element_bits(const mlir::Type& memref, int line) {
  const mlir::Type* element = memref.element;
  if (element == nullptr ||
      (element->kind != mlir::TypeKind::Integer && element->kind != mlir::TypeKind::Float &&
       element->kind != mlir::TypeKind::Index)) {
    refuse_unmodelled(line, "a memory of type " + memref.text);
  }
  if (element->width % 8 != 0) {
    refuse_unmodelled(line, "a memory of elements of " + std::to_string(element->width) + " bits");
  }
  return element->width;
}

std::int64_t element_count(const mlir::Type& memref, int line) {
  std::int64_t count = 1;
  for (const std::int64_t dim : memref.shape) {
    if (dim == mlir::kDynamic) {
      refuse(line, "expected a static shape, found " + memref.text);
    }
    if (dim != 0 && count > (std::int64_t{1} << 40) / dim) {
      refuse(line, memref.text + " is too large");
    }
    count *= dim;
  }
  return count;
}

std::int64_t byte_size(const mlir::Type& memref, int line) {
  return element_count(memref, line) * (element_bits(memref, line) / 8);
}

}  // namespace npuwhisper::emu::lowering
