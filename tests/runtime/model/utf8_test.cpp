// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/utf8.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

TEST(Utf8, EveryCodePointSurvives) {
  for (char32_t value = 0; value <= 0x10FFFF; ++value) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string text;
    append_utf8(value, text);
    const CodePoint read = first_code_point(text + "x");
    ASSERT_TRUE(read.is_valid) << std::hex << static_cast<std::uint32_t>(value);
    ASSERT_EQ(read.value, value);
    ASSERT_EQ(read.n_bytes, text.size());
  }
}

TEST(Utf8, KeepsValidText) {
  const std::string text = "a\xC3\xB6\xE2\x82\xAC\xF0\x9F\x8E\x89";
  EXPECT_EQ(to_valid_utf8(text), text);
  EXPECT_EQ(to_valid_utf8(""), "");
}

// The expected values are those of Python's bytes.decode('utf-8', 'replace').
TEST(Utf8, ReplacesIncompleteSequences) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(to_valid_utf8("a\x80"
                          "b"),
            "a" + bad + "b");
  EXPECT_EQ(to_valid_utf8("\xE2\x82"), bad);
  EXPECT_EQ(to_valid_utf8("\xE2\x82x"), bad + "x");
  EXPECT_EQ(to_valid_utf8("\xF0\x9F\x8E"), bad);
  EXPECT_EQ(to_valid_utf8("\xF0\x9F\x8E\xF0\x9F\x8E\x89"), bad + "\xF0\x9F\x8E\x89");
  EXPECT_EQ(to_valid_utf8("\xC0\xAF"), bad + bad) << "overlong";
  EXPECT_EQ(to_valid_utf8("\xE0\x80\x80"), bad + bad + bad) << "overlong";
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), bad + bad + bad) << "surrogate";
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), bad + bad + bad + bad) << "above U+10FFFF";
  EXPECT_EQ(to_valid_utf8("\xF5\xFF"), bad + bad);
}

TEST(Utf8, QuotesForeignTextSafely) {
  EXPECT_EQ(in_quotes("a b"), "'a b'");
  EXPECT_EQ(in_quotes("a\n\x1B\x7F\xFF"), "'a???\xEF\xBF\xBD'");
  EXPECT_EQ(in_quotes(std::string(80, 'x')), "'" + std::string(80, 'x') + "'");
  EXPECT_EQ(in_quotes(std::string(65000, 'x')), "'" + std::string(80, 'x') + "...'");
}

}  // namespace
}  // namespace npuwhisper
