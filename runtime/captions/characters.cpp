// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/characters.h"

#include <unictype.h>
#include <unigbrk.h>
#include <unilbrk.h>
#include <unistr.h>
#include <uniwidth.h>

#include <algorithm>
#include <string_view>

namespace npuwhisper {
namespace {

// With this encoding, libunistring counts characters of ambiguous width as narrow.
constexpr const char* kEncoding = "UTF-8";

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

bool contains(std::u32string_view set, std::uint32_t c) {
  return set.find(static_cast<char32_t>(c)) != std::u32string_view::npos;
}

bool is_breaking_space(std::uint32_t c) {
  constexpr std::u32string_view kNoBreak = U"\u00A0\u2007\u202F";
  return uc_is_property_white_space(c) && !contains(kNoBreak, c);
}

// Returns whether `c` ends a line: LF, VT, FF, CR, NEL, or the line or paragraph separator.
bool is_line_end(std::uint32_t c) {
  return (c >= 0x0A && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// Returns whether a line may break between `before` and `after` because one of them is a quotation
// mark. Unicode annex 14 allows no break at quotation marks, because the same mark can open or
// close a quotation in different languages. Next to an East Asian character, “ and ‘ open a
// quotation, and ” and ’ close a quotation.
bool is_east_asian_quotation(const Character& before, const Character& after) {
  if (contains(U"“‘", after.first)) return before.width == 2 && !opens_bracket(before.last);
  return contains(U"”’", before.last) && after.width == 2 && !ends_sentence(after.first) &&
         !ends_phrase(after.first) && !closes_quotation(after.first);
}

Character read_character(std::string_view text) {
  Character character;
  character.text = text;
  bool is_first = true;
  while (!text.empty()) {
    ucs4_t c = 0;
    const int n = u8_mbtouc(&c, bytes_of(text), text.size());
    text.remove_prefix(static_cast<std::size_t>(n));
    if (is_first) character.first = c;
    is_first = false;
    character.last = c;
    // The width is the maximum of the code points' widths, because joined code points (such as an
    // emoji family) are drawn as one character.
    character.width = std::max(character.width, uc_width(c, kEncoding));
  }
  character.is_space = is_breaking_space(character.first);
  return character;
}

}  // namespace

std::vector<Character> split_characters(const std::string& text) {
  std::vector<char> lines(text.size());
  std::vector<char> clusters(text.size());
  u8_possible_linebreaks(bytes_of(text), text.size(), kEncoding, lines.data());
  u8_grapheme_breaks(bytes_of(text), text.size(), clusters.data());
  std::vector<Character> characters;
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= text.size(); ++i) {
    if (i < text.size() && clusters[i] == 0) continue;
    Character character = read_character(std::string_view(text).substr(begin, i - begin));
    character.may_break = lines[begin] == UC_BREAK_POSSIBLE;
    if (!characters.empty()) {
      const Character& before = characters.back();
      character.may_break = character.may_break || is_line_end(before.last) ||
                            is_east_asian_quotation(before, character);
    }
    characters.push_back(character);
    begin = i;
  }
  return characters;
}

void append_valid(std::string_view text, std::string& to) {
  while (!text.empty()) {
    ucs4_t c = 0;
    const int n = u8_mbtoucr(&c, bytes_of(text), text.size());
    const std::size_t taken = n > 0 ? static_cast<std::size_t>(n) : 1;
    if (n > 0) {
      to.append(text.substr(0, taken));
    } else {
      to.append("\uFFFD");
    }
    text.remove_prefix(taken);
  }
}

bool ends_sentence(std::uint32_t c) {
  return contains(U".!?。！？．؟।", c);
}

bool ends_phrase(std::uint32_t c) {
  return contains(U",;:…–—)]}、，；：）］」』،؛", c);
}

bool opens_bracket(std::uint32_t c) {
  return contains(U"([{（［「『【《〈", c);
}

bool closes_quotation(std::uint32_t c) {
  return contains(U"\"'”’»›)]）］」』】》〉", c);
}

bool is_hangul(std::uint32_t c) {
  return (c >= 0xAC00 && c <= 0xD7FF) || (c >= 0x1100 && c <= 0x11FF);
}

bool is_hiragana(std::uint32_t c) {
  return c >= 0x3040 && c <= 0x309F;
}

bool is_katakana(std::uint32_t c) {
  return c >= 0x30A0 && c <= 0x30FF;
}

bool is_ideograph(std::uint32_t c) {
  return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF) || c == 0x3005;
}

bool needs_dictionary(std::uint32_t c) {
  return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) ||
         (c >= 0x1780 && c <= 0x17FF);
}

}  // namespace npuwhisper
