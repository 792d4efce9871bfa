// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/line_layout.h"

#include <gtest/gtest.h>

#include "random_speech.h"

namespace npuwhisper {
namespace {

std::string laid_out(const std::string& text, int columns = 42, const char* language = "en") {
  const SpokenText whole{test::at(0), test::at(1), text};
  const auto atoms = split_atoms({&whole, 1}, columns, language);
  std::string lines;
  const auto begins = lay_out(atoms, columns);
  auto begin = begins.begin();
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (begin != begins.end() && *begin == i) {
      if (i > 0) lines += " | ";
      ++begin;
    } else if (atoms[i].after_space) {
      lines += ' ';
    }
    lines += atoms[i].text;
  }
  return lines;
}

TEST(LineLayout, WhatFitsIsOneLine) {
  EXPECT_EQ(laid_out("We never saw the house, and we left."),
            "We never saw the house, and we left.");
}

TEST(LineLayout, BreaksAfterPunctuation) {
  EXPECT_EQ(laid_out("When the old man came home, his dog was waiting there."),
            "When the old man came home, | his dog was waiting there.");
}

TEST(LineLayout, BreaksBeforeTheConjunction) {
  EXPECT_EQ(laid_out("The family had long been settled there and their estate was large"),
            "The family had long been settled there | and their estate was large");
}

TEST(LineLayout, NoArticleEndsALine) {
  EXPECT_EQ(laid_out("Nobody in town remembered the blue painted wooden shutters"),
            "Nobody in town remembered | the blue painted wooden shutters");
}

TEST(LineLayout, OtherLanguages) {
  EXPECT_EQ(laid_out("Wir sind gestern Abend sehr spät mit dem Zug nach Hause gefahren", 42, "de"),
            "Wir sind gestern Abend sehr spät | mit dem Zug nach Hause gefahren");
}

TEST(LineLayout, ChineseCountsTwoColumnsACharacter) {
  EXPECT_EQ(laid_out("我们昨天去了北京，今天早上回来了", 20, "zh"),
            "我们昨天去了北京， | 今天早上回来了");
}

TEST(LineLayout, MoreLinesWhereAsked) {
  EXPECT_EQ(laid_out("one two three four five six seven eight", 12),
            "one two | three four | five six | seven eight");
}

TEST(LineLayout, FittingCountsWhatGreedyLinesTake) {
  const SpokenText whole{test::at(0), test::at(1), "aaaa bbbb cccc dddd"};
  const auto atoms = split_atoms({&whole, 1}, 9, "en");
  EXPECT_EQ(n_fitting(atoms, 9, 1), 2U);
  EXPECT_EQ(n_fitting(atoms, 9, 2), 4U);
  EXPECT_EQ(n_fitting(atoms, 8, 2), 2U);
  EXPECT_EQ(width_of(atoms), 19);
}

}  // namespace
}  // namespace npuwhisper
