// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/hotword_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "vocabulary.h"
#include "whisper/hotword_list.h"

namespace npuwhisper {
namespace {

using test::Vocabulary;

/// Each token of a phrase has a gain of 1.
constexpr HotwordGains kOne = {.first = 1, .next = 1};

const Vocabulary& vocabulary() {
  return Vocabulary::multilingual();
}

/// Expects that make_hotword_tree() refuses `list` with a message that names `wanted`.
void expect_refused(const std::string& list, const std::string& wanted) {
  const auto made = make_hotword_tree(list, *vocabulary().tokenizer);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(made.error().message.find("hotwords: found "), 0U) << made.error().message;
  EXPECT_NE(made.error().message.find(", wanted " + wanted), std::string::npos)
      << made.error().message;
}

HotwordTree make_tree(std::string_view list) {
  const auto spellings = spell_hotwords(list, *vocabulary().tokenizer);
  EXPECT_TRUE(spellings) << spellings.error().message;
  return HotwordTree(*vocabulary().tokenizer, *spellings);
}

HotwordPlace follow(const HotwordTree& tree, const std::vector<Token>& tokens) {
  HotwordPlace place;
  for (const Token token : tokens) place = tree.advance(place, token, 0, kOne);
  return place;
}

/// Returns the bonus of a whole text.
float bonus(const HotwordTree& tree, std::string_view text) {
  std::vector<Token> tokens = vocabulary().text(text);
  tokens.push_back(vocabulary().eot());
  return follow(tree, tokens).bonus;
}

TEST(HotwordList, SplitsAtCommasAndLines) {
  const std::vector<std::string> wanted = {"Ann", "New York", "b"};
  EXPECT_EQ(split_hotwords(" Ann,New \t York\r\n\n,, b "), wanted);
  EXPECT_TRUE(split_hotwords(" ,\n").empty());
}

TEST(HotwordList, SpellsWithSpaceAndCapital) {
  const auto spellings = spell_hotwords("\xC3\xB6n", *vocabulary().tokenizer);
  ASSERT_TRUE(spellings);
  std::vector<std::string> texts;
  for (const auto& tokens : *spellings) texts.push_back(vocabulary().tokenizer->decode(tokens));
  EXPECT_EQ(texts,
            (std::vector<std::string>{" \xC3\xB6n", "\xC3\xB6n", " \xC3\x96n", "\xC3\x96n"}));
  EXPECT_EQ(spell_hotwords("Ann", *vocabulary().tokenizer)->size(), 2U) << "already a capital";
}

TEST(HotwordTree, RefusesListsThatAreNotValid) {
  std::string phrases;
  for (std::size_t i = 0; i <= kMaxHotwords; ++i) phrases += "a,";
  expect_refused(phrases, "at most 1000");
  expect_refused(std::string(10'000, 'x'), "at most 10000");
  expect_refused("\xFF", "text in UTF-8");
}

TEST(HotwordTree, ThereIsNoneWithoutAPhrase) {
  const auto made = make_hotword_tree(" ,\n", *vocabulary().tokenizer);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, nullptr);
}

TEST(HotwordTree, FollowsAPhraseToItsEnd) {
  const HotwordTree tree = make_tree("hello world");
  const std::vector<Token> tokens = vocabulary().text(" hello world");
  ASSERT_EQ(tokens.size(), 2U);
  const HotwordPlace begun = follow(tree, {tokens[0]});
  EXPECT_EQ(begun.bonus, 1);
  EXPECT_EQ(begun.kept, 0);
  const HotwordPlace complete = follow(tree, tokens);
  EXPECT_EQ(complete.bonus, 2);
  EXPECT_EQ(complete.kept, 2);
  EXPECT_EQ(complete.kept_within_word, 0);
  EXPECT_EQ(bonus(tree, " you and hello world and hello world"), 4);
}

TEST(HotwordTree, TakesBackABrokenPhrase) {
  const HotwordTree tree = make_tree("hello world you");
  EXPECT_EQ(bonus(tree, " hello world the"), 0);
  EXPECT_EQ(bonus(tree, " hello world"), 0) << "the text ends within the phrase";
}

TEST(HotwordTree, APhraseEndsWithAWord) {
  const HotwordTree tree = make_tree("wor");
  EXPECT_EQ(bonus(tree, " wor"), 1);
  EXPECT_EQ(bonus(tree, " wor's you"), 1);
  EXPECT_EQ(bonus(tree, " worn"), 0);
}

TEST(HotwordTree, APhraseBeginsWithAWord) {
  const HotwordTree tree = make_tree("n");
  EXPECT_EQ(bonus(tree, " worn"), 0);
  EXPECT_EQ(bonus(tree, " wor-n"), 1);
  EXPECT_EQ(bonus(tree, "n"), 1);
}

TEST(HotwordTree, RestartsWithinABrokenPhrase) {
  const HotwordTree tree = make_tree("a a b");
  EXPECT_EQ(bonus(tree, " a a b"), 3);
  // The bonuses of the broken phrase are taken back. The phrase that begins at the second token
  // gets no new bonus for this token, but bonuses for the third "a" and for "b".
  EXPECT_EQ(bonus(tree, " a a a b"), 2);
  const HotwordTree two = make_tree("hello world you\nworld the");
  EXPECT_EQ(bonus(two, " hello world the"), 1);
}

TEST(HotwordTree, SharedBeginningsCountOnce) {
  const HotwordTree tree = make_tree("hello, hello world, hello world you you");
  EXPECT_EQ(bonus(tree, " hello and"), 1);
  EXPECT_EQ(bonus(tree, " hello world"), 2);
  EXPECT_EQ(bonus(tree, " hello world you"), 2);
  EXPECT_EQ(bonus(tree, " hello world you you"), 4);
}

TEST(HotwordTree, ChineseNeedsNoSpaces) {
  const HotwordTree tree = make_tree("\xE4\xB8\xAD");
  EXPECT_EQ(bonus(tree, "\xE5\x9B\xBD\xE4\xB8\xAD\xE5\x9B\xBD"), 3) << "three bytes, three tokens";
}

TEST(HotwordTree, ChineseEndsBeforeDigitsAndLetters) {
  const HotwordTree tree = make_tree("\xE4\xB8\xAD");
  EXPECT_EQ(bonus(tree,
                  "\xE4\xB8\xAD"
                  "2020"),
            3);
  EXPECT_EQ(bonus(tree,
                  "\xE4\xB8\xAD"
                  "worn"),
            3);
}

TEST(HotwordTree, PartsOfALetterContinueAWord) {
  const HotwordTree tree = make_tree("wor");
  EXPECT_EQ(bonus(tree, " wor\xC7\x91"), 0) << "two bytes, two tokens";
  EXPECT_EQ(bonus(tree, " wor\xCC\x81"), 0) << "a combining mark";
  EXPECT_EQ(bonus(make_tree("n"), "\xC7\x91n"), 0);
}

TEST(HotwordTree, ARepetitionHasNoBonus) {
  const HotwordTree tree = make_tree("hello world, the, you you");
  EXPECT_EQ(bonus(tree, " hello world hello world"), 2);
  EXPECT_EQ(bonus(tree, " hello world, hello world"), 2);
  EXPECT_EQ(bonus(tree, " hello world and hello world"), 4);
  EXPECT_EQ(bonus(tree, " the the the hello world and the"), 4);
  EXPECT_EQ(bonus(tree, " you you you you you"), 2) << "the repetitions overlap";
}

TEST(HotwordTree, AlternatingPhrasesHaveABonusOnce) {
  const HotwordTree tree = make_tree("hello world, the, you you, worn");
  EXPECT_EQ(bonus(tree, " the hello world the hello world, the"), 3);
  EXPECT_EQ(bonus(tree, " the hello world you you worn the hello world you you worn"), 6 + 1);
  EXPECT_EQ(bonus(tree, " the hello world and the hello world"), 6) << "another word is between";
  // The beginning of a phrase does not count as another word.
  EXPECT_EQ(bonus(tree, " the hello the hello the"), 1);
  const HotwordTree spellings = make_tree("wor");
  EXPECT_EQ(bonus(spellings, " wor Wor wor Wor"), bonus(spellings, " wor Wor"));
}

TEST(HotwordTree, ATextWithoutACompletePhraseHasNoBonus) {
  std::mt19937 random(1);
  std::vector<Token> tokens;
  for (const char* text : {" the", " you", " and", ",", "n"}) {
    tokens.push_back(vocabulary().text(text).front());
  }
  const auto draw = [&](std::size_t n) {
    std::vector<Token> drawn(n);
    for (Token& token : drawn) token = tokens[random() % tokens.size()];
    return drawn;
  };
  int n_incomplete = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::vector<std::vector<Token>> phrases = {draw(2), draw(3), draw(3)};
    const HotwordTree tree(*vocabulary().tokenizer, phrases);
    std::vector<Token> text = draw(12);
    const bool is_complete = std::ranges::any_of(
        phrases, [&](const auto& phrase) { return !std::ranges::search(text, phrase).empty(); });
    if (is_complete) continue;
    ++n_incomplete;
    text.push_back(vocabulary().eot());
    ASSERT_EQ(follow(tree, text).bonus, 0) << vocabulary().tokenizer->decode(text);
  }
  EXPECT_GT(n_incomplete, 100);
}

TEST(HotwordTree, BuildsTheLargestListAtOnce) {
  // The phrase consists of " the", except for one " you" in its middle. Before " you", the suffix
  // of each node is the node before it. The suffix of the node of " you" is the root.
  constexpr std::size_t kHalf = kMaxHotwordTokens / 2;
  const Token the = vocabulary().text(" the").front();
  const Token you = vocabulary().text(" you").front();
  std::vector<Token> phrase(kMaxHotwordTokens, the);
  phrase[kHalf] = you;
  const HotwordTree tree(*vocabulary().tokenizer, std::span(&phrase, 1));
  ASSERT_EQ(tree.n_edges(), kMaxHotwordTokens);
  std::vector<int> nodes = {0};
  for (const Token token : phrase) nodes.push_back(tree.child(nodes.back(), token));
  for (std::size_t n = 2; n <= kHalf; ++n) ASSERT_EQ(tree.suffix(nodes[n]), nodes[n - 1]);
  ASSERT_EQ(tree.suffix(nodes[kHalf + 1]), 0);
  for (std::size_t n = 1; n < kHalf; ++n) ASSERT_EQ(tree.suffix(nodes[kHalf + 1 + n]), nodes[n]);
}

TEST(HotwordTree, TheFirstTokenHasAnotherGain) {
  const HotwordTree tree = make_tree("hello world");
  const HotwordGains gains = {.first = 2, .next = 5};
  const std::vector<Token> tokens = vocabulary().text(" hello world");
  const HotwordPlace begun = tree.advance({}, tokens[0], 0, gains);
  EXPECT_EQ(begun.bonus, 2);
  EXPECT_EQ(tree.advance(begun, tokens[1], 0, gains).bonus, 7);
  EXPECT_EQ(tree.advance({}, tokens[1], 0, gains).bonus, 0);
}

TEST(HotwordTree, APhraseBreaksOffWhereItsGapIsTooLarge) {
  const HotwordTree tree = make_tree("hello world you, the");
  const std::vector<Token> tokens = vocabulary().text(" hello world you");
  constexpr float kHalf = kMaxHotwordGap / 2;
  const HotwordPlace begun = tree.advance({}, tokens[0], kHalf, kOne);
  EXPECT_EQ(begun.gap, kHalf);
  const HotwordPlace at_limit = tree.advance(begun, tokens[1], kHalf, kOne);
  EXPECT_EQ(at_limit.bonus, 2);
  EXPECT_EQ(tree.advance(at_limit, tokens[2], 0, kOne).kept, 3);
  const HotwordPlace over_limit = tree.advance(at_limit, tokens[2], 0.5F, kOne);
  EXPECT_EQ(over_limit.bonus, 0);
  EXPECT_EQ(over_limit.node, 0);
  EXPECT_EQ(tree.advance({}, tokens[0], kMaxHotwordGap + 1, kOne).node, 0);
  // The gap belongs to the phrase, so the next phrase begins without a gap.
  const Token the = vocabulary().text(" the").front();
  EXPECT_EQ(tree.advance(at_limit, the, 1, kOne).kept, 1);
}

}  // namespace
}  // namespace npuwhisper
