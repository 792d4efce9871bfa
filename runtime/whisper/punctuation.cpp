// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/punctuation.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/trim.h"
#include "model/unicode_class.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

/// Ranges of punctuation and decoration. Letters and numbers within them are excluded by their
/// Unicode class.
constexpr std::array<CodePointRange, 17> kSilentRanges = {{
    {0x00A1, 0x00A1},    // inverted exclamation mark
    {0x00AB, 0x00AB},    // guillemet
    {0x00B7, 0x00B7},    // middle dot
    {0x00BB, 0x00BB},    // guillemet
    {0x00BF, 0x00BF},    // inverted question mark
    {0x055A, 0x055F},    // Armenian
    {0x0589, 0x058A},    // Armenian
    {0x05BE, 0x05BE},    // Hebrew maqaf
    {0x060C, 0x061F},    // Arabic comma to question mark
    {0x06D4, 0x06D4},    // Arabic full stop
    {0x0964, 0x0965},    // danda
    {0x2000, 0x206F},    // General Punctuation
    {0x2190, 0x2BFF},    // arrows to Miscellaneous Symbols and Arrows
    {0x2E00, 0x2E7F},    // Supplemental Punctuation
    {0x3000, 0x303F},    // CJK Symbols and Punctuation
    {0xFE00, 0xFE6F},    // variation selectors, vertical, compatibility and small forms
    {0x1F300, 0x1FAFF},  // pictographs
}};

bool contains(std::u32string_view set, char32_t character) {
  return set.find(character) != std::u32string_view::npos;
}

}  // namespace

bool is_space(char32_t character) {
  return unicode_class(character) == UnicodeClass::Space;
}

bool is_silent(char32_t character) {
  const UnicodeClass kind = unicode_class(character);
  if (kind != UnicodeClass::Other) return kind == UnicodeClass::Space;
  // Full-width forms (from U+FF01) are in ASCII order.
  const bool is_full_width = character >= 0xFF01 && character <= 0xFF5E;
  const char32_t narrow = is_full_width ? character - 0xFF01 + U'!' : character;
  if (narrow < 0x80) return !contains(U"#$%&+=@", narrow);
  if (character >= 0xFF5F && character <= 0xFF65) return true;  // brackets, stops, middle dot
  return std::ranges::any_of(kSilentRanges, [&](const CodePointRange& range) {
    return character >= range.first && character <= range.last;
  });
}

bool is_opening(char32_t character, bool after_space) {
  return contains(U"([{“‘¿¡（［｛「『《〈【〔", character) ||
         (after_space && contains(U"\"'-«„‚–—", character));
}

bool is_closing(std::string_view text) {
  bool closes = false;
  bool after_space = false;
  while (!text.empty()) {
    const CodePoint character = first_code_point(text);
    text.remove_prefix(character.n_bytes);
    if (!is_silent(character.value)) return false;
    const bool is_blank = is_space(character.value);
    if (!is_blank && !is_opening(character.value, after_space)) closes = true;
    after_space = is_blank;
  }
  return closes;
}

std::string_view without_closing(std::string_view text) {
  std::size_t length = 0;
  bool after_space = false;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint character = first_code_point(rest);
    rest.remove_prefix(character.n_bytes);
    if (!is_silent(character.value) || is_opening(character.value, after_space)) {
      length = text.size() - rest.size();
    }
    after_space = is_space(character.value);
  }
  return text.substr(0, length);
}

std::string_view without_ellipsis(std::string_view text) {
  constexpr std::string_view kCharacter = "…";
  const std::size_t dots = text.size() - text.find_last_not_of('.') - 1;
  if (dots >= 2) return text.substr(0, text.size() - dots);
  return text.ends_with(kCharacter) ? text.substr(0, text.size() - kCharacter.size()) : text;
}

bool ends_sentence(char32_t character) {
  return contains(U".!?。！？", character);
}

bool ends_sentence(std::string_view text) {
  text = trim(text);
  char32_t last = 0;
  while (!text.empty()) {
    const CodePoint character = first_code_point(text);
    last = character.value;
    text.remove_prefix(character.n_bytes);
  }
  return ends_sentence(last);
}

}  // namespace npuwhisper
