// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/atoms.h"

#include <gtest/gtest.h>

#include "captions/function_words.h"
#include "random_speech.h"

namespace npuwhisper {
namespace {

using test::at;

std::vector<std::string> texts_of(const std::vector<Atom>& atoms) {
  std::vector<std::string> texts;
  for (const Atom& atom : atoms) texts.push_back(atom.text);
  return texts;
}

std::vector<std::string> split(const std::string& text, int columns = 42) {
  const SpokenText whole{at(0), at(1), text};
  return texts_of(split_atoms({&whole, 1}, columns, "en"));
}

using Texts = std::vector<std::string>;

TEST(Atoms, AreWordsAndEastAsianCharacters) {
  EXPECT_EQ(split(" One two,\nthree "), (Texts{"One", "two,", "three"}));
  EXPECT_EQ(split("他说：“你好。”"), (Texts{"他", "说：", "“你", "好。”"}));
  EXPECT_EQ(split("  "), Texts{});
}

TEST(Atoms, MarksOfFrenchStayWithTheirWord) {
  EXPECT_EQ(split(" Ça va ?"), (Texts{"Ça", "va ?"}));
  EXPECT_EQ(split("va\u00A0!"), (Texts{"va\u00A0!"}));
}

TEST(Atoms, LongWordsAreSplitBetweenCharacters) {
  EXPECT_EQ(split("abcdefghij", 8), (Texts{"abcdefgh", "ij"}));
  // The letter e and a combining acute accent form one character of one column.
  std::string accents;
  for (int i = 0; i < 9; ++i) accents += "e\u0301";
  const auto parts = split(accents, 8);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1], "e\u0301");
}

TEST(Atoms, Columns) {
  EXPECT_EQ(columns_of("abc"), 3);
  EXPECT_EQ(columns_of("你好"), 4);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("한"), 2);
  EXPECT_EQ(columns_of("\U0001F468\u200D\U0001F469\u200D\U0001F467"), 2) << "a family is one";
  EXPECT_EQ(columns_of("\xff"), 1) << "a replacement character";
}

/// If the stream's timestamps jump during a text, the text may seem to last 146 years. The start
/// times of its parts must still ascend.
TEST(Atoms, TimesOfATextOf146YearsAscend) {
  constexpr std::chrono::nanoseconds kEnd{std::int64_t{1} << 62};
  const SpokenText whole{at(0), kEnd, " One text of forty columns that lasts long"};
  const auto atoms = split_atoms({&whole, 1}, 42, "en");
  ASSERT_EQ(atoms.size(), 8U);
  for (std::size_t i = 1; i < atoms.size(); ++i) {
    EXPECT_LT(atoms[i - 1].start, atoms[i].start);
    EXPECT_LE(atoms[i - 1].end, atoms[i].start);
  }
  EXPECT_EQ(atoms.back().end, kEnd);
}

TEST(Atoms, WordsOfScriptsWithoutSpacesAreThoseOfTheTranscriber) {
  const std::vector<SpokenText> words = {{at(0), at(1), "สวัสดี"}, {at(1), at(2), "ครับ"}};
  EXPECT_EQ(texts_of(split_atoms(words, 42, "th")), (Texts{"สวัสดี", "ครับ"}));
}

TEST(Atoms, PiecesOfOneWordStayTogether) {
  const std::vector<SpokenText> words = {{at(0), at(1), " 1"}, {at(1), at(2), ",000"}};
  const auto atoms = split_atoms(words, 42, "en");
  ASSERT_EQ(atoms.size(), 1U);
  EXPECT_EQ(atoms[0].text, "1,000");
  EXPECT_EQ(atoms[0].end, at(2));
}

TEST(Atoms, TimesWithinATextFollowItsLength) {
  const SpokenText whole{at(1), at(3), " ab cdef gh"};
  const auto atoms = split_atoms({&whole, 1}, 42, "en");
  ASSERT_EQ(atoms.size(), 3U);
  EXPECT_EQ(atoms[0].start, at(1));
  EXPECT_EQ(atoms[1].start, at(1.5));
  EXPECT_EQ(atoms[1].end, at(2.5));
  EXPECT_EQ(atoms[2].end, at(3));
}

TEST(Atoms, CostOfBreaks) {
  const SpokenText whole{at(0), at(1), " Yes. Mr. Fox, the dog of house and"};
  const auto atoms = split_atoms({&whole, 1}, 42, "en");
  ASSERT_EQ(atoms.size(), 8U);
  EXPECT_EQ(atoms[1].break_before, kAfterSentence);
  EXPECT_EQ(atoms[2].break_before, kAfterFunctionWord) << "Mr. ends no sentence";
  EXPECT_EQ(atoms[3].break_before, kAfterPunctuation);
  EXPECT_EQ(atoms[4].break_before, kAfterFunctionWord);
  EXPECT_EQ(atoms[5].break_before, kBeforeFunctionWord);
  EXPECT_EQ(atoms[6].break_before, kAfterFunctionWord);
}

TEST(Atoms, JapanesePhrasesEndInHiragana) {
  const SpokenText whole{at(0), at(1), "東京に行く"};
  const auto atoms = split_atoms({&whole, 1}, 42, "ja");
  ASSERT_EQ(atoms.size(), 5U);
  EXPECT_LT(atoms[3].break_before, atoms[1].break_before) << "behind the particle";
  EXPECT_LT(atoms[3].break_before, atoms[4].break_before);
}

TEST(FunctionWords, OfKnownLanguages) {
  EXPECT_TRUE(is_function_word("The", "en"));
  EXPECT_TRUE(is_function_word("\"für", "de"));
  EXPECT_FALSE(is_function_word("house", "en"));
  EXPECT_FALSE(is_function_word("the", "fi"));
  EXPECT_FALSE(is_function_word("", "en"));
  EXPECT_TRUE(ends_in_abbreviation("U.S.", "en"));
  EXPECT_TRUE(ends_in_abbreviation("3.", "de"));
  EXPECT_FALSE(ends_in_abbreviation("3.", "en"));
  EXPECT_FALSE(ends_in_abbreviation("end.", "en"));
}

}  // namespace
}  // namespace npuwhisper
