// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"
#include "emulator/mlir/syntax.h"

// The aie dialect, after mlir-aie's AIEOps.td; where spellings changed over the years (literal or
// SSA lock values, positional or named lengths of dma_bd), both are read into the newer form.

namespace npuwhisper::emu::mlir {
namespace {

const std::vector<std::string_view> kDimension{"size", "stride"};
const std::vector<std::string_view> kPadding{"const_pad_before", "const_pad_after"};
const std::vector<std::string_view> kPacket{"pkt_type", "pkt_id"};

void open(Parser& parser) {
  parser.expect(TokenKind::LeftParen, "'('");
}
void close(Parser& parser) {
  parser.expect(TokenKind::RightParen, "')'");
}
void comma(Parser& parser) {
  parser.expect(TokenKind::Comma, "','");
}

void integer(Parser& parser, Operation& op, const char* name) {
  op.set(name, parser.make_integer(parser.integer()));
  if (parser.take_if(TokenKind::Colon)) {
    parser.type();
  }
}

void word(Parser& parser, Operation& op, const char* name) {
  op.set(name, parser.make_keyword(parser.keyword()));
}

/// `DMA : 0`
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

/// (%tile) { ... } {attributes}: cores and DMA programs.
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
    op.set("value", parser.make_integer(1));  // Older: a count of 1 may be left out.
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

/// A constant into an attribute, a value into the operands. Returns the number of values.
int scalar(Parser& parser, Operation& op, const char* name) {
  if (parser.at(TokenKind::ValueId)) {
    op.operands.push_back(parser.operand());
    return 1;
  }
  op.set(name, parser.make_integer(parser.integer()));
  return 0;
}

void dma_bd(Parser& parser, Operation& op) {
  open(parser);
  op.operands.push_back(parser.operand());
  parser.expect(TokenKind::Colon, "':'");
  parser.type();
  int n_values[4] = {};  // offset, length, sizes, strides
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  bool shaped = false;
  if (parser.take_if(TokenKind::Comma)) {
    // Older: positional offset and length, then `[<size = 4, stride = 1>]`, then padding.
    n_values[0] = scalar(parser, op, "static_offset");
    comma(parser);
    n_values[1] = scalar(parser, op, "static_len");
    if (parser.take_if(TokenKind::Comma)) {
      if (parser.at_word("dims")) {
        parser.take();
        parser.expect(TokenKind::Equal, "'='");
      }
      shaped = true;
      for (const Attribute* dim : parser.struct_array(kDimension)->elements) {
        const Attribute* size = dim->field("size");
        const Attribute* stride = dim->field("stride");
        if (size == nullptr || stride == nullptr) {
          refuse(op.line, "'aie.dma_bd' op: a dimension needs a size and a stride");
        }
        sizes.push_back(size->integer);
        strides.push_back(stride->integer);
      }
      if (parser.take_if(TokenKind::Comma)) {
        op.set("pad_dimensions", parser.struct_array(kPadding));
      }
    }
  } else {
    const auto take = [&](std::string_view name) {
      if (!parser.take_word_if(name)) {
        return false;
      }
      parser.expect(TokenKind::Equal, "'='");
      return true;
    };
    if (take("offset")) {
      n_values[0] = scalar(parser, op, "static_offset");
    }
    if (take("len")) {
      n_values[1] = scalar(parser, op, "static_len");
    }
    if (take("sizes")) {
      shaped = true;
      n_values[2] = mixed_index_list(parser, op, sizes);
    }
    if (take("strides")) {
      shaped = true;
      n_values[3] = mixed_index_list(parser, op, strides);
    }
    if (parser.take_word_if("pad")) {
      op.set("pad_dimensions", parser.struct_array(kPadding));
    }
  }
  close(parser);
  if (shaped) {
    op.set("static_sizes", parser.make_dense_array(sizes));
    op.set("static_strides", parser.make_dense_array(strides));
  }
  op.set("operandSegmentSizes",
         parser.make_dense_array({1, n_values[0], n_values[1], n_values[2], n_values[3]}));
  parser.attribute_dictionary(op);
}

void dma_bd_packet(Parser& parser, Operation& op) {
  open(parser);
  integer(parser, op, "packet_type");
  comma(parser);
  integer(parser, op, "packet_id");
  close(parser);
  parser.attribute_dictionary(op);
}

void dma_start(Parser& parser, Operation& op) {
  open(parser);
  word(parser, op, "channel_dir");
  comma(parser);
  integer(parser, op, "channel_index");
  comma(parser);
  op.successors.push_back(parser.successor());
  comma(parser);
  op.successors.push_back(parser.successor());
  if (parser.take_if(TokenKind::Comma)) {
    parser.expect_word("repeat_count");
    parser.expect(TokenKind::Equal, "'='");
    integer(parser, op, "repeat_count");
  }
  close(parser);
  parser.attribute_dictionary(op);
  parser.result_types = {parser.integer_type(1)};
}

void dma(Parser& parser, Operation& op) {
  open(parser);
  word(parser, op, "channel_dir");
  comma(parser);
  integer(parser, op, "channel_index");
  close(parser);
  parser.attribute_dictionary(op);
  parser.expect(TokenKind::LeftSquare, "'['");
  do {
    parser.region(op);
  } while (parser.take_if(TokenKind::Comma));
  parser.expect(TokenKind::RightSquare, "',' or ']'");
  parser.result_types = {parser.integer_type(1)};
}

void next_bd(Parser& parser, Operation& op) {
  op.successors.push_back(parser.successor());
  parser.attribute_dictionary(op);
}

void shim_dma_allocation(Parser& parser, Operation& op) {
  op.set("sym_name", parser.make_string(parser.symbol()));
  open(parser);
  if (parser.at(TokenKind::ValueId)) {
    op.operands.push_back(parser.operand());
    comma(parser);
    word(parser, op, "channel_dir");
    comma(parser);
    integer(parser, op, "channel_index");
    if (parser.take_if(TokenKind::Comma)) {
      op.set("packet", parser.struct_body("packet_info", kPacket));
    }
  } else {  // Older: (direction, channel, column)
    word(parser, op, "channel_dir");
    comma(parser);
    integer(parser, op, "channel_index");
    comma(parser);
    integer(parser, op, "col");
  }
  close(parser);
  parser.attribute_dictionary(op);
}

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
  // Older: one subview; newer: the objects themselves.
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

void event(Parser& parser, Operation& op) {
  open(parser);
  integer(parser, op, "val");
  close(parser);
  parser.attribute_dictionary(op);
}

/// %value : type
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

/// [@name] (%a: type, ...) [attributes {...}] { ... }: sequences and chains.
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
    {"aie.dma_bd", dma_bd},
    {"aie.dma_bd_packet", dma_bd_packet},
    {"aie.dma_start", dma_start},
    {"aie.dma", dma},
    {"aie.next_bd", next_bd},
    {"aie.shim_dma_allocation", shim_dma_allocation},
    {"aie.objectfifo", objectfifo},
    {"aie.objectfifo.link", objectfifo_link},
    {"aie.objectfifo.allocate", objectfifo_allocate},
    {"aie.objectfifo.register_external_buffers", objectfifo_external},
    {"aie.objectfifo.acquire", objectfifo_acquire},
    {"aie.objectfifo.release", objectfifo_port},
    {"aie.objectfifo.subview.access", subview_access},
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
