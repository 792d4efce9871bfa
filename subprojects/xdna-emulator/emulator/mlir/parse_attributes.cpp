// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/parser.h"
#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu::mlir {
namespace {

/// Returns the names of the fields of an aie attribute. In the short form, such as <4, 1>, the
/// values are in the order of these names.
std::vector<std::string_view> struct_fields(std::string_view name) {
  if (name == "bd_dim_layout") {
    return {"size", "stride"};
  }
  if (name == "bd_pad_layout") {
    return {"const_pad_before", "const_pad_after"};
  }
  if (name == "packet_info") {
    return {"pkt_type", "pkt_id"};
  }
  if (name == "bd_iteration") {
    return {"size", "stride", "current"};
  }
  return {};
}

bool is_type_word(std::string_view word) {
  if (word == "memref" || word == "tensor" || word == "vector" || word == "index" ||
      word == "bf16" || word == "f16" || word == "f32" || word == "f64" || word == "none") {
    return true;
  }
  const std::size_t skip = word.starts_with("ui") || word.starts_with("si") ? 2 : 1;
  return word.size() > skip && (word[0] == 'i' || skip == 2) &&
         word.find_first_not_of("0123456789", skip) == std::string_view::npos;
}

}  // namespace

void Parser::optional_type(Attribute& attribute) {
  if (take_if(TokenKind::Colon)) {
    attribute.type = type();
  }
}

const Attribute* Parser::number_attribute() {
  Attribute number;
  const bool negative = take_if(TokenKind::Minus);
  if (at(TokenKind::Float)) {
    number.kind = AttributeKind::Float;
    number.real = take().real;
    number.real = negative ? -number.real : number.real;
  } else {
    number.kind = AttributeKind::Integer;
    const Token digits = expect(TokenKind::Integer, "a number");
    if (negative && digits.integer > std::uint64_t{1} << 63) {
      refuse(digits.line, "integer does not fit 64 bits");
    }
    number.integer =
        static_cast<std::int64_t>(negative ? std::uint64_t{0} - digits.integer : digits.integer);
  }
  optional_type(number);
  return module_.add(std::move(number));
}

void Parser::dense_numbers(Attribute& into, int depth) {
  if (take_if(TokenKind::LeftSquare)) {
    if (depth > 16) {
      refuse(token_.line, "more than 16 dimensions");
    }
    if (take_if(TokenKind::RightSquare)) {
      return;
    }
    do {
      dense_numbers(into, depth + 1);
    } while (take_if(TokenKind::Comma));
    expect(TokenKind::RightSquare, "',' or ']'");
    return;
  }
  Number number;
  if (at_word("true") || at_word("false")) {
    number.integer = take().text == "true" ? 1 : 0;
  } else {
    const bool negative = take_if(TokenKind::Minus);
    if (at(TokenKind::Float)) {
      number.is_float = true;
      number.real = take().real;
      number.real = negative ? -number.real : number.real;
    } else {
      const std::uint64_t magnitude = expect(TokenKind::Integer, "a number").integer;
      number.integer =
          static_cast<std::int64_t>(negative ? std::uint64_t{0} - magnitude : magnitude);
    }
  }
  into.numbers.push_back(number);
  into.splat = depth == 0;
}

const Attribute* Parser::dense_attribute() {
  Attribute dense{.kind = AttributeKind::Dense};
  expect(TokenKind::Less, "'<'");
  if (at(TokenKind::String)) {
    const Token hex = take();
    if (!hex.text.starts_with("0x")) {
      refuse(hex.line, "expected a hexadecimal string in dense<...>");
    }
    dense.text = hex.text;  // The element type defines the meaning of these bytes.
  } else if (!at(TokenKind::Greater)) {
    dense_numbers(dense, 0);
  }
  expect(TokenKind::Greater, "'>'");
  optional_type(dense);
  return module_.add(std::move(dense));
}

const Attribute* Parser::dense_array_attribute() {
  Attribute array{.kind = AttributeKind::DenseArray};
  expect(TokenKind::Less, "'<'");
  array.type = type();
  if (take_if(TokenKind::Colon) && !at(TokenKind::Greater)) {
    do {
      dense_numbers(array, 0);
    } while (take_if(TokenKind::Comma));
  }
  array.splat = false;
  expect(TokenKind::Greater, "'>'");
  return module_.add(std::move(array));
}

const Attribute* Parser::dictionary_attribute() {
  Operation holder;
  attribute_dictionary(holder);
  return module_.add(
      Attribute{.kind = AttributeKind::Dictionary, .fields = std::move(holder.attributes)});
}

const Attribute* Parser::struct_body(std::string name, const std::vector<std::string_view>& names) {
  Attribute fields{.kind = AttributeKind::Struct, .text = std::move(name)};
  expect(TokenKind::Less, "'<'");
  std::size_t position = 0;
  while (!take_if(TokenKind::Greater)) {
    std::string field;
    if (at(TokenKind::BareId)) {
      field = take().text;
      expect(TokenKind::Equal, "'='");
    } else if (position < names.size()) {
      field = names[position];
    } else {
      expected("a field's name or '>'");
    }
    ++position;
    if (fields.field(field) != nullptr) {
      refuse(token_.line, "field '" + field + "' occurs twice");
    }
    const Attribute* value = attribute();
    fields.fields.emplace_back(std::move(field), value);
    if (!at(TokenKind::Greater) && !take_if(TokenKind::Comma)) {
      expected("',' or '>'");
    }
  }
  return module_.add(std::move(fields));
}

