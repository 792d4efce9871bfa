// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"
#include "emulator/mlir/syntax.h"

// This file parses the aie dialect, which mlir-aie's AIEOps.td defines. Some spellings differ
// between versions of mlir-aie. For example, a lock value is a literal or an SSA value. The parser
// reads all of these spellings.

namespace npuwhisper::emu::mlir {
namespace {

/// Parses `DMA : 0`.
void port(Parser& parser, Operation& op, const char* bundle, const char* channel) {
  word(parser, op, bundle);
  parser.expect(TokenKind::Colon, "':'");
  integer(parser, op, channel);
}

void index_result(Parser& parser) {
  parser.result_types = {parser.index_type()};
}

void region(Parser& parser, Operation& op) {
  parser.region(op);
  parser.result_types.clear();
}

void device(Parser& parser, Operation& op) {
  open(parser);
  word(parser, op, "device");
  close(parser);
  if (parser.at(TokenKind::SymbolId)) {
    op.set("sym_name", parser.make_string(parser.symbol()));
  }
  region(parser, op);
  parser.attribute_dictionary(op);
}

void tile(Parser& parser, Operation& op) {
  open(parser);
  integer(parser, op, "col");
  comma(parser);
  integer(parser, op, "row");
  close(parser);
  parser.attribute_dictionary(op);
  index_result(parser);
}

void logical_tile(Parser& parser, Operation& op) {
  parser.expect(TokenKind::Less, "'<'");
  word(parser, op, "tile_type");
  parser.expect(TokenKind::Greater, "'>'");
  open(parser);
  if (!parser.take_if(TokenKind::Question)) {
    integer(parser, op, "col");
  }
  comma(parser);
  if (!parser.take_if(TokenKind::Question)) {
    integer(parser, op, "row");
  }
  close(parser);
  parser.attribute_dictionary(op);
  index_result(parser);
}

/// Parses (%tile) { ... } {attributes} of cores and DMA programs.
void tile_region(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  close(parser);
  region(parser, op);
  parser.attribute_dictionary(op);
  index_result(parser);
}

void end(Parser& parser, Operation& op) {
  parser.attribute_dictionary(op);
}

void flow(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  port(parser, op, "source_bundle", "source_channel");
  comma(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  port(parser, op, "dest_bundle", "dest_channel");
  close(parser);
  parser.attribute_dictionary(op);
}

void packet_flow(Parser& parser, Operation& op) {
  open(parser);
  integer(parser, op, "ID");
  close(parser);
  region(parser, op);
  parser.attribute_dictionary(op);
}

void packet_end(Parser& parser, Operation& op) {
  parser.expect(TokenKind::Less, "'<'");
  op.operands.push_back(parser.operand());
  comma(parser);
  port(parser, op, "bundle", "channel");
  parser.expect(TokenKind::Greater, "'>'");
  parser.attribute_dictionary(op);
}

void cascade_flow(Parser& parser, Operation& op) {
  open(parser);
  parser.operands(op.operands, TokenKind::RightParen);
  parser.attribute_dictionary(op);
}

void lock(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  if (parser.take_if(TokenKind::Comma)) {
    integer(parser, op, "lockID");
  }
  close(parser);
  parser.attribute_dictionary(op);
  index_result(parser);
}

void use_lock(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  word(parser, op, "action");
  if (!parser.take_if(TokenKind::Comma)) {
    op.set("value", parser.make_integer(1));  // Older texts may omit a count of 1.
  } else if (parser.at(TokenKind::ValueId)) {
    op.operands.push_back(parser.operand());
  } else {
    integer(parser, op, "value");
  }
  if (parser.take_if(TokenKind::Comma)) {
    word(parser, op, "blocking");
  }
  close(parser);
  parser.attribute_dictionary(op);
}

void buffer(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  close(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  const Type* type = parser.type();
  if (type->kind != TypeKind::MemRef) {
    refuse(op.line, "'aie.buffer' op: expected a memref, found " + type->text);
  }
  if (parser.take_if(TokenKind::Equal)) {
    op.set("initial_value", parser.attribute());
  }
  parser.result_types = {type};
}

void external_buffer(Parser& parser, Operation& op) {
  if (parser.at(TokenKind::Integer)) {
    integer(parser, op, "address");
  }
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {parser.type()};
}

void event(Parser& parser, Operation& op) {
  open(parser);
  integer(parser, op, "val");
  close(parser);
  parser.attribute_dictionary(op);
}

/// Parses %value : type.
void typed_operand(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
}

void get_stream(Parser& parser, Operation& op) {
  open(parser);
  typed_operand(parser, op);
  close(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {parser.type()};
}

void put_stream(Parser& parser, Operation& op) {
  open(parser);
  typed_operand(parser, op);
  comma(parser);
  typed_operand(parser, op);
  close(parser);
  parser.attribute_dictionary(op);
}

void get_cascade(Parser& parser, Operation& op) {
  open(parser);
  close(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.result_types = {parser.type()};
}

void put_cascade(Parser& parser, Operation& op) {
  open(parser);
  typed_operand(parser, op);
  close(parser);
  parser.attribute_dictionary(op);
}

/// Parses [@name] (%a: type, ...) [attributes {...}] { ... } of sequences and chains.
void callable(Parser& parser, Operation& op) {
  if (parser.at(TokenKind::SymbolId)) {
    op.set("sym_name", parser.make_string(parser.symbol()));
  }
  const auto arguments = parser.signature();
  for (const auto& [name, type] : arguments) {
    if (name.empty()) {
      refuse(op.line, "'" + op.name + "' op: its arguments need names");
    }
  }
  if (parser.take_word_if("attributes")) {
    parser.attribute_dictionary(op);
  }
  parser.region(op, arguments);
  parser.result_types.clear();
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"aie.device", device},
    {"aie.tile", tile},
    {"aie.logical_tile", logical_tile},
    {"aie.core", tile_region},
    {"aie.mem", tile_region},
    {"aie.memtile_dma", tile_region},
    {"aie.shim_dma", tile_region},
    {"aie.end", end},
    {"aie.flow", flow},
    {"aie.packet_flow", packet_flow},
    {"aie.packet_source", packet_end},
    {"aie.packet_dest", packet_end},
    {"aie.cascade_flow", cascade_flow},
    {"aie.lock", lock},
    {"aie.use_lock", use_lock},
    {"aie.buffer", buffer},
    {"aie.external_buffer", external_buffer},
    {"aie.event", event},
    {"aie.get_stream", get_stream},
    {"aie.put_stream", put_stream},
    {"aie.get_cascade", get_cascade},
    {"aie.put_cascade", put_cascade},
    {"aie.bd_chain", callable},
    {"aie.runtime_sequence", callable},
    {"aiex.runtime_sequence", callable},
};

}  // namespace

SyntaxTable aie_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
