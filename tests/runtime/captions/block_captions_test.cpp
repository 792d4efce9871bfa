// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests captions that appear as a whole: each rule separately, and properties that hold for any
// speech.
#include <gtest/gtest.h>

#include <algorithm>

#include "captions/atoms.h"
#include "captions/reading.h"
#include "random_speech.h"

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;
using test::at;
using test::letters;
using test::lines_of;
using test::spoken;

constexpr nanoseconds kLag = reading::kMostDelay;

std::vector<Caption> all_of(const std::vector<SpokenText>& words,
                            CaptionLayout layout = CaptionLayout::of(CaptionStyle::Subtitle)) {
  const auto maker = CaptionMaker::create(layout);
  maker->add(words, "en");
  return maker->flush();
}

void append(std::vector<Caption>& to, std::vector<Caption> captions) {
  to.insert(to.end(), captions.begin(), captions.end());
}

TEST(BlockCaptions, ASentenceIsACaption) {
  const auto captions =
      all_of(spoken(" We never saw the house again. The next day we left for the coast."));
  ASSERT_EQ(captions.size(), 2U);
  EXPECT_EQ(captions[0].text, "We never saw the house again.");
  EXPECT_EQ(captions[1].text, "The next day we left for the coast.");
  EXPECT_EQ(captions[0].end, captions[1].start);
}

TEST(BlockCaptions, ShortSentencesShareOne) {
  const auto captions = all_of(spoken(" Yes. I do. It is over there."));
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].text, "Yes. I do. It is over there.");
}

TEST(BlockCaptions, LongSentencesAreSplitEvenlyAtPhrases) {
  const auto captions = all_of(
      spoken(" The family of Dashwood had long been settled in Sussex, their estate was large, and "
             "their residence was at Norland Park in the centre of their property."));
  ASSERT_EQ(captions.size(), 2U);
  EXPECT_EQ(captions[0].text,
            "The family of Dashwood had long been\nsettled in Sussex, their estate was large,");
  EXPECT_EQ(captions[1].text,
            "and their residence was at Norland Park\nin the centre of their property.");
}

TEST(BlockCaptions, APauseEndsACaption) {
  auto words = spoken(" and then");
  const auto later = spoken(" he went home", 5);
  words.insert(words.end(), later.begin(), later.end());
  const auto captions = all_of(words);
  ASSERT_EQ(captions.size(), 2U);
  EXPECT_EQ(captions[0].text, "and then");
  EXPECT_EQ(captions[1].start, at(5));
}

TEST(BlockCaptions, ShortOnesStandForTheLeastTime) {
  const auto captions = all_of({{at(1), at(1.2), " No."}});
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].end - captions[0].start, nanoseconds(reading::kLeast));
}

TEST(BlockCaptions, FastOnesStandUntilTheyAreRead) {
  const auto captions = all_of(spoken(" a caption of precisely forty columns here.", 0, 0.01));
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].end, at(42 / 20.0));
}

TEST(BlockCaptions, TheNextIsDelayedByHalfASecondAtMost) {
  auto words = spoken(" a caption of precisely forty columns here.", 0, 0.01);
  const auto more = spoken(" And something else that is said right after it.", 0.43, 0.06);
  words.insert(words.end(), more.begin(), more.end());
  const auto captions = all_of(words);
  ASSERT_EQ(captions.size(), 2U);
  EXPECT_EQ(captions[0].end, at(0.43) + kLag);
  EXPECT_EQ(captions[1].start, captions[0].end);
}

TEST(BlockCaptions, BroadcastHas32Columns) {
  const auto captions = all_of(spoken(" The family of Dashwood had long been settled in Sussex."),
                               CaptionLayout::of(CaptionStyle::Broadcast));
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].text, "The family of Dashwood\nhad long been settled in Sussex.");
}

TEST(BlockCaptions, TextWithoutWordTimesIsSplitByItsLength) {
  const auto captions = all_of({{at(0), at(12),
                                 " The family of Dashwood had long been settled in Sussex, their "
                                 "estate was large, and their residence was at Norland Park."}});
  ASSERT_EQ(captions.size(), 2U);
  EXPECT_GT(captions[1].start, at(4));
  EXPECT_LT(captions[1].start, at(8));
}

