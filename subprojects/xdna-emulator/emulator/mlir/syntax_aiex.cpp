// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/syntax.h"

// This file parses the aiex dialect of runtime sequences, which mlir-aie's AIEX.td defines. The
// fields of register writes and syncs are attributes in older texts and SSA values in newer texts.
// The parser keeps the form of the text. The lowering reads the fields from attributes and from SSA
// values.

namespace npuwhisper::emu::mlir {
namespace {

void attributes_only(Parser& parser, Operation& op) {
  parser.attribute_dictionary(op);
}

void types(Parser& parser) {
  parser.expect(TokenKind::Colon, "':'");
  do {
    parser.type();
  } while (parser.take_if(TokenKind::Comma));
}

/// Parses (%a, %b) {attributes} : types, or {attributes} alone.
void register_operation(Parser& parser, Operation& op) {
  if (parser.take_if(TokenKind::LeftParen)) {
    parser.operands(op.operands, TokenKind::RightParen);
    parser.attribute_dictionary(op);
    types(parser);
  } else {
    parser.attribute_dictionary(op);
  }
}

void dma_memcpy_nd(Parser& parser, Operation& op) {
  open(parser);
  if (parser.at(TokenKind::Integer)) {  // Older texts begin with the shim's column and row.
    op.set("x", parser.make_integer(parser.integer()));
    comma(parser);
    op.set("y", parser.make_integer(parser.integer()));
    comma(parser);
  }
  op.operands.push_back(parser.operand());
  std::vector<std::int64_t> lists[3];
  int n_values[3] = {};
  for (int list = 0; list < 3; ++list) {
    n_values[list] = mixed_index_list(parser, op, lists[list]);
  }
  if (parser.take_if(TokenKind::Comma)) {
    parser.expect_word("packet");
    parser.expect(TokenKind::Equal, "'='");
    op.set("packet", parser.struct_body("packet_info", {"pkt_type", "pkt_id"}));
  }
  close(parser);
  if (lists[2].size() == 3) {
    lists[2].push_back(1);  // Older texts omit the innermost stride.
  }
  op.set("static_offsets", parser.make_dense_array(lists[0]));
  op.set("static_sizes", parser.make_dense_array(lists[1]));
  op.set("static_strides", parser.make_dense_array(lists[2]));
  op.set("operandSegmentSizes",
         parser.make_dense_array({1, n_values[0], n_values[1], n_values[2]}));
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
}

void rtp_write(Parser& parser, Operation& op) {
  if (!parser.take_if(TokenKind::LeftParen)) {
    parser.attribute_dictionary(op);
    return;
  }
  if (parser.at(TokenKind::SymbolId)) {
    op.set("buffer", parser.make_symbol(parser.symbol()));
  } else {  // Older texts have the tile's column and row here, and the buffer as an attribute.
    op.set("col", parser.make_integer(parser.integer()));
    comma(parser);
    op.set("row", parser.make_integer(parser.integer()));
  }
  comma(parser);
  op.set("index", parser.make_integer(parser.integer()));
  comma(parser);
  if (parser.at(TokenKind::ValueId)) {
    op.operands.push_back(parser.operand());
  } else {
    op.set("value", parser.make_integer(parser.integer()));
  }
  close(parser);
  parser.attribute_dictionary(op);
  if (parser.at(TokenKind::Colon)) {
    types(parser);
  }
}

/// Parses (column, row, MM2S:0) [bd_id %a repeat %b] {attributes} [: types].
void push_queue(Parser& parser, Operation& op) {
  open(parser);
  op.set("column", parser.make_integer(parser.integer()));
  comma(parser);
  op.set("row", parser.make_integer(parser.integer()));
  comma(parser);
  op.set("direction", parser.make_keyword(parser.keyword()));
  parser.expect(TokenKind::Colon, "':'");
  op.set("channel", parser.make_integer(parser.integer()));
  close(parser);
  if (parser.take_word_if("bd_id")) {
    // In the generic form, the repeat count precedes the descriptor.
    Value* descriptor = parser.operand();
    parser.expect_word("repeat");
    op.operands.push_back(parser.operand());
    op.operands.push_back(descriptor);
    parser.attribute_dictionary(op);
    types(parser);
  } else {
    parser.attribute_dictionary(op);
  }
}

void address_patch(Parser& parser, Operation& op) {
  if (parser.take_if(TokenKind::LeftParen)) {
    Value* plus = parser.operand();
    types(parser);
    close(parser);
    if (parser.take_word_if("addr")) {
      op.set("dynamic_address", parser.make_unit());
      op.operands.push_back(parser.operand());
      types(parser);
    }
    op.operands.push_back(plus);
  }
  parser.attribute_dictionary(op);
}

void blockwrite(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  close(parser);
  parser.attribute_dictionary(op);
  types(parser);
}

/// Parses (%tile, MM2S, 0 [, <packet>]).
void channel(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  op.set("direction", parser.make_keyword(parser.keyword()));
  comma(parser);
  op.set("channel", parser.make_integer(parser.integer()));
  if (parser.take_if(TokenKind::Comma)) {
    op.set("packet", parser.struct_body("packet_info", {"pkt_type", "pkt_id"}));
  }
  close(parser);
}

/// Parses [repeat %n : i32] [bd_id %n : i32] { ... } {attributes}.
void task_body(Parser& parser, Operation& op) {
  for (const char* name : {"repeat", "bd_id"}) {
    if (parser.take_word_if(name)) {
      op.set(std::string("dynamic_") + name, parser.make_unit());
      op.operands.push_back(parser.operand());
      types(parser);
    }
  }
  parser.region(op);
  parser.attribute_dictionary(op);
  parser.result_types = {parser.index_type()};
}

void configure_task(Parser& parser, Operation& op) {
  channel(parser, op);
  task_body(parser, op);
}

void configure_task_for(Parser& parser, Operation& op) {
  op.set("alloc", parser.make_symbol(parser.symbol()));
  task_body(parser, op);
}

void one_operand(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  close(parser);
  parser.attribute_dictionary(op);
}

void start_bd_chain(Parser& parser, Operation& op) {
  op.set("symbol", parser.make_symbol(parser.symbol()));
  open(parser);
  parser.operands(op.operands, TokenKind::RightParen);
  parser.expect(TokenKind::Colon, "':'");
  open(parser);
  parser.type_list(TokenKind::RightParen);
  if (parser.take_word_if("on")) {
    channel(parser, op);
  } else {
    parser.expect_word("for");
    op.set("alloc", parser.make_symbol(parser.symbol()));
  }
  parser.attribute_dictionary(op);
  parser.result_types = {parser.index_type()};
}

void set_lock(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  op.set("value", parser.make_integer(parser.integer()));
  close(parser);
  parser.attribute_dictionary(op);
}

void channel_only(Parser& parser, Operation& op) {
  channel(parser, op);
  parser.attribute_dictionary(op);
}

void buffer_clear(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  op.set("address", parser.make_integer(parser.integer()));
  comma(parser);
  op.set("length", parser.make_integer(parser.integer()));
  close(parser);
  parser.attribute_dictionary(op);
}

void configure(Parser& parser, Operation& op) {
  op.set("symbol", parser.make_symbol(parser.symbol()));
  parser.region(op);
  parser.result_types.clear();
  parser.attribute_dictionary(op);
}

void run(Parser& parser, Operation& op) {
  op.set("runtime_sequence_symbol", parser.make_symbol(parser.symbol()));
  open(parser);
  parser.operands(op.operands, TokenKind::RightParen);
  parser.expect(TokenKind::Colon, "':'");
  open(parser);
  parser.type_list(TokenKind::RightParen);
  parser.attribute_dictionary(op);
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"aiex.npu.dma_memcpy_nd", dma_memcpy_nd},
    {"aiex.npu.dma_wait", attributes_only},
    {"aiex.npu.sync", register_operation},
    {"aiex.npu.write32", register_operation},
    {"aiex.npu.maskwrite32", register_operation},
    {"aiex.npu.blockwrite", blockwrite},
    {"aiex.npu.rtp_write", rtp_write},
    {"aiex.npu.push_queue", push_queue},
    {"aiex.npu.address_patch", address_patch},
    {"aiex.npu.writebd", attributes_only},
    {"aiex.npu.preempt", attributes_only},
    {"aiex.npu.load_pdi", attributes_only},
    {"aiex.control_packet", attributes_only},
    {"aiex.dma_configure_task", configure_task},
    {"aiex.dma_configure_task_for", configure_task_for},
    {"aiex.dma_start_task", one_operand},
    {"aiex.dma_await_task", one_operand},
    {"aiex.dma_free_task", one_operand},
    {"aiex.dma_start_bd_chain", start_bd_chain},
    {"aiex.dma_start_bd_chain_for", start_bd_chain},
    {"aiex.set_lock", set_lock},
    {"aiex.dma_channel_reset", channel_only},
    {"aiex.core_reset", one_operand},
    {"aiex.buffer_clear", buffer_clear},
    {"aiex.configure", configure},
    {"aiex.run", run},
};

}  // namespace

SyntaxTable aiex_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
