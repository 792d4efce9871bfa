// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/punctuation.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

TEST(PunctuationTest, ClosingTextBelongsToTheWordBeforeIt) {
  for (const char* text : {",", ".", "...", " .", "?!", "，", "。", "\"", ")", "…"}) {
    EXPECT_TRUE(is_closing(text)) << text;
  }
  for (const char* text : {"", " ", " (", " \"", "¿", " -", "a", ", a", "%", "'s", " word."}) {
    EXPECT_FALSE(is_closing(text)) << text;
  }
}

TEST(PunctuationTest, WithoutClosingKeepsWordsAndOpeningMarks) {
  EXPECT_EQ(without_closing(" home."), " home");
  EXPECT_EQ(without_closing(" home...\" "), " home");
  EXPECT_EQ(without_closing(" U.S.A."), " U.S.A");
  EXPECT_EQ(without_closing("好。"), "好");
  EXPECT_EQ(without_closing(" home"), " home");
  EXPECT_EQ(without_closing(" 50%."), " 50%");
  EXPECT_EQ(without_closing(", ."), "");
}

TEST(PunctuationTest, WithoutEllipsisKeepsASingleFullStop) {
  EXPECT_EQ(without_ellipsis(" can..."), " can");
  EXPECT_EQ(without_ellipsis(" can.."), " can");
  EXPECT_EQ(without_ellipsis(" can…"), " can");
  EXPECT_EQ(without_ellipsis(" can."), " can.");
  EXPECT_EQ(without_ellipsis("..."), "");
  EXPECT_EQ(without_ellipsis(""), "");
}

}  // namespace
}  // namespace npuwhisper
