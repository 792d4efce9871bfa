// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"
#include "emulator/mlir/syntax.h"

namespace npuwhisper::emu::mlir {
namespace {

void indices(Parser& parser, Operation& op) {
  parser.expect(TokenKind::LeftSquare, "'['");
  parser.operands(op.operands, TokenKind::RightSquare);
}

const Type* memref_type(Parser& parser) {
  const int line = parser.token().line;
  const Type* type = parser.type();
  if (type->kind != TypeKind::MemRef) {
    refuse(line, "expected a memref, found " + type->text);
  }
  return type;
}

void load(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  indices(parser, op);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {memref_type(parser)->element};
}

void store(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Comma, "','");
  op.operands.push_back(parser.operand());
  indices(parser, op);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  memref_type(parser);
}

void allocation(Parser& parser, Operation& op) {
  parser.expect(TokenKind::LeftParen, "'('");
  parser.operands(op.operands, TokenKind::RightParen);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {memref_type(parser)};
}

void deallocation(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
}

void global(Parser& parser, Operation& op) {
  if (parser.at(TokenKind::String)) {
    op.set("sym_visibility", parser.make_string(parser.take().text));
  }
  if (parser.take_word_if("constant")) {
    op.set("constant", parser.make_unit());
  }
  op.set("sym_name", parser.make_string(parser.symbol()));
  parser.expect(TokenKind::Colon, "':'");
  op.set("type", parser.make_type(memref_type(parser)));
  if (parser.take_if(TokenKind::Equal) && !parser.take_word_if("uninitialized")) {
    op.set("initial_value", parser.attribute());
  }
  parser.attribute_dictionary(op);
}

void get_global(Parser& parser, Operation& op) {
  op.set("name", parser.make_symbol(parser.symbol()));
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {memref_type(parser)};
}

/// Sets the attributes for offsets, sizes and strides, as in the generic form.
void set_lists(Parser& parser, Operation& op, const std::vector<std::int64_t> (&constants)[3],
               const int (&n_values)[3]) {
  op.set("static_offsets", parser.make_dense_array(constants[0]));
  op.set("static_sizes", parser.make_dense_array(constants[1]));
  op.set("static_strides", parser.make_dense_array(constants[2]));
  op.set("operandSegmentSizes",
         parser.make_dense_array({1, n_values[0], n_values[1], n_values[2]}));
}

void subview(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  std::vector<std::int64_t> constants[3];
  int n_values[3] = {};
  for (int list = 0; list < 3; ++list) {
    n_values[list] = mixed_index_list(parser, op, constants[list]);
  }
  set_lists(parser, op, constants, n_values);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  memref_type(parser);
  parser.expect_word("to");
  parser.result_types = {memref_type(parser)};
}

void reinterpret_cast_(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect_word("to");
  std::vector<std::int64_t> constants[3];
  int n_values[3] = {};
  constexpr std::string_view kNames[] = {"offset", "sizes", "strides"};
  for (int list = 0; list < 3; ++list) {
    if (list > 0) {
      parser.expect(TokenKind::Comma, "','");
    }
    parser.expect_word(kNames[list]);
    parser.expect(TokenKind::Colon, "':'");
    n_values[list] = mixed_index_list(parser, op, constants[list]);
  }
  set_lists(parser, op, constants, n_values);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
  parser.expect_word("to");
  parser.result_types = {memref_type(parser)};
}

/// Parses %m [[0, 1], [2]] [output_shape [...]] : type into type.
void reshape(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  op.set("reassociation", parser.attribute());
  if (parser.take_word_if("output_shape")) {
    Operation discarded;
    std::vector<std::int64_t> shape;
    if (mixed_index_list(parser, discarded, shape) > 0) {
      refuse_unmodelled(op.line, "'" + op.name + "' with a dynamic shape");
    }
  }
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  memref_type(parser);
  parser.expect_word("into");
  parser.result_types = {memref_type(parser)};
}

void cast(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
  parser.expect_word("to");
  parser.result_types = {parser.type()};
}

void assume_alignment(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Comma, "','");
  op.set("alignment", parser.make_integer(parser.integer()));
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  // Newer versions of the operation return the memref. Older texts have no name for this result.
  parser.result_types = {memref_type(parser)};
}

void copy(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Comma, "','");
  op.operands.push_back(parser.operand());
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  memref_type(parser);
  parser.expect_word("to");
  memref_type(parser);
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"memref.load", load},
    {"memref.store", store},
    {"memref.alloc", allocation},
    {"memref.alloca", allocation},
    {"memref.dealloc", deallocation},
    {"memref.global", global},
    {"memref.get_global", get_global},
    {"memref.subview", subview},
    {"memref.reinterpret_cast", reinterpret_cast_},
    {"memref.collapse_shape", reshape},
    {"memref.expand_shape", reshape},
    {"memref.cast", cast},
    {"memref.assume_alignment", assume_alignment},
    {"memref.copy", copy},
};

}  // namespace

SyntaxTable memref_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
