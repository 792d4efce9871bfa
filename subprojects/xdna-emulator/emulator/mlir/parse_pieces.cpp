// SPDX-License-Identifier: LGPL-2.1-or-later

#include "emulator/mlir/parser.h"
#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu::mlir {
namespace {

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::End:
      return "end of text";
    case TokenKind::BareId:
      return "'" + token.text + "'";
    case TokenKind::ValueId:
      return "'%" + token.text + "'";
    case TokenKind::SymbolId:
      return "'@" + token.text + "'";
    case TokenKind::BlockId:
      return "'^" + token.text + "'";
    case TokenKind::AttributeId:
      return "'#" + token.text + "'";
    case TokenKind::TypeId:
      return "'!" + token.text + "'";
    case TokenKind::Integer:
      return "integer " + std::to_string(token.integer);
    case TokenKind::Float:
      return "number " + token.text;
    case TokenKind::String:
      return "string \"" + token.text + "\"";
    case TokenKind::LeftParen:
      return "'('";
    case TokenKind::RightParen:
      return "')'";
    case TokenKind::LeftBrace:
      return "'{'";
    case TokenKind::RightBrace:
      return "'}'";
    case TokenKind::LeftSquare:
      return "'['";
    case TokenKind::RightSquare:
      return "']'";
    case TokenKind::Less:
      return "'<'";
    case TokenKind::Greater:
      return "'>'";
    case TokenKind::Comma:
      return "','";
    case TokenKind::Colon:
      return "':'";
    case TokenKind::ColonColon:
      return "'::'";
    case TokenKind::Equal:
      return "'='";
    case TokenKind::Arrow:
      return "'->'";
    case TokenKind::Minus:
      return "'-'";
    case TokenKind::Plus:
      return "'+'";
    case TokenKind::Star:
      return "'*'";
    case TokenKind::Slash:
      return "'/'";
    case TokenKind::Question:
      return "'?'";
    case TokenKind::Ellipsis:
      return "'...'";
  }
  return "token";
}

}  // namespace

// Tokens.

Token Parser::take() {
  Token taken = std::move(token_);
  token_ = lexer_.next();
  return taken;
}

bool Parser::take_if(TokenKind kind) {
  if (!at(kind)) {
    return false;
  }
  take();
  return true;
}

bool Parser::take_word_if(std::string_view word) {
  if (!at_word(word)) {
    return false;
  }
  take();
  return true;
}

void Parser::expected(std::string_view what) const {
  refuse(token_.line, "expected " + std::string(what) + ", found " + describe(token_));
}

Token Parser::expect(TokenKind kind, std::string_view what) {
  if (!at(kind)) {
    expected(what);
  }
  return take();
}

void Parser::expect_word(std::string_view word) {
  if (!take_word_if(word)) {
    expected("'" + std::string(word) + "'");
  }
}

// The functions below parse parts of operations.

std::int64_t Parser::integer() {
  const bool negative = take_if(TokenKind::Minus);
  const int line = token_.line;
  const std::uint64_t magnitude = expect(TokenKind::Integer, "an integer").integer;
  if (negative) {
    if (magnitude > std::uint64_t{1} << 63) {
      refuse(line, "integer does not fit 64 bits");
    }
    return static_cast<std::int64_t>(std::uint64_t{0} - magnitude);
  }
  return static_cast<std::int64_t>(magnitude);
}

std::string Parser::keyword() {
  if (!at(TokenKind::BareId) && !at(TokenKind::String)) {
    expected("a word");
  }
  return take().text;
}

std::string Parser::symbol() {
  std::string name = expect(TokenKind::SymbolId, "a symbol (@name)").text;
  while (take_if(TokenKind::ColonColon)) {
    name += "::" + expect(TokenKind::SymbolId, "a symbol (@name)").text;
  }
  return name;
}

Value* Parser::operand() {
  return use(expect(TokenKind::ValueId, "an SSA value (%name)").text);
}

void Parser::operands(std::vector<Value*>& into, TokenKind close) {
  if (take_if(close)) {
    return;
  }
  do {
    into.push_back(operand());
  } while (take_if(TokenKind::Comma));
  if (!take_if(close)) {
    expected("',' or the end of the operands");
  }
}

void Parser::values_and_types(std::vector<Value*>& into) {
  if (!at(TokenKind::ValueId)) {
    return;
  }
  do {
    into.push_back(operand());
  } while (take_if(TokenKind::Comma));
  expect(TokenKind::Colon, "':'");
  do {
    type();
  } while (take_if(TokenKind::Comma));
}

void Parser::attribute_dictionary(Operation& op) {
  if (!take_if(TokenKind::LeftBrace)) {
    return;
  }
  while (!take_if(TokenKind::RightBrace)) {
    if (!at(TokenKind::BareId) && !at(TokenKind::String)) {
      expected("an attribute's name or '}'");
    }
    const Token name = take();
    if (op.attribute(name.text) != nullptr) {
      refuse(name.line, "attribute '" + name.text + "' occurs twice");
    }
    op.set(name.text, take_if(TokenKind::Equal) ? attribute() : make_unit());
    if (!at(TokenKind::RightBrace) && !take_if(TokenKind::Comma)) {
      expected("',' or '}'");
    }
  }
}

std::vector<const Type*> Parser::type_list(TokenKind close) {
  std::vector<const Type*> types;
  if (take_if(close)) {
    return types;
  }
  do {
    types.push_back(type());
  } while (take_if(TokenKind::Comma));
  if (!take_if(close)) {
    expected("',' or the end of the types");
  }
  return types;
}

std::vector<std::pair<std::string, const Type*>> Parser::signature() {
  std::vector<std::pair<std::string, const Type*>> arguments;
  expect(TokenKind::LeftParen, "'('");
  if (take_if(TokenKind::RightParen)) {
    return arguments;
  }
  do {
    std::string name;
    if (at(TokenKind::ValueId)) {
      name = take().text;
      expect(TokenKind::Colon, "':'");
    }
    arguments.emplace_back(std::move(name), type());
    Operation discarded;
    attribute_dictionary(discarded);  // The emulator ignores argument attributes.
    location();
  } while (take_if(TokenKind::Comma));
  expect(TokenKind::RightParen, "')'");
  return arguments;
}

// The functions below create attributes.

const Attribute* Parser::make_integer(std::int64_t value) {
  return module_.add(Attribute{.kind = AttributeKind::Integer, .integer = value});
}
const Attribute* Parser::make_keyword(std::string text) {
  return module_.add(Attribute{.kind = AttributeKind::Keyword, .text = std::move(text)});
}
const Attribute* Parser::make_string(std::string text) {
  return module_.add(Attribute{.kind = AttributeKind::String, .text = std::move(text)});
}
const Attribute* Parser::make_symbol(std::string text) {
  return module_.add(Attribute{.kind = AttributeKind::Symbol, .text = std::move(text)});
}
const Attribute* Parser::make_type(const Type* type) {
  return module_.add(Attribute{.kind = AttributeKind::Type, .type = type});
}
const Attribute* Parser::make_array(std::vector<const Attribute*> elements) {
  return module_.add(Attribute{.kind = AttributeKind::Array, .elements = std::move(elements)});
}
const Attribute* Parser::make_dense_array(const std::vector<std::int64_t>& values) {
  Attribute array{.kind = AttributeKind::DenseArray};
  for (const std::int64_t value : values) {
    array.numbers.push_back({.integer = value});
  }
  return module_.add(std::move(array));
}
const Attribute* Parser::make_unit() {
  return module_.add(Attribute{});
}

}  // namespace npuwhisper::emu::mlir
