// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/published_models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <npuwhisper/engine.h>

#include "model/model.h"
#include "model/vocabulary_file.h"

namespace npuwhisper {
namespace {

ModelConfig sizes(int n_vocab, int n_state, int n_audio_layer, int n_text_layer) {
  ModelConfig config;
  config.n_vocab = n_vocab;
  config.n_state = n_state;
  config.n_audio_layer = n_audio_layer;
  config.n_text_layer = n_text_layer;
  return config;
}

TEST(PublishedHeads, BelongToTheSizes) {
  using Heads = std::vector<std::pair<int, int>>;
  EXPECT_EQ(published_alignment_heads(sizes(51865, 512, 6, 6), "x"),
            (Heads{{3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6}}));
  EXPECT_EQ(published_alignment_heads(sizes(51866, 1280, 32, 4), "x"),
            (Heads{{2, 4}, {2, 11}, {3, 3}, {3, 6}, {3, 11}, {3, 14}}));
  EXPECT_TRUE(published_alignment_heads(sizes(51866, 1280, 32, 2), "distil-large-v3").empty());
}

TEST(PublishedHeads, ANameTellsModelsOfEqualSizesApart) {
  const ModelConfig large = sizes(51865, 1280, 32, 32);
  EXPECT_EQ(published_alignment_heads(large, "large-v1.pt").size(), 9U);
  EXPECT_EQ(published_alignment_heads(large, "ggml-large-v2-q5_0.bin").size(), 23U);
  EXPECT_TRUE(published_alignment_heads(large, "model.pt").empty());
}

/// Compares the library's built-in data, such as the vocabulary, with the files of the real model
/// `name`. These files were converted from OpenAI's files. Skips the test if the model is missing.
void expect_published(const std::string& name) {
  const auto folder = find_model(name);
  if (!folder) GTEST_SKIP() << "model '" << name << "' is not on this machine";
  const auto model = Model::load(*folder);
  ASSERT_TRUE(model) << model.error().message;
  const ModelConfig& config = (*model)->config;
  const Tokenizer& tokenizer = *(*model)->tokenizer;

  auto published = published_vocabulary(config.n_vocab);
  ASSERT_TRUE(published);
  const auto vocabulary = read_vocabulary(*folder, config.n_vocab);
  ASSERT_TRUE(vocabulary);
  ASSERT_EQ(static_cast<Token>(published->size()), tokenizer.special().timestamp_begin);
  const auto n_text = static_cast<std::size_t>(tokenizer.special().eot);
  for (std::size_t i = 0; i < n_text; ++i) ASSERT_EQ((*published)[i], vocabulary->spellings[i]);
  const auto own = Tokenizer::create({.file = name, .spellings = std::move(*published)}, config);
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ((*own)->special().no_speech, tokenizer.special().no_speech);
  EXPECT_TRUE(std::ranges::equal((*own)->language_tokens(), tokenizer.language_tokens()));
  for (const Token token : tokenizer.language_tokens()) {
    EXPECT_EQ((*own)->language_code(token), tokenizer.language_code(token));
  }

  EXPECT_EQ(published_alignment_heads(config, ""), config.alignment_heads);
  const auto sorted = [](std::vector<Token> tokens) {
    std::ranges::sort(tokens);
    return tokens;
  };
  EXPECT_EQ(published_suppressed_tokens(**own), sorted(config.suppress_tokens));
  EXPECT_EQ(published_first_suppressed_tokens(**own), sorted(config.suppress_begin_tokens));
}

TEST(PublishedModels, AreThoseOfBase) {
  expect_published("base");
}

TEST(PublishedModels, AreThoseOfTinyEn) {
  expect_published("tiny.en");
}

TEST(PublishedModels, LargeV3HasOneMoreLanguage) {
  const auto older = published_vocabulary(51865);
  const auto newer = published_vocabulary(51866);
  ASSERT_TRUE(older && newer);
  EXPECT_EQ(newer->size(), older->size() + 1);
  EXPECT_EQ(newer->at(50358), "<|yue|>");
  EXPECT_EQ(older->at(50358), "<|translate|>");
  EXPECT_FALSE(published_vocabulary(51867));
}

TEST(PublishedModels, OnlySomeNumbersOfLanguagesExist) {
  std::vector<std::string> spellings(10);
  EXPECT_FALSE(append_special_tokens(10 + 1508, spellings)) << "too few";
  EXPECT_FALSE(append_special_tokens(10 + 1509 + 101, spellings)) << "too many";
  EXPECT_EQ(spellings.size(), 10U);
  EXPECT_TRUE(append_special_tokens(10 + 1509, spellings)) << "none";
  EXPECT_EQ(spellings.size(), 10U + 8U);
}

}  // namespace
}  // namespace npuwhisper
