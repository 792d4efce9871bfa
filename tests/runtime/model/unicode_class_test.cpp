// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/unicode_class.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

TEST(UnicodeClass, KnowsTheScripts) {
  for (const char32_t letter :
       U"azAZ\u00AA\u00B5\u00DF\u0153\u02C6\u0416\u05D0\u0639\u0905\u0E01"
       U"\u3042\u30AB\u6F22\uD55C\U00020000") {
    if (letter == 0) continue;
    EXPECT_EQ(unicode_class(letter), UnicodeClass::Letter) << static_cast<std::uint32_t>(letter);
  }
  for (const char32_t number : {U'0', U'9', U'\u00B2', U'\u00BD', U'\u0664', U'\u0967', U'\u2167',
                                U'\u2460', U'\U0001D7CE'}) {
    EXPECT_EQ(unicode_class(number), UnicodeClass::Number) << static_cast<std::uint32_t>(number);
  }
  for (const char32_t space :
       {U'\t', U'\n', U'\r', U' ', U'\u0085', U'\u00A0', U'\u2003', U'\u2028', U'\u3000'}) {
    EXPECT_EQ(unicode_class(space), UnicodeClass::Space) << static_cast<std::uint32_t>(space);
  }
  // Includes a zero-width space, a combining accent, a vowel sign, an emoji, and the ends of the
  // range of code points.
  for (const char32_t other : {U'\0', U'!', U'_', U'\u200B', U'\u0301', U'\u093E', U'\u3002',
                               U'\U0001F389', U'\uFEFF', U'\U0010FFFF'}) {
    EXPECT_EQ(unicode_class(other), UnicodeClass::Other) << static_cast<std::uint32_t>(other);
  }
}

TEST(UnicodeClass, ValuesBeyondTheCodePointsAreOther) {
  for (const std::uint32_t value : {0xD800U, 0x110000U, 0xFFFFFFFFU}) {
    EXPECT_EQ(unicode_class(value), UnicodeClass::Other) << value;
  }
}

}  // namespace
}  // namespace npuwhisper
