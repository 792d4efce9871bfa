// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/syntax.h"

// This file parses the object FIFOs of the aie dialect.

namespace npuwhisper::emu::mlir {
namespace {

const std::vector<std::string_view> kDimension{"size", "stride"};

void objectfifo(Parser& parser, Operation& op) {
  op.set("sym_name", parser.make_string(parser.symbol()));
  open(parser);
  op.operands.push_back(parser.operand());
  op.set("dimensionsToStream", parser.take_word_if("dimensionsToStream")
                                   ? parser.struct_array(kDimension)
                                   : parser.make_array({}));
  comma(parser);
  parser.expect(TokenKind::LeftBrace, "'{'");
  std::vector<const Attribute*> from_stream;
  do {
    op.operands.push_back(parser.operand());
    from_stream.push_back(parser.take_word_if("dimensionsFromStream")
                              ? parser.struct_array(kDimension)
                              : parser.make_array({}));
  } while (parser.take_if(TokenKind::Comma));
  parser.expect(TokenKind::RightBrace, "',' or '}'");
  op.set("dimensionsFromStreamPerConsumer", parser.make_array(std::move(from_stream)));
  comma(parser);
  op.set("elemNumber", parser.attribute());
  close(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  op.set("elemType", parser.make_type(parser.type()));
  if (parser.take_if(TokenKind::Arrow)) {
    op.set("consumerElemType", parser.make_type(parser.type()));
  }
  if (parser.take_if(TokenKind::Equal)) {
    op.set("initValues", parser.attribute());
  }
}

const Attribute* symbols(Parser& parser) {
  if (parser.at(TokenKind::SymbolId)) {
    return parser.make_array({parser.attribute()});
  }
  return parser.attribute();
}

void objectfifo_link(Parser& parser, Operation& op) {
  op.set("fifoIns", symbols(parser));
  parser.expect(TokenKind::Arrow, "'->'");
  op.set("fifoOuts", symbols(parser));
  open(parser);
  for (const char* name : {"src_offsets", "dst_offsets"}) {
    op.set(name, parser.at(TokenKind::LeftSquare) ? parser.attribute() : parser.make_array({}));
  }
  close(parser);
  parser.attribute_dictionary(op);
}

void objectfifo_allocate(Parser& parser, Operation& op) {
  op.set("objFifo_name", parser.make_symbol(parser.symbol()));
  open(parser);
  op.operands.push_back(parser.operand());
  close(parser);
  parser.attribute_dictionary(op);
}

void objectfifo_external(Parser& parser, Operation& op) {
  parser.attribute_dictionary(op);
  op.set("objFifo_name", parser.make_symbol(parser.symbol()));
  open(parser);
  op.operands.push_back(parser.operand());
  comma(parser);
  parser.expect(TokenKind::LeftBrace, "'{'");
  parser.operands(op.operands, TokenKind::RightBrace);
  close(parser);
  parser.expect(TokenKind::Colon, "':'");
  open(parser);
  parser.type_list(TokenKind::RightParen);
}

void objectfifo_port(Parser& parser, Operation& op) {
  parser.attribute_dictionary(op);
  op.set("objFifo_name", parser.make_symbol(parser.symbol()));
  open(parser);
  word(parser, op, "port");
  comma(parser);
  integer(parser, op, "size");
  close(parser);
}

void objectfifo_acquire(Parser& parser, Operation& op) {
  objectfifo_port(parser, op);
  parser.expect(TokenKind::Colon, "':'");
  // In older texts, the result is one subview. In newer texts, the results are the objects.
  do {
    parser.result_types.push_back(parser.type());
  } while (parser.take_if(TokenKind::Comma));
}

void subview_access(Parser& parser, Operation& op) {
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::LeftSquare, "'['");
  integer(parser, op, "index");
  parser.expect(TokenKind::RightSquare, "']'");
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
  parser.expect(TokenKind::Arrow, "'->'");
  parser.result_types = {parser.type()};
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"aie.objectfifo", objectfifo},
    {"aie.objectfifo.link", objectfifo_link},
    {"aie.objectfifo.allocate", objectfifo_allocate},
    {"aie.objectfifo.register_external_buffers", objectfifo_external},
    {"aie.objectfifo.acquire", objectfifo_acquire},
    {"aie.objectfifo.release", objectfifo_port},
    {"aie.objectfifo.subview.access", subview_access},
};

}  // namespace

SyntaxTable fifo_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
