// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/segments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::Vocabulary;

constexpr std::int64_t seconds(double s) {
  return static_cast<std::int64_t>(s * 16000 + 0.5);
}

class SegmentsTest : public ::testing::Test {
 protected:
  int split(const std::vector<Token>& tokens, WindowPosition window = {0, 3000}) {
    return split_window(*vocabulary_.tokenizer, tokens, window, segments_);
  }
  void expect_segment(std::size_t i, double start, double end, const std::string& text) const {
    ASSERT_LT(i, segments_.size());
    EXPECT_EQ(segments_[i].start, seconds(start)) << i;
    EXPECT_EQ(segments_[i].end, seconds(end)) << i;
    EXPECT_EQ(segments_[i].text, text) << i;
  }
  Segment& add(double start, double end, const std::string& text) {
    Segment& segment = segments_.emplace_back();
    segment.start = seconds(start);
    segment.end = seconds(end);
    segment.text = text;
    return segment;
  }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  std::vector<Segment> segments_;
};

TEST_F(SegmentsTest, PairsOfTimestampsCut) {
  const auto first = vocabulary_.segment(0, " hello", 2.5);
  const auto second = vocabulary_.segment(2.5, " world", 6.02);
  const auto rest = Vocabulary::join({{vocabulary_.at(6.5)}, vocabulary_.text(" and")});
  EXPECT_EQ(split(Vocabulary::join({first, second, rest}), {1000, 3000}), 602);
  ASSERT_EQ(segments_.size(), 2U) << "the unfinished text is left to the next window";
  expect_segment(0, 10, 12.5, " hello");
  expect_segment(1, 12.5, 16.02, " world");
  EXPECT_EQ(segments_[0].tokens, first);
  EXPECT_EQ(segments_[1].tokens, second);
}

TEST_F(SegmentsTest, ASingleTimestampAtTheEndFinishesTheWindow) {
  EXPECT_EQ(split(Vocabulary::join(
                {vocabulary_.segment(0, " hello", 2), vocabulary_.segment(3, " world", 4)})),
            3000);
  ASSERT_EQ(segments_.size(), 2U);
  expect_segment(1, 3, 4, " world");
}

TEST_F(SegmentsTest, APairAtTheEndStartsTheNextWindow) {
  EXPECT_EQ(split(Vocabulary::join({vocabulary_.segment(0, " hello", 2), {vocabulary_.at(2)}})),
            200);
  ASSERT_EQ(segments_.size(), 1U);
  expect_segment(0, 0, 2, " hello");
}

TEST_F(SegmentsTest, WithoutAPairTheWindowIsOneSegment) {
  EXPECT_EQ(split(vocabulary_.segment(0.5, " hello", 4), {100, 3000}), 3000);
  ASSERT_EQ(segments_.size(), 1U);
  // As in the reference implementation, the segment starts at the window's beginning.
  expect_segment(0, 1, 5, " hello");

  EXPECT_EQ(split(Vocabulary::join({{vocabulary_.at(0)}, vocabulary_.text(" hello")}), {100, 700}),
            700);
  expect_segment(0, 1, 8, " hello");

  EXPECT_EQ(split({}, {0, 50}), 50);
  expect_segment(0, 0, 0.5, "");
}

TEST_F(SegmentsTest, TheNextWindowNeverPassesTheAudio) {
  EXPECT_EQ(
      split(Vocabulary::join({vocabulary_.segment(0, " hello", 9), {vocabulary_.at(9)}}), {0, 500}),
      500);
}

TEST_F(SegmentsTest, ASplitCharacterBelongsToTheFirstSegment) {
  const auto bytes = vocabulary_.text("\xE4\xBD\xA0");  // One character, with one token per byte.
  ASSERT_EQ(bytes.size(), 3U);
  const auto first = Vocabulary::join({vocabulary_.text(" hello"), {bytes[0], bytes[1]}});
  const auto second = Vocabulary::join({{bytes[2]}, vocabulary_.text(" world")});
  const auto tokens = Vocabulary::join({{vocabulary_.at(0)},
                                        first,
                                        {vocabulary_.at(1)},
                                        {vocabulary_.at(1)},
                                        second,
                                        {vocabulary_.at(2)}});
  split(tokens);
  ASSERT_EQ(segments_.size(), 2U);
  EXPECT_EQ(segments_[0].text, " hello\xE4\xBD\xA0");
  EXPECT_EQ(segments_[1].text, " world");

  // The character's remaining bytes lie in text that the next window decodes again.
  split({tokens.begin(), tokens.end() - 1});
  ASSERT_EQ(segments_.size(), 1U);
  EXPECT_EQ(segments_[0].text, " hello\xE4\xBD\xA0");
}

TEST_F(SegmentsTest, ABrokenCharacterIsReplaced) {
  const auto bytes = vocabulary_.text("\xE4\xBD\xA0");
  split(Vocabulary::join({{vocabulary_.at(0)},
                          {bytes[0]},
                          {vocabulary_.at(1)},
                          {vocabulary_.at(1)},
                          vocabulary_.text(" world"),
                          {vocabulary_.at(2)}}));
  ASSERT_EQ(segments_.size(), 2U);
  EXPECT_EQ(segments_[0].text, "\xEF\xBF\xBD");
  EXPECT_EQ(segments_[1].text, " world");
}

TEST_F(SegmentsTest, DropsWhatIsEmpty) {
  add(0, 1, " hello");
  add(1, 1, " no time");
  add(1, 2, " \n");
  add(2, 3, "");
  add(3, 4, " world");
  drop_empty_segments(segments_);
  ASSERT_EQ(segments_.size(), 2U);
  EXPECT_EQ(segments_[1].text, " world");
}

TEST_F(SegmentsTest, PlacesSegmentsInTheirWindow) {
  add(-1, 2, " a");
  add(1.5, 3, " b");
  add(3, 9, " c");
  place_segments(segments_, seconds(0), seconds(5));
  ASSERT_EQ(segments_.size(), 3U);
  expect_segment(0, 0, 2, " a");
  expect_segment(1, 2, 3, " b");
  expect_segment(2, 3, 5, " c");
}

TEST_F(SegmentsTest, TextPastTheEndJoinsTheLastSegment) {
  add(0, 4, " a").tokens = {1};
  add(6, 7, " b").tokens = {2};
  add(7, 8, " c").tokens = {3};
  place_segments(segments_, seconds(0), seconds(5));
  ASSERT_EQ(segments_.size(), 1U);
  expect_segment(0, 0, 5, " a b c");
  EXPECT_EQ(segments_[0].tokens, (std::vector<Token>{1, 2, 3}));
}

TEST_F(SegmentsTest, TextPastTheEndAloneTakesTheWindow) {
  add(6, 7, " a");
  add(7, 8, " b");
  place_segments(segments_, seconds(3), seconds(5));
  ASSERT_EQ(segments_.size(), 1U);
  expect_segment(0, 3, 5, " a b");
}

TEST_F(SegmentsTest, PlacesWordsInTheirSegment) {
  Segment& segment = add(1, 3, " a b c");
  segment.words = {{seconds(0.5), seconds(1.5), " a", 1},
                   {seconds(1.4), seconds(2), " b", 1},
                   {seconds(2.5), seconds(3.5), " c", 1}};
  place_segments(segments_, seconds(0), seconds(5));
  const auto& words = segments_[0].words;
  EXPECT_EQ(words[0].start, seconds(1));
  EXPECT_EQ(words[1].start, seconds(1.5));
  EXPECT_EQ(words[2].end, seconds(3));
}

}  // namespace
}  // namespace npuwhisper