TEST(BlockCaptions, MarksAreWhereWordsBegin) {
  const auto captions = all_of({{at(1), at(2), " One"}, {at(2), at(3), " two"}});
  ASSERT_EQ(captions.size(), 1U);
  ASSERT_EQ(captions[0].marks.size(), 2U);
  EXPECT_EQ(captions[0].marks[1].offset, 4U);
  EXPECT_EQ(captions[0].marks[1].time, at(2));
}

TEST(BlockCaptions, WaitForTheirEnd) {
  const auto maker = CaptionMaker::create({});
  maker->add(spoken(" We never saw the house again."), "en");
  const nanoseconds end = at(30 * 0.06);
  EXPECT_TRUE(maker->take(end).empty()) << "the next may begin at once";
  EXPECT_EQ(maker->pending(), at(0));
  const auto captions = maker->take(end + nanoseconds(reading::kGap));
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].end, end);
  EXPECT_FALSE(maker->pending());
}

TEST(BlockCaptions, UnfinishedSentenceWaitsForAPause) {
  const auto maker = CaptionMaker::create({});
  maker->add({{{at(0), at(1), " and then"}}}, "en");
  EXPECT_TRUE(maker->take(at(1.9)).empty());
  EXPECT_EQ(maker->take(at(2)).size(), 1U);
}

TEST(BlockCaptions, DueTextIsReturnedButNotAFinalArticle) {
  const auto maker = CaptionMaker::create({});
  maker->add({{{at(0), at(1), " we"}, {at(1), at(2), " saw"}, {at(2), at(3), " the"}}}, "en");
  EXPECT_TRUE(maker->take(at(3)).empty());
  const auto captions = maker->take(at(3), at(0));
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].text, "we saw");
  EXPECT_EQ(captions[0].end, at(2));
  EXPECT_EQ(maker->pending(), at(2));
  EXPECT_EQ(maker->take(at(3), at(2)).size(), 1U) << "then the article is due as well";
}

TEST(BlockCaptions, DueCaptionEndsSoonAfterKnownTime) {
  const auto maker = CaptionMaker::create({});
  maker->add({{{at(0), at(0.1), " we"}}}, "en");
  const auto captions = maker->take(at(0.1), at(0));
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].end, at(0.1) + kLag);
}

TEST(BlockCaptions, FloorAndRestart) {
  const auto maker = CaptionMaker::create({});
  maker->raise_floor(at(4));
  maker->add({{{at(1), at(2), " late"}}}, "en");
  const auto captions = maker->flush();
  ASSERT_EQ(captions.size(), 1U);
  EXPECT_EQ(captions[0].start, at(4));
  EXPECT_EQ(captions[0].end, at(4) + nanoseconds(reading::kLeast));
  maker->add({{{at(5), at(6), " forgotten"}}}, "en");
  maker->restart(at(1));
  EXPECT_TRUE(maker->flush().empty());
  maker->add({{{at(1), at(2), " anew"}}}, "en");
  EXPECT_EQ(maker->flush().front().start, at(1));
}

TEST(BlockCaptions, WhiteSpaceGivesNone) {
  EXPECT_TRUE(all_of({{at(0), at(1), "  "}, {at(1), at(2), "\n"}, {at(2), at(3), ""}}).empty());
}

TEST(CaptionLayout, LeastAndDefaults) {
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Subtitle).columns, 42);
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Broadcast).columns, 32);
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Broadcast, 1, 3).columns, CaptionLayout::kLeastColumns);
  EXPECT_EQ(CaptionLayout::of(CaptionStyle::Broadcast, 37, 3).lines, 3);
}

// Returns the time at which the caption's first word was said, or nullopt if the caption begins
// within a word.
std::optional<nanoseconds> first_said(const Caption& caption) {
  if (caption.marks.empty() || caption.marks.front().offset > 0) return std::nullopt;
  return caption.marks.front().time;
}

