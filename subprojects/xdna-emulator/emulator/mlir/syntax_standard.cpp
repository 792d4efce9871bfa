// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"
#include "emulator/mlir/syntax.h"

namespace npuwhisper::emu::mlir {
namespace {

/// Skips optimisation hints such as `fastmath<fast>` and `overflow<nsw>`.
void skip_flags(Parser& parser) {
  while (parser.at_word("fastmath") || parser.at_word("overflow")) {
    parser.take();
    parser.expect(TokenKind::Less, "'<'");
    do {
      parser.keyword();
    } while (parser.take_if(TokenKind::Comma));
    parser.expect(TokenKind::Greater, "'>'");
  }
}

void module(Parser& parser, Operation& op) {
  op.name = "builtin.module";
  if (parser.at(TokenKind::SymbolId)) {
    op.set("sym_name", parser.make_string(parser.symbol()));
  }
  if (parser.take_word_if("attributes")) {
    parser.attribute_dictionary(op);
  }
  parser.region(op);
}

/// Parses %a, %b : type. The result has the type of the operands.
void same_type(Parser& parser, Operation& op) {
  do {
    op.operands.push_back(parser.operand());
  } while (parser.take_if(TokenKind::Comma));
  skip_flags(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {parser.type()};
}

/// Parses %a : type to type.
void conversion(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  skip_flags(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
  parser.expect_word("to");
  parser.result_types = {parser.type()};
}

void comparison(Parser& parser, Operation& op) {
  op.set("predicate", parser.make_keyword(parser.keyword()));
  parser.expect(TokenKind::Comma, "','");
  same_type(parser, op);
  parser.result_types = {parser.integer_type(1)};
}

void select(Parser& parser, Operation& op) {
  same_type(parser, op);
  if (parser.take_if(TokenKind::Comma)) {  // In `: i1, type`, the second type is the result's.
    parser.result_types = {parser.type()};
  }
}

void constant(Parser& parser, Operation& op) {
  parser.attribute_dictionary(op);
  const Attribute* value = parser.attribute();
  op.set("value", value);
  if (value->kind == AttributeKind::Bool) {
    parser.result_types = {parser.integer_type(1)};
  } else if (value->type != nullptr) {
    parser.result_types = {value->type};
  } else if (op.name == "index.constant") {
    parser.result_types = {parser.index_type()};
  } else {
    parser.expected("':' and the constant's type");
  }
}

/// Parses index.add %a, %b.
void index_binary(Parser& parser, Operation& op) {
  do {
    op.operands.push_back(parser.operand());
  } while (parser.take_if(TokenKind::Comma));
  parser.attribute_dictionary(op);
  parser.result_types = {parser.index_type()};
}

/// Parses index.cmp eq(%a, %b).
void index_comparison(Parser& parser, Operation& op) {
  op.set("predicate", parser.make_keyword(parser.keyword()));
  parser.expect(TokenKind::LeftParen, "'('");
  parser.operands(op.operands, TokenKind::RightParen);
  parser.attribute_dictionary(op);
  parser.result_types = {parser.integer_type(1)};
}

void function(Parser& parser, Operation& op) {
  op.name = "func.func";
  if (parser.at_word("private") || parser.at_word("public")) {
    op.set("sym_visibility", parser.make_string(parser.take().text));
  }
  op.set("sym_name", parser.make_string(parser.symbol()));
  const auto arguments = parser.signature();
  Type type{.kind = TypeKind::Function, .text = "function"};
  for (const auto& [name, argument] : arguments) {
    type.inputs.push_back(argument);
  }
  if (parser.take_if(TokenKind::Arrow)) {
    if (parser.take_if(TokenKind::LeftParen)) {
      type.results = parser.type_list(TokenKind::RightParen);
    } else {
      type.results = {parser.type()};
    }
  }
  op.set("function_type", parser.make_type(parser.module().add(std::move(type))));
  if (parser.take_word_if("attributes")) {
    parser.attribute_dictionary(op);
  }
  if (parser.at(TokenKind::LeftBrace)) {
    for (const auto& [name, argument] : arguments) {
      if (name.empty()) {
        parser.expected("names for the arguments of a function with a body");
      }
    }
    parser.region(op, arguments);
  }
}

void call(Parser& parser, Operation& op) {
  op.name = "func.call";
  op.set("callee", parser.make_symbol(parser.symbol()));
  parser.expect(TokenKind::LeftParen, "'('");
  parser.operands(op.operands, TokenKind::RightParen);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  const Type* type = parser.type();
  if (type->kind != TypeKind::Function || type->inputs.size() != op.operands.size()) {
    refuse(op.line, "'func.call' op: as many types as operands expected");
  }
  parser.result_types = type->results;
}

/// Parses [{attributes}] [%a, %b : type, type].
void terminator(Parser& parser, Operation& op) {
  if (op.name == "return") {
    op.name = "func.return";
  }
  parser.attribute_dictionary(op);
  parser.values_and_types(op.operands);
}

void branch(Parser& parser, Operation& op) {
  op.successors.push_back(parser.successor());
  parser.attribute_dictionary(op);
}

void conditional_branch(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Comma, "','");
  op.successors.push_back(parser.successor());
  parser.expect(TokenKind::Comma, "','");
  op.successors.push_back(parser.successor());
  parser.attribute_dictionary(op);
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"module", module},
    {"builtin.module", module},
    {"func.func", function},
    {"func.call", call},
    {"call", call},
    {"func.return", terminator},
    {"return", terminator},
    {"cf.br", branch},
    {"cf.cond_br", conditional_branch},
    {"arith.constant", constant},
    {"arith.addi", same_type},
    {"arith.subi", same_type},
    {"arith.muli", same_type},
    {"arith.divsi", same_type},
    {"arith.divui", same_type},
    {"arith.remsi", same_type},
    {"arith.remui", same_type},
    {"arith.ceildivsi", same_type},
    {"arith.floordivsi", same_type},
    {"arith.andi", same_type},
    {"arith.ori", same_type},
    {"arith.xori", same_type},
    {"arith.shli", same_type},
    {"arith.shrsi", same_type},
    {"arith.shrui", same_type},
    {"arith.maxsi", same_type},
    {"arith.minsi", same_type},
    {"arith.maxui", same_type},
    {"arith.minui", same_type},
    {"arith.addf", same_type},
    {"arith.subf", same_type},
    {"arith.mulf", same_type},
    {"arith.divf", same_type},
    {"arith.remf", same_type},
    {"arith.negf", same_type},
    {"arith.maximumf", same_type},
    {"arith.minimumf", same_type},
    {"arith.maxnumf", same_type},
    {"arith.minnumf", same_type},
    {"arith.cmpi", comparison},
    {"arith.cmpf", comparison},
    {"arith.select", select},
    {"arith.extsi", conversion},
    {"arith.extui", conversion},
    {"arith.extf", conversion},
    {"arith.trunci", conversion},
    {"arith.truncf", conversion},
    {"arith.sitofp", conversion},
    {"arith.uitofp", conversion},
    {"arith.fptosi", conversion},
    {"arith.fptoui", conversion},
    {"arith.index_cast", conversion},
    {"arith.index_castui", conversion},
    {"arith.bitcast", conversion},
    {"math.absf", same_type},
    {"math.sqrt", same_type},
    {"math.exp", same_type},
    {"math.log", same_type},
    {"math.tanh", same_type},
    {"math.floor", same_type},
    {"math.ceil", same_type},
    {"index.cmp", index_comparison},
    {"index.constant", constant},
    {"index.add", index_binary},
    {"index.sub", index_binary},
    {"index.mul", index_binary},
};

}  // namespace

SyntaxTable standard_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
