// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/replacement_list.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace npuwhisper {
namespace {

ReplacementList make_list(std::string_view lines) {
  auto list = ReplacementList::parse(lines);
  EXPECT_TRUE(list) << list.error().message;
  return list ? std::move(*list) : ReplacementList();
}

std::string error_of(std::string_view lines) {
  const auto list = ReplacementList::parse(lines);
  EXPECT_FALSE(list);
  return list ? "" : list.error().message;
}

/// Returns words of 100 samples each.
std::vector<PlacedWord> make_words(const std::vector<std::string>& texts) {
  std::vector<PlacedWord> words;
  for (const std::string& text : texts) {
    const auto start = static_cast<std::int64_t>(words.size()) * 100;
    words.push_back({{.start = start, .end = start + 100, .text = text, .probability = 0.5F}, 0});
  }
  return words;
}

using Texts = std::vector<std::string>;

Texts texts_of(const std::vector<PlacedWord>& words) {
  Texts texts;
  for (const PlacedWord& placed : words) texts.push_back(placed.word.text);
  return texts;
}

Texts replaced(std::string_view lines, const Texts& texts) {
  auto words = make_words(texts);
  const std::size_t n_ready = make_list(lines).replace(words, words.size());
  EXPECT_EQ(n_ready, words.size());
  return texts_of(words);
}

struct TextCase {
  const char* lines;
  const char* text;
  const char* wanted;
};

class ReplacedTexts : public ::testing::TestWithParam<TextCase> {};

TEST_P(ReplacedTexts, AreAsDocumented) {
  const auto& [lines, text, wanted] = GetParam();
  EXPECT_EQ(make_list(lines).replace(text), wanted);
}

INSTANTIATE_TEST_SUITE_P(
    Words, ReplacedTexts,
    ::testing::Values(
        TextCase{"damn = darn", " Damn, it is a damned dam. DAMN!",
                 " Darn, it is a damned dam. Darn!"},
        TextCase{"damn* = darn", " Damn, a damned dam.", " Darn, a darn dam."},
        TextCase{"damn* = darn\ndamned=cursed", " a damned damnation", " a cursed darn"},
        TextCase{"dam* = x\ndamn* = y", " damned dams", " y x"},
        TextCase{"new york = NYC", " New York, new-york, new. York", " NYC, NYC, new. York"},
        TextCase{"new = old\nnew york = NYC", " new new york new", " old NYC old"},
        TextCase{"New York = the big apple", " New York", " the big apple"},
        TextCase{"I phone = iPhone", " I phone. i phone", " iPhone. iPhone"},
        TextCase{"i phone = iPhone", " I phone.", " iPhone."},
        TextCase{"don't = do not", " Don\u2019t, don't", " Do not, do not"},
        TextCase{"don\u2019t=do not", " don't", " do not"}));
INSTANTIATE_TEST_SUITE_P(
    Removals, ReplacedTexts,
    ::testing::Values(TextCase{"damn =", " Damn, it works", " it works"},
                      TextCase{"you know =", " It is, you know, good.", " It is, good."},
                      TextCase{"damn =", " Damn!", ""}, TextCase{"damn =", "Damn it", " it"},
                      TextCase{"um =", " um um um", ""},
                      TextCase{"damn =", " god-damn-it", " god--it"}));
INSTANTIATE_TEST_SUITE_P(
    Scripts, ReplacedTexts,
    ::testing::Values(TextCase{"stra\u00DFe = Weg", " STRASSE Stra\u00DFe", " Weg Weg"},
                      TextCase{"\u00E9t\u00E9 = hiver", " E\u0301t\u00E9", " Hiver"},
                      TextCase{"\u4E1C\u4EAC = \u6771\u4EAC", "\u5728\u4E1C\u4EAC\u3002",
                               "\u5728\u6771\u4EAC\u3002"},
                      TextCase{"\u043C\u0438\u0440 = \u0441\u0432\u0435\u0442",
                               " \u041C\u0438\u0440!", " \u0421\u0432\u0435\u0442!"},
                      // A Persian word with a zero width non-joiner, and a soft hyphen.
                      TextCase{"\u0645\u06CC\u200C\u062E\u0648 = x\n\u0645\u06CC = y",
                               " \u0645\u06CC\u200C\u062E\u0648 \u0645\u06CC", " x y"},
                      TextCase{"copyright = right", " copy\u00ADright", " right"},
                      TextCase{"", " as it is", " as it is"}, TextCase{"a = b", "", ""},
                      TextCase{"# a = b\n\n  \r\n x = y \r\n", " a x", " a y"}));

TEST(ReplacementList, KeepsTheTimesOfWords) {
  auto words = make_words({" in", " new", " york,", " he"});
  make_list("new york = old london").replace(words, words.size());
  EXPECT_EQ(texts_of(words), (Texts{" in", " old", " london,", " he"}));
  EXPECT_EQ(words[2].word.start, 200);
  EXPECT_EQ(words[2].word.end, 300);
}

TEST(ReplacementList, ReplacementsOfWordsWithoutASpaceHaveOne) {
  EXPECT_EQ(replaced("new york = old london", {" in", " New", "-York,"}),
            (Texts{" in", " Old", " london,"}));
  EXPECT_EQ(replaced("\u4E1C\u4EAC = New York", {"\u5728", "\u4E1C", "\u4EAC", "\u3002"}),
            (Texts{"\u5728", "New", " York", "\u3002"}));
}

TEST(ReplacementList, DividesTheTimeOfAMatch) {
  auto words = make_words({" in", " new", " york,", " he"});
  words[2].segment = 1;
  make_list("new york = the big apple").replace(words, words.size());
  EXPECT_EQ(texts_of(words), (Texts{" in", " the", " big", " apple,", " he"}));
  const std::vector<std::pair<std::int64_t, std::int64_t>> wanted = {
      {0, 100}, {100, 154}, {154, 209}, {209, 300}, {300, 400}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(words[i].word.start, wanted[i].first) << i;
    EXPECT_EQ(words[i].word.end, wanted[i].second) << i;
    EXPECT_EQ(words[i].segment, 0U);
    EXPECT_FLOAT_EQ(words[i].word.probability, 0.5F);
  }
  words = make_words({" new", " york"});
  make_list("new york = NYC").replace(words, words.size());
  EXPECT_EQ(texts_of(words), Texts{" NYC"});
  EXPECT_EQ(words[0].word.end, 200);
}

TEST(ReplacementList, ReplacesWithinWords) {
  EXPECT_EQ(replaced("a = x y\nb = z\nc =", {" a-b-a", " c,", " b"}),
            (Texts{" x", " y-z-x", " y", " z"}));
  EXPECT_EQ(replaced("\u4EAC =\n\u4E1C = \u6771", {"\u5728\u4E1C", "\u4EAC", "\u3002"}),
            (Texts{"\u5728\u6771", "\u3002"}));
  EXPECT_EQ(replaced("b c = x", {" a-b", " c-d"}), (Texts{" a-x-d"}));
}

TEST(ReplacementList, WordsWaitForTheRestOfAPhrase) {
  const ReplacementList list = make_list("new york = NYC\nnew york city = the city\nyork = Y");
  const auto ready = [&](const Texts& texts, std::size_t n_due) {
    auto words = make_words(texts);
    const std::size_t n = list.replace(words, n_due);
    return std::pair(texts_of(words), n);
  };
  using Outcome = std::pair<Texts, std::size_t>;
  EXPECT_EQ(ready({" in", " new"}, 0), (Outcome{{" in", " new"}, 1}));
  EXPECT_EQ(ready({" york", " new", " york"}, 0), (Outcome{{" Y", " new", " york"}, 1}));
  EXPECT_EQ(ready({" new", " york", " is"}, 0), (Outcome{{" NYC", " is"}, 2}));
  EXPECT_EQ(ready({" new", " york."}, 0), (Outcome{{" NYC."}, 1})) << "a full stop ends the phrase";
  EXPECT_EQ(ready({" new", " york"}, 1), (Outcome{{" NYC"}, 1})) << "the first word is due";
  EXPECT_EQ(ready({" new", " new"}, 1), (Outcome{{" new", " new"}, 1}));
  EXPECT_EQ(ready({" new", " york-new"}, 0), (Outcome{{" new", " york-new"}, 0}))
      << "a word that waits keeps its text";
  EXPECT_EQ(ready({" new", " york-new"}, 1), (Outcome{{" NYC-new"}, 1}));
}

/// Words that come one by one get the same text as all words together, because a word waits as long
/// as a later word can change it.
TEST(ReplacementList, WordsThatComeOneByOneAreOneText) {
  std::mt19937 random(20261127);
  const auto pick = [&](const Texts& from) { return from[random() % from.size()]; };
  const Texts pieces = {" a",  " b",   " B", " c",      " ab",   " a,",
                        " b.", " a-b", "b",  " \u4E1C", "\u4EAC"};
  const Texts phrases = {"a", "b", "a b", "a b c", "b c a", "a*", "b a*", "\u4E1C \u4EAC", "c c"};
  const Texts results = {"", "x", "x y", "x y z"};
  for (int round = 0; round < 3000; ++round) {
    std::map<std::string, std::string> rules;
    for (int i = 0; i < 4; ++i) rules[pick(phrases)] = pick(results);
    std::string lines;
    for (const auto& [phrase, result] : rules) lines += phrase + " = " + result + "\n";
    const ReplacementList list = make_list(lines);
    Texts texts(1 + random() % 8);
    for (std::string& text : texts) text = pick(pieces);
    // A word that continues the word before it is part of that word's text.
    texts[0] = " c";
    const auto together = make_words(texts);
    auto whole = together;
    list.replace(whole, whole.size());
    std::vector<PlacedWord> waiting;
    std::vector<PlacedWord> out;
    for (std::size_t i = 0; i < together.size(); ++i) {
      waiting.push_back(together[i]);
      if (i + 1 < together.size() && !texts[i + 1].starts_with(' ')) continue;
      std::vector<PlacedWord> words = waiting;
      const std::size_t n_ready = list.replace(words, i + 1 == together.size() ? words.size() : 0);
      const auto end = words.begin() + static_cast<std::ptrdiff_t>(n_ready);
      out.insert(out.end(), words.begin(), end);
      waiting.assign(end, words.end());
    }
    EXPECT_EQ(texts_of(out), texts_of(whole)) << lines << ::testing::PrintToString(texts);
    std::int64_t before = 0;
    for (const PlacedWord& placed : out) {
      EXPECT_LE(before, placed.word.start);
      EXPECT_LE(placed.word.start, placed.word.end);
      before = placed.word.end;
    }
  }
}

TEST(ReplacementList, RefusesMalformedLists) {
  EXPECT_EQ(error_of("a = b\nhello"),
            "replacements: line 2: found 'hello', wanted PHRASE = REPLACEMENT");
  EXPECT_EQ(error_of("= b"),
            "replacements: line 1: found '= b', wanted a word before the equals sign");
  for (const char* phrase : {"C++", ".NET", "100%", "(see)"}) {
    EXPECT_EQ(error_of(std::string(phrase) + " = x"),
              std::string("replacements: line 1: found '") + phrase +
                  "', wanted letters or digits at the ends of the phrase");
  }
  EXPECT_TRUE(ReplacementList::parse("a = " + std::string(kMaxReplacementBytes - 2, 'x')));
  EXPECT_EQ(error_of("a = " + std::string(kMaxReplacementBytes, 'x')),
            "replacements: line 1: found a replacement of 1001 bytes, wanted fewer than 1000");
  EXPECT_NE(error_of("a*b = c").find("an asterisk only at the end"), std::string::npos);
  EXPECT_NE(error_of("* = c").find("a word before the equals sign"), std::string::npos);
  EXPECT_NE(error_of("a * = c").find("the beginning of a word before the asterisk"),
            std::string::npos);
  EXPECT_NE(error_of("a, b = c").find("only spaces and hyphens"), std::string::npos);
  EXPECT_NE(error_of("a b = c\n\nA-B = d")
                .find("line 3: found 'A-B = d', wanted a phrase that is "
                      "not in line 1 already"),
            std::string::npos);
  EXPECT_NE(error_of("a* = c\nA* = d").find("line 1 already"), std::string::npos);
  EXPECT_NE(error_of("a = \xFF").find("UTF-8"), std::string::npos);
  std::string many;
  for (std::size_t i = 0; i <= kMaxReplacements; ++i) many += std::to_string(i) + " = x\n";
  EXPECT_NE(error_of(many).find("more than 10000"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper
