// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"
#include "emulator/mlir/syntax.h"

namespace npuwhisper::emu::mlir {
namespace {

using Arguments = std::vector<std::pair<std::string, const Type*>>;

/// Parses (%a = %x, %b = %y). Returns the names; the values become operands.
std::vector<std::string> initialised(Parser& parser, Operation& op) {
  std::vector<std::string> names;
  parser.expect(TokenKind::LeftParen, "'('");
  if (parser.take_if(TokenKind::RightParen)) {
    return names;
  }
  do {
    names.push_back(parser.expect(TokenKind::ValueId, "an SSA value (%name)").text);
    parser.expect(TokenKind::Equal, "'='");
    op.operands.push_back(parser.operand());
  } while (parser.take_if(TokenKind::Comma));
  parser.expect(TokenKind::RightParen, "',' or ')'");
  return names;
}

std::vector<const Type*> arrow_types(Parser& parser) {
  if (!parser.take_if(TokenKind::Arrow)) {
    return {};
  }
  if (parser.take_if(TokenKind::LeftParen)) {
    return parser.type_list(TokenKind::RightParen);
  }
  return {parser.type()};
}

void iteration_arguments(Parser& parser, Operation& op, Arguments& arguments) {
  if (!parser.take_word_if("iter_args")) {
    return;
  }
  const std::vector<std::string> names = initialised(parser, op);
  parser.result_types = arrow_types(parser);
  if (parser.result_types.size() != names.size()) {
    refuse(op.line, "'" + op.name + "' op: as many types as iter_args expected");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    arguments.emplace_back(names[i], parser.result_types[i]);
  }
}

/// Parses a region of `op`. Then restores the result types of `op`, because the operations in the
/// region overwrite the parser's result types.
void body(Parser& parser, Operation& op, const Arguments& arguments) {
  const std::vector<const Type*> results = parser.result_types;
  parser.region(op, arguments);
  parser.result_types = results;
}

void scf_for(Parser& parser, Operation& op) {
  if (parser.take_word_if("unsigned")) {
    op.set("unsignedCmp", parser.make_unit());
  }
  Arguments arguments{
      {parser.expect(TokenKind::ValueId, "the induction variable").text, parser.index_type()}};
  parser.expect(TokenKind::Equal, "'='");
  op.operands.push_back(parser.operand());
  parser.expect_word("to");
  op.operands.push_back(parser.operand());
  parser.expect_word("step");
  op.operands.push_back(parser.operand());
  iteration_arguments(parser, op, arguments);
  if (parser.take_if(TokenKind::Colon)) {
    arguments[0].second = parser.type();
  }
  body(parser, op, arguments);
  parser.attribute_dictionary(op);
}

void scf_if(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.result_types = arrow_types(parser);
  body(parser, op, {});
  if (parser.take_word_if("else")) {
    body(parser, op, {});
  }
  parser.attribute_dictionary(op);
}

void scf_while(Parser& parser, Operation& op) {
  Arguments arguments;
  if (parser.at(TokenKind::LeftParen)) {
    for (std::string& name : initialised(parser, op)) {
      arguments.emplace_back(std::move(name), nullptr);
    }
  }
  parser.expect(TokenKind::Colon, "':'");
  const Type* type = parser.type();
  if (type->kind != TypeKind::Function || type->inputs.size() != arguments.size()) {
    refuse(op.line, "'scf.while' op: as many types as arguments expected");
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    arguments[i].second = type->inputs[i];
  }
  parser.result_types = type->results;
  body(parser, op, arguments);
  parser.expect_word("do");
  body(parser, op, {});
  if (parser.take_word_if("attributes")) {
    parser.attribute_dictionary(op);
  }
}

void condition(Parser& parser, Operation& op) {
  parser.expect(TokenKind::LeftParen, "'('");
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::RightParen, "')'");
  parser.attribute_dictionary(op);
  parser.values_and_types(op.operands);
}

void yield(Parser& parser, Operation& op) {
  parser.attribute_dictionary(op);
  parser.values_and_types(op.operands);
}

void index_switch(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.attribute_dictionary(op);
  parser.result_types = arrow_types(parser);
  // In the generic form, the default region comes first. Keep the other regions until the default
  // region is parsed.
  std::vector<Region> cases;
  std::vector<std::int64_t> values;
  while (parser.take_word_if("case")) {
    values.push_back(parser.integer());
    body(parser, op, {});
    cases.push_back(std::move(op.regions.back()));
    op.regions.pop_back();
  }
  parser.expect_word("default");
  body(parser, op, {});
  for (Region& region : cases) {
    op.regions.push_back(std::move(region));
  }
  op.set("cases", parser.make_dense_array(values));
}

/// Parses a bound of affine.for: a constant or one value (no maps).
void affine_bound(Parser& parser, Operation& op, const char* constant) {
  if (parser.at(TokenKind::ValueId)) {
    op.operands.push_back(parser.operand());
  } else if (parser.at(TokenKind::Integer) || parser.at(TokenKind::Minus)) {
    op.set(constant, parser.make_integer(parser.integer()));
  } else {
    refuse_unmodelled(op.line, "'affine.for' with a map as bound");
  }
}

void affine_for(Parser& parser, Operation& op) {
  Arguments arguments{
      {parser.expect(TokenKind::ValueId, "the induction variable").text, parser.index_type()}};
  parser.expect(TokenKind::Equal, "'='");
  affine_bound(parser, op, "lower_bound");
  parser.expect_word("to");
  affine_bound(parser, op, "upper_bound");
  op.set("step", parser.make_integer(parser.take_word_if("step") ? parser.integer() : 1));
  iteration_arguments(parser, op, arguments);
  body(parser, op, arguments);
  parser.attribute_dictionary(op);
}

/// Parses subscripts of affine.load and affine.store: plain values (no maps).
void affine_indices(Parser& parser, Operation& op) {
  parser.expect(TokenKind::LeftSquare, "'['");
  if (parser.take_if(TokenKind::RightSquare)) {
    return;
  }
  do {
    if (!parser.at(TokenKind::ValueId)) {
      refuse_unmodelled(op.line, "'" + op.name + "' with a map as subscript");
    }
    op.operands.push_back(parser.operand());
    if (!parser.at(TokenKind::Comma) && !parser.at(TokenKind::RightSquare)) {
      refuse_unmodelled(op.line, "'" + op.name + "' with a map as subscript");
    }
  } while (parser.take_if(TokenKind::Comma));
  parser.expect(TokenKind::RightSquare, "']'");
}

void affine_load(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  affine_indices(parser, op);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  const Type* type = parser.type();
  if (type->kind != TypeKind::MemRef) {
    refuse(op.line, "expected a memref, found " + type->text);
  }
  parser.result_types = {type->element};
}

void affine_store(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Comma, "','");
  op.operands.push_back(parser.operand());
  affine_indices(parser, op);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"scf.for", scf_for},           {"scf.if", scf_if},      {"scf.while", scf_while},
    {"scf.condition", condition},   {"scf.yield", yield},    {"scf.index_switch", index_switch},
    {"affine.for", affine_for},     {"affine.yield", yield}, {"affine.load", affine_load},
    {"affine.store", affine_store},
};

}  // namespace

SyntaxTable loop_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