const Attribute* Parser::struct_array(const std::vector<std::string_view>& names) {
  std::vector<const Attribute*> elements;
  expect(TokenKind::LeftSquare, "'['");
  while (!take_if(TokenKind::RightSquare)) {
    if (at(TokenKind::AttributeId)) {
      elements.push_back(attribute());
    } else {
      elements.push_back(struct_body("", names));
    }
    if (!at(TokenKind::RightSquare) && !take_if(TokenKind::Comma)) {
      expected("',' or ']'");
    }
  }
  return make_array(std::move(elements));
}

void Parser::skip_angles() {
  int open = 0;
  do {
    if (at(TokenKind::End)) {
      expected("'>'");
    }
    open += at(TokenKind::Less) ? 1 : at(TokenKind::Greater) ? -1 : 0;
    take();
  } while (open > 0);
}

/// Parses an attribute of the aie dialect. Lists of dimensions are in angle brackets. `bare` is
/// true inside #aie<...>, where the angle brackets of a list are optional.
const Attribute* Parser::aie_attribute(const std::string& mnemonic, bool bare) {
  const bool nested = mnemonic.ends_with("layout_array_array");
  if (!nested && !mnemonic.ends_with("layout_array")) {
    const std::vector<std::string_view> fields = struct_fields(mnemonic);
    if (!fields.empty() || at(TokenKind::Less)) {
      return struct_body(mnemonic, fields);
    }
    return module_.add(Attribute{.kind = AttributeKind::Struct, .text = mnemonic});
  }
  const bool angles = !bare || at(TokenKind::Less);
  if (angles) {
    expect(TokenKind::Less, "'<'");
  }
  const std::vector<std::string_view> fields =
      struct_fields(mnemonic.starts_with("bd_pad") ? "bd_pad_layout" : "bd_dim_layout");
  const Attribute* array = nullptr;
  if (nested) {
    std::vector<const Attribute*> rows;
    expect(TokenKind::LeftSquare, "'['");
    while (!take_if(TokenKind::RightSquare)) {
      rows.push_back(at(TokenKind::AttributeId) ? attribute() : struct_array(fields));
      if (!at(TokenKind::RightSquare) && !take_if(TokenKind::Comma)) {
        expected("',' or ']'");
      }
    }
    array = make_array(std::move(rows));
  } else {
    array = struct_array(fields);
  }
  if (angles) {
    expect(TokenKind::Greater, "'>'");
  }
  return array;
}

const Attribute* Parser::dialect_attribute() {
  const Token name = take();
  if (const auto alias = attribute_aliases_.find(name.text); alias != attribute_aliases_.end()) {
    return alias->second;
  }
  // #aie.packet_info<...> may also be written as #aie<packet_info<...>>.
  if (name.text == "aie" && take_if(TokenKind::Less)) {
    const Token mnemonic = expect(TokenKind::BareId, "an attribute of the aie dialect");
    const Attribute* attribute = aie_attribute(mnemonic.text, true);
    expect(TokenKind::Greater, "'>'");
    return attribute;
  }
  if (name.text.starts_with("aie.")) {
    return aie_attribute(name.text.substr(4), false);
  }
  if (at(TokenKind::Less)) {
    skip_angles();  // Skips parameters, as in #arith.overflow<none>: only the name is kept.
  }
  return module_.add(Attribute{.kind = AttributeKind::Struct, .text = name.text});
}

const Attribute* Parser::attribute() {
  const Depth depth(*this);
  switch (token_.kind) {
    case TokenKind::Integer:
    case TokenKind::Float:
    case TokenKind::Minus:
      return number_attribute();
    case TokenKind::String: {
      Attribute text{.kind = AttributeKind::String, .text = take().text};
      optional_type(text);
      return module_.add(std::move(text));
    }
    case TokenKind::SymbolId:
      return make_symbol(symbol());
    case TokenKind::LeftSquare: {
      take();
      std::vector<const Attribute*> elements;
      while (!take_if(TokenKind::RightSquare)) {
        elements.push_back(attribute());
        if (!at(TokenKind::RightSquare) && !take_if(TokenKind::Comma)) {
          expected("',' or ']'");
        }
      }
      return make_array(std::move(elements));
    }
    case TokenKind::LeftBrace:
      return dictionary_attribute();
    case TokenKind::Less:
      return struct_body("", {});
    case TokenKind::AttributeId:
      return dialect_attribute();
    case TokenKind::TypeId:
    case TokenKind::LeftParen:
      return make_type(type());
    case TokenKind::BareId:
      break;
    default:
      expected("an attribute");
  }
  if (at_word("true") || at_word("false")) {
    return module_.add(
        Attribute{.kind = AttributeKind::Bool, .integer = take().text == "true" ? 1 : 0});
  }
  if (take_word_if("unit")) {
    return make_unit();
  }
  if (take_word_if("dense")) {
    return dense_attribute();
  }
  if (take_word_if("array")) {
    return dense_array_attribute();
  }
  if (at_word("affine_map") || at_word("affine_set") || at_word("sparse") ||
      at_word("dense_resource") || at_word("distinct")) {
    refuse_unmodelled(token_.line, "attribute '" + token_.text + "'");
  }
  if (is_type_word(token_.text)) {
    return make_type(type());
  }
  return make_keyword(take().text);
}

}  // namespace npuwhisper::emu::mlir
