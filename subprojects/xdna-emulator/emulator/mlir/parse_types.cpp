// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdlib>

#include "emulator/mlir/parser.h"
#include "emulator/mlir/refusal.h"

namespace npuwhisper::emu::mlir {
namespace {

/// Returns the width of an integer type such as i32, ui8 or si16; 0 for other words.
int integer_width(std::string_view word, bool& is_unsigned) {
  is_unsigned = word.starts_with("ui");
  if (is_unsigned || word.starts_with("si")) {
    word.remove_prefix(2);
  } else if (word.starts_with("i")) {
    word.remove_prefix(1);
  } else {
    return 0;
  }
  if (word.empty() || word.size() > 4 ||
      word.find_first_not_of("0123456789") != std::string_view::npos) {
    return 0;
  }
  return std::atoi(std::string(word).c_str());
}

}  // namespace

const Type* Parser::index_type() {
  return module_.add(Type{.kind = TypeKind::Index, .width = 64, .text = "index"});
}

const Type* Parser::integer_type(int width) {
  return module_.add(
      Type{.kind = TypeKind::Integer, .width = width, .text = "i" + std::to_string(width)});
}

const Type* Parser::function_type() {
  Type function{.kind = TypeKind::Function, .text = "function"};
  expect(TokenKind::LeftParen, "'('");
  function.inputs = type_list(TokenKind::RightParen);
  expect(TokenKind::Arrow, "'->'");
  if (take_if(TokenKind::LeftParen)) {
    function.results = type_list(TokenKind::RightParen);
  } else {
    function.results = {type()};
  }
  return module_.add(std::move(function));
}

const Type* Parser::shaped_type(TypeKind kind) {
  Type shaped{.kind = kind};
  if (!at(TokenKind::Less)) {
    expected("'<'");
  }
  // Read the dimensions directly from the lexer, because dimensions are not tokens. The lexer is
  // right after '<'.
  bool unranked = false;
  std::int64_t size = 0;
  while (lexer_.dimension(size)) {
    shaped.shape.push_back(size);
    if (shaped.shape.size() > 16) {
      refuse(token_.line, "more than 16 dimensions");
    }
  }
  token_ = lexer_.next();
  if (shaped.shape.empty() && take_if(TokenKind::Star)) {
    // In memref<*xi32>, the lexer has read "xi32" as one word. Read the word again after its x.
    if (!at(TokenKind::BareId) || token_.text[0] != 'x') {
      expected("'x' and an element type");
    }
    unranked = true;
    shaped.kind = TypeKind::UnrankedMemRef;
    Token element = token_;
    element.begin += 1;
    lexer_.go_to(element);
    token_ = lexer_.next();
  }
  shaped.element = type();
  while (take_if(TokenKind::Comma)) {
    if (take_word_if("strided")) {
      shaped.has_layout = true;
      expect(TokenKind::Less, "'<'");
      expect(TokenKind::LeftSquare, "'['");
      while (!take_if(TokenKind::RightSquare)) {
        shaped.strides.push_back(take_if(TokenKind::Question) ? kDynamic : integer());
        if (!at(TokenKind::RightSquare) && !take_if(TokenKind::Comma)) {
          expected("',' or ']'");
        }
      }
      if (take_if(TokenKind::Comma)) {
        expect_word("offset");
        expect(TokenKind::Colon, "':'");
        shaped.offset = take_if(TokenKind::Question) ? kDynamic : integer();
      }
      expect(TokenKind::Greater, "'>'");
    } else if (at_word("affine_map")) {
      refuse_unmodelled(token_.line, "a memref with an affine_map layout");
    } else {
      attribute();  // Ignore the memory space, because every buffer belongs to a tile.
    }
  }
  expect(TokenKind::Greater, "'>'");
  for (const std::int64_t dim : shaped.shape) {
    shaped.text += (dim == kDynamic ? "?" : std::to_string(dim)) + "x";
  }
  shaped.text = std::string(kind == TypeKind::MemRef   ? "memref<"
                            : kind == TypeKind::Tensor ? "tensor<"
                                                       : "vector<") +
                (unranked ? "*x" : "") + shaped.text + shaped.element->text + ">";
  return module_.add(std::move(shaped));
}

const Type* Parser::dialect_type() {
  const Token name = take();
  if (const auto alias = type_aliases_.find(name.text); alias != type_aliases_.end()) {
    return alias->second;
  }
  Type type{.kind = TypeKind::Other, .text = "!" + name.text};
  if (name.text == "aie.objectfifo" || name.text == "aie.objectfifosubview" ||
      name.text == "AIE.objectFifo" || name.text == "AIE.objectFifoSubview") {
    type.kind = name.text.size() > 14 ? TypeKind::ObjectFifoSubview : TypeKind::ObjectFifo;
    expect(TokenKind::Less, "'<'");
    type.element = this->type();
    expect(TokenKind::Greater, "'>'");
    if (type.element->kind != TypeKind::MemRef) {
      refuse(name.line, "'" + type.text + "' expects a memref, found " + type.element->text);
    }
    type.text += "<" + type.element->text + ">";
  } else if (at(TokenKind::Less)) {
    skip_angles();
  }
  return module_.add(std::move(type));
}

const Type* Parser::type() {
  const Depth depth(*this);
  if (at(TokenKind::LeftParen)) {
    return function_type();
  }
  if (at(TokenKind::TypeId)) {
    return dialect_type();
  }
  if (!at(TokenKind::BareId)) {
    expected("a type");
  }
  const Token word = take();
  if (word.text == "memref") {
    return shaped_type(TypeKind::MemRef);
  }
  if (word.text == "tensor") {
    return shaped_type(TypeKind::Tensor);
  }
  if (word.text == "vector") {
    return shaped_type(TypeKind::Vector);
  }
  if (word.text == "index") {
    return index_type();
  }
  if (word.text == "none") {
    return module_.add(Type{.text = "none"});
  }
  if (word.text == "bf16" || word.text == "f16" || word.text == "f32" || word.text == "f64") {
    return module_.add(Type{.kind = TypeKind::Float,
                            .width = word.text == "f64"   ? 64
                                     : word.text == "f32" ? 32
                                                          : 16,
                            .is_bf16 = word.text == "bf16",
                            .text = word.text});
  }
  bool is_unsigned = false;
  if (const int width = integer_width(word.text, is_unsigned); width > 0) {
    return module_.add(Type{
        .kind = TypeKind::Integer, .width = width, .is_unsigned = is_unsigned, .text = word.text});
  }
  refuse(word.line, "expected a type, found '" + word.text + "'");
}

}  // namespace npuwhisper::emu::mlir
