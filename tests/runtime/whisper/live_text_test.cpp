// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_text.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace npuwhisper {
namespace {

constexpr std::int64_t kSecond = 16'000;

class LiveTextTest : public ::testing::Test {
 protected:
  /// Adds a pass with words of half a second each. The last word ends at `end`.
  void hear(std::initializer_list<const char*> texts, std::int64_t end, bool is_doubtful = false) {
    std::vector<LiveWord> words;
    std::vector<Token> tokens;
    std::int64_t start = end - static_cast<std::int64_t>(texts.size()) * kSecond / 2;
    for (const char* text : texts) {
      LiveWord word;
      word.word = {.start = start, .end = start + kSecond / 2, .text = text};
      word.first_token = tokens.size();
      word.n_tokens = 2;
      tokens.insert(tokens.end(), {static_cast<Token>(text[1]), 7});
      word.is_spoken = text[1] != '.';
      words.push_back(std::move(word));
      start += kSecond / 2;
    }
    text_.hear(words, tokens, is_doubtful, end);
  }
  std::size_t n_final(std::int64_t heard) { return text_.n_final(schedule_, heard, heard); }

  PassSchedule schedule_{std::chrono::seconds(10)};
  LiveText text_{100};
};

TEST_F(LiveTextTest, TwoPassesThatAgreeAreFinalButNotTheLastWord) {
  const std::int64_t now = 5 * kSecond;
  hear({" ask", " not", " what"}, now);
  EXPECT_EQ(n_final(now), 0U) << "heard once, a second ago";
  hear({" ask", " not,", " What", " you"}, now + kSecond / 2);
  EXPECT_EQ(n_final(now), 3U) << "case and punctuation do not count";
  hear({" ask", " not", " but"}, now);
  EXPECT_EQ(n_final(now), 2U);
}

TEST_F(LiveTextTest, WordHeardOnceIsFinalWhenItEndedLongAgo) {
  hear({" ask", " not"}, 5 * kSecond);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 6 / 10), 0U);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 7 / 10), 1U);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 12 / 10), 2U);
}

TEST_F(LiveTextTest, LastWordHeardTwiceMayStillGoOn) {
  hear({" ask", " not"}, 5 * kSecond);
  hear({" ask", " not"}, 5 * kSecond);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 7 / 10), 1U);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 8 / 10), 2U);
}

TEST_F(LiveTextTest, ACompoundIsFinalAsAWhole) {
  hear({" the", " cold", "-hearted", " man"}, 5 * kSecond);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 6 / 10), 1U) << "the second part may still change";
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 7 / 10), 3U);
  EXPECT_EQ(n_final(13 * kSecond), 4U);
}

TEST_F(LiveTextTest, TheRestOfACompoundIsDueWithItsBeginning) {
  hear({" the", " cold", "-hearted", " man"}, 5 * kSecond, true);
  std::int64_t now = 5 * kSecond;
  while (n_final(now) < 2) now += kSecond / 100;
  EXPECT_EQ(n_final(now), 3U);
}

/// Tests with a latency of 10 s. Words are final 3 s after their end, or 2 s if they end a phrase.
/// Words are due after 4 s.
class PlayedTextTest : public LiveTextTest {
 protected:
  std::size_t n_final_at(double seconds) const {
    const auto heard = static_cast<std::int64_t>(seconds * kSecond);
    return text_.n_final(schedule_of_file_, heard, heard);
  }

 private:
  const PassSchedule schedule_of_file_{std::chrono::seconds(10), Pace::Audio};
};

TEST_F(PlayedTextTest, WordIsFinalWhenEnoughAudioHasFollowed) {
  hear({" my", " fellow", " this", " day", " has"}, 5 * kSecond);
  hear({" my", " fellow", " this", " day", " has"}, 5 * kSecond);
  EXPECT_EQ(n_final_at(5.99), 0U) << "though passes agree";
  EXPECT_EQ(n_final_at(6), 1U);
  EXPECT_EQ(n_final_at(7), 5U) << "silence ends a phrase";
}

TEST_F(PlayedTextTest, PhraseIsFinalEarlierAndAsAWhole) {
  hear({" my", " fellow,", " this", " day", " has"}, 5 * kSecond);
  EXPECT_EQ(n_final_at(5.49), 0U);
  EXPECT_EQ(n_final_at(5.5), 2U);
  EXPECT_EQ(n_final_at(6.99), 2U) << "the next phrase goes on";
  EXPECT_EQ(n_final_at(7), 5U);
}

