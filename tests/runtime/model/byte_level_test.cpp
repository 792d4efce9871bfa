// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/byte_level.h"

#include <gtest/gtest.h>

#include <set>

#include "model/utf8.h"

namespace npuwhisper {
namespace {

TEST(ByteLevel, EveryByteSurvives) {
  std::set<char32_t> seen;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t spelled = to_byte_level(static_cast<std::uint8_t>(byte));
    EXPECT_TRUE(seen.insert(spelled).second) << byte;
    std::string spelling;
    append_utf8(spelled, spelling);
    EXPECT_EQ(from_byte_level(spelling), std::string(1, static_cast<char>(byte)));
  }
}

// The expected values are GPT-2's spelling of these bytes.
TEST(ByteLevel, SpellsAsGpt2) {
  EXPECT_EQ(to_byte_level('a'), U'a');
  EXPECT_EQ(to_byte_level(' '), U'\u0120');
  EXPECT_EQ(to_byte_level('\n'), U'\u010A');
  EXPECT_EQ(to_byte_level('\0'), U'\u0100');
  EXPECT_EQ(to_byte_level(0xC3), U'\u00C3');
  EXPECT_EQ(to_byte_level(0x7F), U'\u0121');
  EXPECT_EQ(to_byte_level(0xAD), U'\u0143');
  EXPECT_EQ(from_byte_level("\u0120the"), " the");
  EXPECT_EQ(from_byte_level(""), "");
}

TEST(ByteLevel, RefusesForeignCharacters) {
  EXPECT_EQ(from_byte_level("a b"), std::nullopt);
  EXPECT_EQ(from_byte_level("\u0144"), std::nullopt);
  EXPECT_EQ(from_byte_level("\u20AC"), std::nullopt);
  EXPECT_EQ(from_byte_level("\xC3"), std::nullopt);
}

}  // namespace
}  // namespace npuwhisper
