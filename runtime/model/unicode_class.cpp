// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/unicode_class.h"

#include <algorithm>

namespace npuwhisper {
namespace {

bool contains(std::span<const CodePointRange> ranges, char32_t code_point) {
  const auto after = std::ranges::upper_bound(ranges, code_point, {}, &CodePointRange::first);
  return after != ranges.begin() && code_point <= std::prev(after)->last;
}

/// Returns whether `c` has the property White_Space (PropList.txt of the Unicode database,
/// unchanged since version 6.3).
bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

}  // namespace

UnicodeClass unicode_class(char32_t code_point) {
  if (is_space(code_point)) return UnicodeClass::Space;
  if (contains(kLetterRanges, code_point)) return UnicodeClass::Letter;
  if (contains(kNumberRanges, code_point)) return UnicodeClass::Number;
  return UnicodeClass::Other;
}

}  // namespace npuwhisper
