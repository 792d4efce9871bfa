// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace npuwhisper {

/// A character as a reader perceives it (grapheme cluster, Unicode annex 29).
struct Character {
  std::string_view text;
  std::uint32_t first = 0;  ///< First code point.
  std::uint32_t last = 0;   ///< Last code point.
  int width = 0;            ///< Width in columns.
  bool is_space = false;    ///< A space at which a line may break; not a no-break space.
  bool may_break = false;   ///< A line may end before this character (Unicode annex 14).
};

/// Splits `text`, which must be valid UTF-8, into characters. Each Character::text points into
/// `text`.
std::vector<Character> split_characters(const std::string& text);

/// Appends `text` to `to`. Replaces bytes that are not valid UTF-8 by U+FFFD.
void append_valid(std::string_view text, std::string& to);

/// Returns whether `c` is a full stop, a question mark or an exclamation mark.
bool ends_sentence(std::uint32_t c);
/// Returns whether `c` is a comma, colon, dash, closing bracket or similar mark.
bool ends_phrase(std::uint32_t c);
bool opens_bracket(std::uint32_t c);
/// Returns whether `c` is a closing bracket or a quotation mark that may close a quotation.
bool closes_quotation(std::uint32_t c);
bool is_hangul(std::uint32_t c);
bool is_hiragana(std::uint32_t c);
bool is_katakana(std::uint32_t c);
bool is_ideograph(std::uint32_t c);
/// Returns whether `c` belongs to a script without spaces, in which only a dictionary separates
/// words.
bool needs_dictionary(std::uint32_t c);

}  // namespace npuwhisper
