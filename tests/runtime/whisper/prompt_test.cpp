// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/prompt.h"

#include <gtest/gtest.h>

#include <vector>

#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::Vocabulary;

std::vector<Token> list(std::span<const Token> tokens) {
  return {tokens.begin(), tokens.end()};
}

class PromptTest : public ::testing::Test {
 protected:
  Token german() const { return *vocabulary_.tokenizer->language_token("de"); }

  const Vocabulary& vocabulary_ = Vocabulary::multilingual();
  const SpecialTokens& special_ = vocabulary_.special();
};

TEST_F(PromptTest, SaysLanguageAndTask) {
  Prompt prompt(*vocabulary_.tokenizer, 448, "");
  auto view = prompt.build(german(), Task::Transcribe);
  EXPECT_EQ(list(view.tokens), (std::vector{special_.sot, german(), special_.transcribe}));
  EXPECT_EQ(view.sot, 0);
  view = prompt.build(german(), Task::Translate);
  EXPECT_EQ(list(view.tokens), (std::vector{special_.sot, german(), special_.translate}));
}

TEST_F(PromptTest, AnEnglishOnlyModelHasNeither) {
  const Vocabulary& english = Vocabulary::english_only();
  Prompt prompt(*english.tokenizer, 448, "");
  EXPECT_EQ(list(prompt.build(std::nullopt, Task::Transcribe).tokens),
            std::vector{english.special().sot});
}

TEST_F(PromptTest, FollowsTheInitialText) {
  Prompt prompt(*vocabulary_.tokenizer, 448, "\n hello world ");
  const auto view = prompt.build(german(), Task::Transcribe);
  EXPECT_EQ(list(view.tokens), Vocabulary::join({{special_.sot_prev},
                                                 vocabulary_.text(" hello world"),
                                                 {special_.sot, german(), special_.transcribe}}));
  EXPECT_EQ(view.tokens[static_cast<std::size_t>(view.sot)], special_.sot);
}

TEST_F(PromptTest, FollowsThePreviousText) {
  Prompt prompt(*vocabulary_.tokenizer, 448, " hello");
  const auto said = vocabulary_.segment(0, " world", 2);
  prompt.append(said);
  EXPECT_EQ(list(prompt.build(german(), Task::Transcribe).tokens),
            Vocabulary::join({{special_.sot_prev},
                              vocabulary_.text(" hello"),
                              said,
                              {special_.sot, german(), special_.transcribe}}));
  prompt.forget_previous_text();
  EXPECT_EQ(prompt.build(german(), Task::Transcribe).tokens.size(), 3U);
  prompt.append(said);
  prompt.reset();
  EXPECT_EQ(list(prompt.build(german(), Task::Transcribe).tokens.subspan(1, 1)),
            vocabulary_.text(" hello"));
}

TEST_F(PromptTest, KeepsTheLastHalfOfTheContext) {
  Prompt prompt(*vocabulary_.tokenizer, 448, "");
  std::vector<Token> said;
  for (Token token = 0; token < 200; ++token) said.push_back(token);
  prompt.append(said);
  EXPECT_EQ(prompt.build(german(), Task::Transcribe).tokens.size(), 1U + 200 + 3);
  prompt.append(said);
  auto tokens = prompt.build(german(), Task::Transcribe).tokens;
  ASSERT_EQ(tokens.size(), 1U + 223 + 3);
  EXPECT_EQ(tokens[1], 200 - 23);
  EXPECT_EQ(tokens[23], 199);
  EXPECT_EQ(tokens[24], 0);

  const std::vector<Token> long_text(500, 7);
  prompt.append(long_text);
  tokens = prompt.build(german(), Task::Transcribe).tokens;
  ASSERT_EQ(tokens.size(), 1U + 223 + 3);
  EXPECT_EQ(tokens[1], 7);
}

}  // namespace
}  // namespace npuwhisper