TEST_F(PlayedTextTest, ACompoundIsFinalAsAWhole) {
  hear({" my", " cold", "-hearted", " old", " man"}, 5 * kSecond);
  EXPECT_EQ(n_final_at(6.5), 1U) << "part of the compound has less than 3 s behind it";
  EXPECT_EQ(n_final_at(7), 5U);
}

TEST_F(PlayedTextTest, PhraseThatIsDueHoldsNoWordsBack) {
  hear({" my,", " fellow", " this", " day", " has", " brought", " bad", " news"}, 5 * kSecond);
  EXPECT_EQ(n_final_at(5.5), 1U);
  EXPECT_EQ(n_final_at(5.51), 3U) << "all with 3 s behind them";
}

TEST_F(PlayedTextTest, ImprobableWordsWaitUntilTheyAreDue) {
  hear({" my,", " fellow"}, 5 * kSecond, true);
  EXPECT_EQ(n_final_at(8.5), 0U);
  EXPECT_EQ(n_final_at(8.51), 1U);
}

TEST_F(LiveTextTest, CountsTheWordsThatEndedByATime) {
  hear({" ask", " not", " what"}, 5 * kSecond);
  EXPECT_EQ(text_.n_ended(4 * kSecond - 1), 0U);
  EXPECT_EQ(text_.n_ended(4 * kSecond), 1U);
  EXPECT_EQ(text_.n_ended(5 * kSecond), 3U);
}

TEST_F(LiveTextTest, PunctuationAtTheEndStaysOpen) {
  std::vector<LiveWord> words(2);
  words[0] = {.word = {.start = 0, .end = kSecond, .text = " ask,"},
              .first_token = 0,
              .n_tokens = 2,
              .n_open = 1};
  words[1] = {.word = {.start = kSecond, .end = 2 * kSecond, .text = " not."},
              .first_token = 2,
              .n_tokens = 2,
              .n_open = 1};
  const std::vector<Token> tokens = {10, 1, 11, 2};
  text_.hear(words, tokens, false, 2 * kSecond);
  text_.commit(2, 2 * kSecond);
  EXPECT_EQ(text_.open_end().size(), 1U);
  EXPECT_EQ(text_.open_end().front(), 2);
  const std::vector<Token> comma = {1};
  text_.replace_open_end(comma, ",");
  EXPECT_EQ(text_.committed().back().word.text, " not,");
  EXPECT_EQ(text_.committed_tokens().back(), 1);
  text_.replace_open_end({}, "");
  EXPECT_EQ(text_.committed().back().word.text, " not");
  EXPECT_EQ(text_.committed_tokens().size(), 3U);
  EXPECT_EQ(text_.committed_tokens(1).size(), 2U) << "the first word is closed";
  EXPECT_TRUE(text_.open_end().empty());
  text_.drop_committed(2);
  text_.replace_open_end(comma, ",");
  EXPECT_TRUE(text_.committed_tokens().empty()) << "there is no word that it could belong to";
}

TEST_F(LiveTextTest, TheEndOfASentenceNeedsNoWordBehindIt) {
  hear({" ask", " not."}, 5 * kSecond);
  hear({" ask", " not."}, 5 * kSecond);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 2 / 10), 1U);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 3 / 10), 2U);
  hear({" ask", " not"}, 5 * kSecond);
  hear({" ask", " not"}, 5 * kSecond);
  EXPECT_EQ(n_final(5 * kSecond + kSecond * 7 / 10), 1U) << "more may follow";
}

TEST_F(LiveTextTest, AWordThatWasNotHeardBeforeWasNotSpokenLongBefore) {
  hear({" ask"}, 5 * kSecond);
  hear({" ask", " not", " what"}, 5 * kSecond);
  EXPECT_EQ(text_.heard()[0].word.end, 4 * kSecond) << "it was";
  EXPECT_EQ(text_.heard()[1].word.end, 5 * kSecond - kSecond / 2);
  text_.reset();
  hear({" ask"}, 8 * kSecond);
  hear({" ask", " not", " what"}, 5 * kSecond);
  EXPECT_EQ(text_.heard()[0].word.end, 4 * kSecond);
  EXPECT_EQ(text_.heard()[1].word.end, 8 * kSecond - kSecond * 6 / 10);
  EXPECT_EQ(text_.heard()[1].word.start, text_.heard()[1].word.end - kSecond / 2);
  EXPECT_EQ(text_.heard()[2].word.start, text_.heard()[1].word.end) << "no overlap";
}

