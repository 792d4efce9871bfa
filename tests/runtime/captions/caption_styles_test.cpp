// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/captions.h>

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

TEST(CaptionStyles, HaveEntriesInTheOrderOfTheirValues) {
  int value = 0;
  for (const CaptionStyleEntry& entry : caption_styles()) {
    EXPECT_EQ(static_cast<int>(entry.style), value++);
    EXPECT_EQ(to_string(entry.style), entry.name);
    const auto parsed = parse_caption_style(entry.name);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, entry.style);
  }
  EXPECT_EQ(value, static_cast<int>(CaptionStyle::BuildUp) + 1);
}

TEST(CaptionStyles, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const auto parsed = parse_caption_style("roll-up");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message,
            "caption style 'roll-up' is not one of none, subtitle, broadcast, build-up");
}

TEST(CaptionStyles, HaveTheirOwnColumns) {
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Subtitle).columns, 42);
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Broadcast).columns, 32);
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Broadcast, 20).columns, 20);
}

}  // namespace
}  // namespace npuwhisper
