// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/syntax.h"

#include <unordered_map>

namespace npuwhisper::emu::mlir {

SyntaxFunction find_syntax(std::string_view name) {
  static const std::unordered_map<std::string_view, SyntaxFunction> table = [] {
    std::unordered_map<std::string_view, SyntaxFunction> all;
    for (const SyntaxTable part : {aie_syntax(), dma_syntax(), fifo_syntax(), aiex_syntax(),
                                   standard_syntax(), memref_syntax(), loop_syntax()}) {
      all.insert(part.begin(), part.end());
    }
    return all;
  }();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

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

int mixed_index_list(Parser& parser, Operation& op, std::vector<std::int64_t>& constants) {
  int n_values = 0;
  parser.expect(TokenKind::LeftSquare, "'['");
  if (parser.take_if(TokenKind::RightSquare)) {
    return n_values;
  }
  do {
    if (parser.at(TokenKind::ValueId)) {
      op.operands.push_back(parser.operand());
      constants.push_back(kDynamic);
      ++n_values;
    } else {
      constants.push_back(parser.integer());
    }
  } while (parser.take_if(TokenKind::Comma));
  parser.expect(TokenKind::RightSquare, "',' or ']'");
  return n_values;
}

}  // namespace npuwhisper::emu::mlir