/// Returns two words that start half a second apart, and four words that start within 0.1 s, just
/// after the first second.
std::vector<LiveWord> words_of_which_four_are_too_fast() {
  std::vector<LiveWord> words(6);
  for (std::int64_t i = 0; i < 6; ++i) {
    LiveWord& word = words[static_cast<std::size_t>(i)];
    const std::int64_t start = i < 2 ? i * kSecond / 2 : kSecond + i * kSecond / 50;
    word.word = {.start = start, .end = start + kSecond / 50, .text = " ask"};
    word.n_tokens = 1;
  }
  return words;
}

TEST_F(LiveTextTest, WordsThatNobodyCanSayAreNotHeard) {
  auto words = words_of_which_four_are_too_fast();
  EXPECT_EQ(text_.hear(words, std::vector<Token>{'a'}, false, 2 * kSecond), 4U);
  EXPECT_EQ(text_.heard().size(), 2U);
  EXPECT_EQ(text_.draft().size(), 2U);
}

TEST_F(LiveTextTest, FarFromTheEndItIsTheirTimesThatAreWrong) {
  auto words = words_of_which_four_are_too_fast();
  EXPECT_EQ(text_.hear(words, std::vector<Token>{'a'}, false, 4 * kSecond), 0U);
  EXPECT_EQ(text_.heard().size(), 6U);
}

TEST_F(LiveTextTest, DoubtfulWordsWaitUntilTheyAreDue) {
  hear({" ask", " not"}, 5 * kSecond, true);
  EXPECT_EQ(n_final(8 * kSecond), 0U);
  EXPECT_EQ(n_final(15 * kSecond - 3 * kSecond / 4), 1U)
      << "when the first one is due before the next pass";
  EXPECT_EQ(n_final(15 * kSecond), 2U);
}

TEST_F(LiveTextTest, PunctuationAloneIsNoWord) {
  hear({" ."}, 5 * kSecond);
  EXPECT_EQ(text_.n_all(), 0U);
  EXPECT_EQ(n_final(50 * kSecond), 0U);
  EXPECT_EQ(text_.draft().size(), 2U) << "but is expected again";
}

TEST_F(LiveTextTest, TokensOfFinalWordsStandAndTheOthersAreTheDraft) {
  hear({" ask", " not", " what"}, 5 * kSecond);
  const auto words = text_.commit(1, 6 * kSecond);
  ASSERT_EQ(words.size(), 1U);
  EXPECT_EQ(words[0].text, " ask");
  EXPECT_EQ(std::vector<Token>(text_.committed_tokens().begin(), text_.committed_tokens().end()),
            (std::vector<Token>{'a', 7}));
  EXPECT_EQ(std::vector<Token>(text_.draft().begin(), text_.draft().end()),
            (std::vector<Token>{'n', 7, 'w', 7}));
  hear({" not", " what", " you"}, 5 * kSecond);
  EXPECT_EQ(n_final(5 * kSecond), 2U) << "compared with what is left of the pass before";
  text_.commit(2, 6 * kSecond);
  text_.drop_committed(2);
  ASSERT_EQ(text_.committed().size(), 1U);
  EXPECT_EQ(text_.committed()[0].word.text, " what");
  EXPECT_EQ(text_.committed_tokens()[0], 'w');
}

TEST_F(LiveTextTest, TimesNeverGoBackNorPastTheEnd) {
  hear({" ask", " not"}, 5 * kSecond);
  text_.commit(2, 5 * kSecond);
  EXPECT_EQ(text_.floor(), 5 * kSecond);
  hear({" what", " you"}, 5 * kSecond + kSecond / 4);
  const auto words = text_.commit(2, 5 * kSecond + kSecond / 8);
  EXPECT_EQ(words[0].start, 5 * kSecond);
  EXPECT_LE(words[0].end, words[1].start);
  EXPECT_EQ(words[1].end, 5 * kSecond + kSecond / 8);
  text_.raise_floor(kSecond);
  EXPECT_EQ(text_.floor(), words[1].end);
}

}  // namespace
}  // namespace npuwhisper