struct Way {
  test::Script script;
  CaptionLayout layout;
  double due_after;  // Seconds from a word's start to its deadline, or 0 for no deadline.
};

class AnySpeech : public ::testing::TestWithParam<Way> {
 protected:
  // Feeds the words to a CaptionMaker a few at a time and returns its captions. Passes the start of
  // the next word to each take(). If the parameter's due_after is not 0, also passes the time
  // before which text is due.
  static std::vector<Caption> captions_of(const std::vector<SpokenText>& words,
                                          std::mt19937& random) {
    const auto maker = CaptionMaker::create(GetParam().layout);
    std::vector<Caption> captions;
    for (std::size_t i = 0; i < words.size();) {
      const std::size_t n = std::min(words.size() - i, 1 + random() % 5);
      maker->add(std::span(words).subspan(i, n), "en");
      i += n;
      const nanoseconds known = i < words.size() ? words[i].start : words.back().end;
      std::optional<nanoseconds> due;
      if (GetParam().due_after > 0) due = known - at(GetParam().due_after);
      append(captions, maker->take(known, due));
      if (due && maker->pending()) {
        EXPECT_GT(*maker->pending(), *due);
      }
    }
    append(captions, maker->flush());
    EXPECT_FALSE(maker->pending());
    return captions;
  }
};

TEST_P(AnySpeech, IsReadable) {
  const CaptionLayout& layout = GetParam().layout;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto words = test::random_speech(random, GetParam().script, 60);
    const auto captions = captions_of(words, random);
    EXPECT_EQ(letters(captions), letters(words)) << "lost, twice or out of order";
    nanoseconds last{0};
    for (std::size_t i = 0; i < captions.size(); ++i) {
      const Caption& caption = captions[i];
      SCOPED_TRACE(caption.text);
      EXPECT_GE(caption.start, last) << "overlaps";
      EXPECT_GE(caption.end - caption.start, nanoseconds(reading::kShortest));
      last = caption.end;
      const auto lines = lines_of(caption.text);
      EXPECT_LE(static_cast<int>(lines.size()), layout.lines);
      int columns = 0;
      for (const std::string& line : lines) {
        EXPECT_LE(columns_of(line), layout.columns);
        EXPECT_FALSE(line.empty() || line.front() == ' ' || line.back() == ' ');
        columns += columns_of(line);
      }
      if (const auto said = first_said(caption)) {
        EXPECT_LE(caption.start - *said, kLag + 10 * nanoseconds(reading::kShortest)) << "late";
      }
      // A caption that is too short to read is allowed only if the next caption was delayed by at
      // least kLag and follows without a gap.
      const bool is_read = (caption.end - caption.start) * 20 >= std::chrono::seconds(columns);
      const bool is_least = caption.end - caption.start >= nanoseconds(reading::kLeast);
      if (i + 1 == captions.size() || (is_read && is_least) || GetParam().due_after > 0) continue;
      EXPECT_EQ(captions[i + 1].start, caption.end) << "too short to read";
      if (const auto next = first_said(captions[i + 1])) {
        EXPECT_GE(caption.end - *next, kLag) << "too short to read";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, AnySpeech,
    ::testing::Values(Way{test::Script::Latin, CaptionLayout::of(CaptionStyle::Subtitle), 0},
                      Way{test::Script::Latin, CaptionLayout::of(CaptionStyle::Subtitle), 6},
                      Way{test::Script::Latin, CaptionLayout::of(CaptionStyle::Broadcast), 0.5},
                      Way{test::Script::Chinese, CaptionLayout::of(CaptionStyle::Broadcast), 0},
                      Way{test::Script::Thai, CaptionLayout::of(CaptionStyle::Subtitle), 0},
                      Way{test::Script::Mixed, CaptionLayout::of(CaptionStyle::Subtitle, 20, 3), 2},
                      Way{test::Script::Latin, CaptionLayout::of(CaptionStyle::Subtitle, 8, 1),
                          0}));

}  // namespace
}  // namespace npuwhisper
