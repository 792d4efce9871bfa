// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace npuwhisper::emu::mlir {

enum class TokenKind : std::uint8_t {
  End,
  BareId,       ///< a name without a prefix, such as aie.tile, to or i32
  ValueId,      ///< %x, %0, %0#1 (text without the %)
  SymbolId,     ///< @x or @"x" (text without the @)
  BlockId,      ///< ^bb1 (text without the ^)
  AttributeId,  ///< #aie.packet_info (text without the #)
  TypeId,       ///< !aie.objectfifo (text without the !)
  Integer,
  Float,
  String,
  LeftParen,
  RightParen,
  LeftBrace,
  RightBrace,
  LeftSquare,
  RightSquare,
  Less,
  Greater,
  Comma,
  Colon,
  ColonColon,
  Equal,
  Arrow,
  Minus,
  Plus,
  Star,
  Slash,
  Question,
  Ellipsis,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text{};
  std::uint64_t integer = 0;  ///< Value of an Integer.
  double real = 0;            ///< Value of a Float.
  int line = 1;
  std::size_t begin = 0;  ///< Offset in the text.
  std::size_t end = 0;
};

/// Splits MLIR text into tokens. Throws Refusal for invalid characters, strings and numbers. The
/// text must outlive the lexer.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next();

  /// Reads a dimension of a shaped type after the last token. A dimension such as `4x` or `?x` is
  /// not a token. Returns false if no dimension follows. Throws Refusal if the dimension is too
  /// large.
  bool dimension(std::int64_t& size);
  /// Moves the lexer to the start of `token`, which becomes the next token.
  void go_to(const Token& token) {
    position_ = token.begin;
    line_ = token.line;
  }

 private:
  void skip_blanks();
  Token number(Token token);
  Token string(Token token);
  std::string word(std::string_view extra);
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
};

}  // namespace npuwhisper::emu::mlir
