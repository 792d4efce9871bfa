// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_repairs.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace npuwhisper {
namespace {

constexpr std::int64_t kSecond = 16000;

TEST(ShortenLongWords, CutsThePauseOffAtTheLimitsOfASentence) {
  std::vector<WordTime> words = {
      {.start = 0, .end = 2 * kSecond, .begins_sentence = true},
      {.start = 2 * kSecond, .end = 2 * kSecond + 4000},
      {.start = 3 * kSecond, .end = 3 * kSecond + 4000},
      {.start = 4 * kSecond, .end = 6 * kSecond},
      {.start = 6 * kSecond, .end = 9 * kSecond, .ends_sentence = true},
      {.start = 9 * kSecond, .end = 9 * kSecond + 4000, .begins_sentence = true},
      {.start = 10 * kSecond, .end = 10 * kSecond + 4000},
  };
  const std::vector<WordTime> before = words;
  std::vector<std::int64_t> scratch;
  shorten_long_words(words, scratch);
  EXPECT_EQ(words[0].start, 2 * kSecond - 8000);  // 8000 is twice the median.
  EXPECT_EQ(words[0].end, before[0].end);
  EXPECT_EQ(words[4].start, before[4].start);
  EXPECT_EQ(words[4].end, 6 * kSecond + 8000);
  for (const std::size_t i : {1U, 2U, 3U, 5U, 6U}) {
    EXPECT_EQ(words[i].start, before[i].start) << i;
    EXPECT_EQ(words[i].end, before[i].end) << i;
  }
}

TEST(ShortenLongWords, BelievesInNoMedianOfMoreThan700Milliseconds) {
  std::vector<WordTime> words = {
      {.start = 0, .end = 4 * kSecond, .begins_sentence = true},
      {.start = 4 * kSecond, .end = 7 * kSecond},
      {.start = 7 * kSecond, .end = 10 * kSecond, .ends_sentence = true},
  };
  std::vector<std::int64_t> scratch;
  shorten_long_words(words, scratch);
  EXPECT_EQ(words[0].start, 4 * kSecond - kSecond * 14 / 10);
  EXPECT_EQ(words[2].end, 7 * kSecond + kSecond * 14 / 10);
}

TEST(ShortenLongWords, LeavesWordsWithoutDurationAlone) {
  std::vector<WordTime> words = {{.start = 5, .end = 5, .begins_sentence = true}};
  std::vector<std::int64_t> scratch;
  shorten_long_words(words, scratch);
  shorten_long_words({}, scratch);
  EXPECT_EQ(words[0].start, 5);
  EXPECT_EQ(words[0].end, 5);
}

void expect_fitted(const std::vector<WordTime>& words, std::int64_t begin, std::int64_t end,
                   std::int64_t shortest) {
  for (const WordTime& word : words) {
    EXPECT_GE(word.start, begin);
    EXPECT_GE(word.end - word.start, shortest);
    begin = word.end;
  }
  EXPECT_LE(begin, end);
}

TEST(FitWords, LeavesGoodTimesAlone) {
  std::vector<WordTime> words = {{.start = 100, .end = 900}, {.start = 900, .end = 2000}};
  fit_words(words, 100, 2000);
  EXPECT_EQ(words[0].start, 100);
  EXPECT_EQ(words[0].end, 900);
  EXPECT_EQ(words[1].start, 900);
  EXPECT_EQ(words[1].end, 2000);
}

TEST(FitWords, MakesAnyTimesProper) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<WordTime> words(1 + random() % 12);
    for (WordTime& word : words) {
      word.start = static_cast<std::int64_t>(random() % 40000) - 10000;
      word.end = static_cast<std::int64_t>(random() % 40000) - 10000;
    }
    fit_words(words, 2000, 20000);
    expect_fitted(words, 2000, 20000, 160);
  }
}

TEST(FitWords, MakesWordsShorterWhereManyMustFit) {
  std::vector<WordTime> words(100);
  fit_words(words, 0, 1000);
  expect_fitted(words, 0, 1000, 10);
}

TEST(FitWords, PassesTheEndOnlyWhereThereIsNoRoomAtAll) {
  std::vector<WordTime> words(10);
  fit_words(words, 500, 400);
  expect_fitted(words, 500, 510, 1);
}

}  // namespace
}  // namespace npuwhisper
