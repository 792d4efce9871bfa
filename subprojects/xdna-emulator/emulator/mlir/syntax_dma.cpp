// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/refusal.h"
#include "emulator/mlir/syntax.h"

// This file parses the DMA programs of the aie dialect: chains, and descriptors with positional or
// named lengths.

namespace npuwhisper::emu::mlir {
namespace {

const std::vector<std::string_view> kDimension{"size", "stride"};
const std::vector<std::string_view> kPadding{"const_pad_before", "const_pad_after"};
const std::vector<std::string_view> kPacket{"pkt_type", "pkt_id"};

/// Parses a constant into an attribute, or an SSA value into the operands. Returns the number of
/// SSA values.
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
  // Numbers of SSA values in the offset, the length, the sizes and the strides.
  int n_values[4] = {};
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  bool shaped = false;
  if (parser.take_if(TokenKind::Comma)) {
    // Older texts have an offset and a length without names, then `[<size = 4, stride = 1>]`, then
    // padding.
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
  } else {  // Older texts have (direction, channel, column).
    word(parser, op, "channel_dir");
    comma(parser);
    integer(parser, op, "channel_index");
    comma(parser);
    integer(parser, op, "col");
  }
  close(parser);
  parser.attribute_dictionary(op);
}

constexpr std::pair<std::string_view, SyntaxFunction> kTable[] = {
    {"aie.dma_bd", dma_bd},       {"aie.dma_bd_packet", dma_bd_packet},
    {"aie.dma_start", dma_start}, {"aie.dma", dma},
    {"aie.next_bd", next_bd},     {"aie.shim_dma_allocation", shim_dma_allocation},
};

}  // namespace

SyntaxTable dma_syntax() {
  return kTable;
}

}  // namespace npuwhisper::emu::mlir
