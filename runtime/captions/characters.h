// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace npuwhisper {

/// What a reader sees as one character (grapheme cluster, Unicode annex 29).
struct Character {
  std::string_view text;
  std::uint32_t first = 0;  ///< Its first and its last code point.
  std::uint32_t last = 0;
  int width = 0;           ///< Columns.
  bool is_space = false;   ///< At which a line may break: not a no-break space.
  bool may_break = false;  ///< A line may end before it (Unicode annex 14).
};

/// The characters of `text`, which they point into and which must be valid UTF-8.
std::vector<Character> split_characters(const std::string& text);

/// Appends `text` with U+FFFD for what is not valid UTF-8.
void append_valid(std::string_view text, std::string& to);

bool ends_sentence(std::uint32_t c);  ///< A full stop, question or exclamation mark.
bool ends_phrase(std::uint32_t c);    ///< A comma, colon, dash, ...
bool opens_bracket(std::uint32_t c);
bool closes_quotation(std::uint32_t c);  ///< A bracket or quotation mark, which may close.
bool is_hangul(std::uint32_t c);
bool is_hiragana(std::uint32_t c);
bool is_katakana(std::uint32_t c);
bool is_ideograph(std::uint32_t c);
/// Of a script without spaces in which only a dictionary tells words apart.
bool needs_dictionary(std::uint32_t c);

}  // namespace npuwhisper
