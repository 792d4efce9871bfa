// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "captions/atoms.h"
#include "random_speech.h"

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;
using test::at;

std::vector<std::string> texts_of(const std::vector<Caption>& captions) {
  std::vector<std::string> texts;
  for (const Caption& caption : captions) texts.push_back(caption.text);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(BuildUpCaptions, GrowWordByWordAndMoveUp) {
  const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::BuildUp, 8, 2));
  maker->add({{{at(0), at(0.5), " one"},
               {at(0.6), at(1), " two"},
               {at(1), at(2), " three"},
               {at(2), at(3), " four"}}},
             "en");
  const auto captions = maker->take(at(3));
  EXPECT_EQ(texts_of(captions), (Texts{"one", "one two", "one two\nthree", "three\nfour"}));
  EXPECT_EQ(captions[0].end, at(0.6)) << "until the next word";
  EXPECT_EQ(captions[3].end, at(3));
}

TEST(BuildUpCaptions, StandForAWhileAndAreCleared) {
  const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::BuildUp));
  maker->add({{{at(0), at(1), " one"}}}, "en");
  EXPECT_EQ(texts_of(maker->take(at(1))), Texts{"one"});
  const auto held = maker->take(at(2));
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].start, at(1));
  EXPECT_EQ(held[0].end, at(2));
  EXPECT_EQ(maker->take(at(10)).back().end, at(4));
  EXPECT_TRUE(maker->take(at(12)).empty());
  maker->add({{{at(12), at(13), " two"}}}, "en");
  EXPECT_EQ(texts_of(maker->take(at(13))), Texts{"two"});
}

TEST(BuildUpCaptions, LeaveWhenDue) {
  const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::BuildUp));
  maker->add({{{at(1), at(2), " one"}}}, "en");
  EXPECT_TRUE(maker->take(at(1)).empty());
  EXPECT_TRUE(maker->take(at(1), at(0.9)).empty());
  EXPECT_EQ(texts_of(maker->take(at(1), at(1))), Texts{"one"});
}

TEST(BuildUpCaptions, StandWhileTheNextWordIsLate) {
  const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::BuildUp));
  maker->add({{{at(0), at(1), " one"}}}, "en");
  EXPECT_EQ(texts_of(maker->take(at(1))), Texts{"one"});
  EXPECT_TRUE(maker->take(at(1), at(0.5)).empty());
  const auto held = maker->take(at(1), at(1.5));
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].end, at(1.5));
  maker->add({{{at(1.2), at(2), " two"}}}, "en");
  EXPECT_EQ(maker->pending(), at(1.5));
}

TEST(BuildUpCaptions, DoNotStandInTheWayOfOtherText) {
  const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::BuildUp));
  maker->add({{{at(0), at(1), " one"}}}, "en");
  const auto before = maker->flush_before(at(1.5));
  ASSERT_FALSE(before.empty());
  EXPECT_EQ(before.back().end, at(1.5));
  maker->add({{{at(1.5), at(2), " two"}}}, "en");
  const auto behind = maker->take(at(2));
  EXPECT_EQ(texts_of(behind), Texts{"two"});
  EXPECT_EQ(behind.front().start, at(1.5));
}

TEST(BuildUpCaptions, AnySpeechInOrderWithinItsLines) {
  for (const test::Script script : {test::Script::Latin, test::Script::Mixed}) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
      SCOPED_TRACE(seed);
      std::mt19937 random(seed);
      const auto words = test::random_speech(random, script, 60);
      const auto maker = CaptionMaker::create(CaptionLayout::of(CaptionStyle::BuildUp, 20, 2));
      std::vector<Caption> captions;
      for (std::size_t i = 0; i < words.size(); ++i) {
        maker->add(std::span(words).subspan(i, 1), "en");
        const auto more = maker->take(i + 1 < words.size() ? words[i + 1].start : words[i].end);
        captions.insert(captions.end(), more.begin(), more.end());
      }
      const auto last = maker->flush();
      captions.insert(captions.end(), last.begin(), last.end());
      nanoseconds end{0};
      for (const Caption& caption : captions) {
        SCOPED_TRACE(caption.text);
        EXPECT_GE(caption.start, end);
        EXPECT_GT(caption.end, caption.start);
        end = caption.end;
        EXPECT_LE(test::lines_of(caption.text).size(), 2U);
        for (const std::string& line : test::lines_of(caption.text)) {
          EXPECT_LE(columns_of(line), 20);
        }
      }
      ASSERT_FALSE(captions.empty());
      EXPECT_EQ(test::letters({captions.back()}).back(), test::letters(words).back());
    }
  }
}

}  // namespace
}  // namespace npuwhisper
