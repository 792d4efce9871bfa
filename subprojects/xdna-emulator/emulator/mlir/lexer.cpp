// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/mlir/lexer.h"

#include <cstdlib>
#include <limits>

#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu::mlir {
namespace {

// The functions of <cctype> are not suitable: they depend on the locale and do not accept negative
// values of char.
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

}  // namespace

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = peek();
    if (c == '\n') {
      ++line_;
      ++position_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++position_;
    } else if (c == '/' && peek(1) == '/') {
      while (position_ < text_.size() && peek() != '\n') {
        ++position_;
      }
    } else {
      return;
    }
  }
}

std::string Lexer::word(std::string_view extra) {
  const std::size_t begin = position_;
  while (position_ < text_.size()) {
    const char c = peek();
    if (!is_letter(c) && !is_digit(c) && extra.find(c) == std::string_view::npos) {
      break;
    }
    ++position_;
  }
  return std::string(text_.substr(begin, position_ - begin));
}

Token Lexer::number(Token token) {
  token.kind = TokenKind::Integer;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const auto append = [&](std::uint64_t base, std::uint64_t digit) {
    if (token.integer > (kMax - digit) / base) {
      refuse(line_, "integer does not fit 64 bits");
    }
    token.integer = token.integer * base + digit;
  };
  if (peek() == '0' && peek(1) == 'x' && hex_value(peek(2)) >= 0) {
    position_ += 2;
    while (hex_value(peek()) >= 0) {
      append(16, static_cast<std::uint64_t>(hex_value(peek())));
      ++position_;
    }
    return token;
  }
  const std::size_t begin = position_;
  while (is_digit(peek())) {
    ++position_;
  }
  if (peek() == '.' && is_digit(peek(1))) {
    ++position_;
    while (is_digit(peek())) {
      ++position_;
    }
    if ((peek() == 'e' || peek() == 'E') &&
        (is_digit(peek(1)) || ((peek(1) == '-' || peek(1) == '+') && is_digit(peek(2))))) {
      position_ += 2;
      while (is_digit(peek())) {
        ++position_;
      }
    }
    token.kind = TokenKind::Float;
    token.text = std::string(text_.substr(begin, position_ - begin));
    token.real = std::strtod(token.text.c_str(), nullptr);
    return token;
  }
  for (std::size_t i = begin; i < position_; ++i) {
    append(10, static_cast<std::uint64_t>(text_[i] - '0'));
  }
  return token;
}

Token Lexer::string(Token token) {
  token.kind = TokenKind::String;
  ++position_;
  while (true) {
    const char c = peek();
    if (position_ >= text_.size() || c == '\n') {
      refuse(line_, "expected '\"' at the end of a string");
    }
    ++position_;
    if (c == '"') {
      return token;
    }
    if (c != '\\') {
      token.text += c;
      continue;
    }
    const char escaped = peek();
    if (escaped == 'n' || escaped == 't' || escaped == '\\' || escaped == '"') {
      token.text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
      ++position_;
    } else if (hex_value(escaped) >= 0 && hex_value(peek(1)) >= 0) {
      token.text += static_cast<char>(hex_value(escaped) * 16 + hex_value(peek(1)));
      position_ += 2;
    } else {
      refuse(line_, "unknown escape in a string");
    }
  }
}

bool Lexer::dimension(std::int64_t& size) {
  skip_blanks();
  const std::size_t begin = position_;
  if (peek() == '?' && peek(1) == 'x') {
    size = std::numeric_limits<std::int64_t>::min();
    position_ += 2;
    return true;
  }
  std::int64_t value = 0;
  while (is_digit(peek())) {
    value = value * 10 + (peek() - '0');
    if (value > std::numeric_limits<std::int32_t>::max()) {
      refuse(line_, "dimension does not fit 31 bits");
    }
    ++position_;
  }
  const bool is_number = position_ != begin;
  while (is_number && peek() == ' ') ++position_;  // `memref<16 x i32>` is allowed.
  if (!is_number || peek() != 'x') {
    position_ = begin;
    return false;
  }
  ++position_;
  size = value;
  return true;
}

Token Lexer::next() {
  skip_blanks();
  Token token;
  token.line = line_;
  token.begin = position_;
  if (position_ >= text_.size()) {
    token.end = position_;
    return token;
  }
  const char c = peek();
  const auto single = [&](TokenKind kind, std::size_t length = 1) {
    token.kind = kind;
    position_ += length;
  };
  if (is_letter(c)) {
    token.kind = TokenKind::BareId;
    token.text = word("._$");
  } else if (is_digit(c)) {
    token = number(token);
  } else if (c == '"') {
    token = string(token);
  } else if (c == '%' || c == '^' || c == '#' || c == '!') {
    ++position_;
    token.kind = c == '%'   ? TokenKind::ValueId
                 : c == '^' ? TokenKind::BlockId
                 : c == '#' ? TokenKind::AttributeId
                            : TokenKind::TypeId;
    token.text = word(c == '%' ? "._$-#" : "._$-");
    if (token.text.empty()) {
      refuse(line_, std::string("expected a name after '") + c + "'");
    }
  } else if (c == '@') {
    ++position_;
    if (peek() == '"') {
      token = string(token);
    } else {
      token.text = word("._$");
    }
    token.kind = TokenKind::SymbolId;
    if (token.text.empty()) {
      refuse(line_, "expected a name after '@'");
    }
  } else {
    switch (c) {
      case '(':
        single(TokenKind::LeftParen);
        break;
      case ')':
        single(TokenKind::RightParen);
        break;
      case '{':
        single(TokenKind::LeftBrace);
        break;
      case '}':
        single(TokenKind::RightBrace);
        break;
      case '[':
        single(TokenKind::LeftSquare);
        break;
      case ']':
        single(TokenKind::RightSquare);
        break;
      case '<':
        single(TokenKind::Less);
        break;
      case '>':
        single(TokenKind::Greater);
        break;
      case ',':
        single(TokenKind::Comma);
        break;
      case '=':
        single(TokenKind::Equal);
        break;
      case '+':
        single(TokenKind::Plus);
        break;
      case '*':
        single(TokenKind::Star);
        break;
      case '/':
        single(TokenKind::Slash);
        break;
      case '?':
        single(TokenKind::Question);
        break;
      case ':':
        peek(1) == ':' ? single(TokenKind::ColonColon, 2) : single(TokenKind::Colon);
        break;
      case '-':
        peek(1) == '>' ? single(TokenKind::Arrow, 2) : single(TokenKind::Minus);
        break;
      case '.':
        if (peek(1) == '.' && peek(2) == '.') {
          single(TokenKind::Ellipsis, 3);
          break;
        }
        [[fallthrough]];
      default: {
        const int code = static_cast<unsigned char>(c);
        refuse(line_, code >= 0x20 && code < 0x7f ? std::string("unexpected character '") + c + "'"
                                                  : "unexpected byte " + std::to_string(code));
      }
    }
  }
  token.end = position_;
  return token;
}

}  // namespace npuwhisper::emu::mlir
