// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_characters.h"

#include <algorithm>

#include <unictype.h>

#include "model/unicode_class.h"

namespace npuwhisper {

bool has_no_spaces(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kRanges[] = {
      {0x0E00, 0x0EFF},    // Thai, Lao
      {0x1000, 0x109F},    // Myanmar
      {0x1780, 0x17FF},    // Khmer
      {0x2E80, 0x9FFF},    // Chinese characters and kana
      {0xAC00, 0xD7AF},    // Hangul
      {0xF900, 0xFAFF},    // Chinese characters
      {0xFF66, 0xFF9F},    // half-width kana
      {0x20000, 0x3FFFF},  // Chinese characters
  };
  return std::ranges::any_of(kRanges, [&](const Range& r) { return c >= r.first && c <= r.last; });
}

bool is_separator(char32_t c) {
  const UnicodeClass of = unicode_class(c);
  return of != UnicodeClass::Letter && of != UnicodeClass::Number &&
         !uc_is_general_category(c, UC_CATEGORY_M);
}

bool is_in_word(char32_t c) {
  return !is_separator(c) && !has_no_spaces(c);
}

}  // namespace npuwhisper
