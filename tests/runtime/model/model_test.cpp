// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include <npuwhisper/engine.h>

#include "model/variables.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

using test::TinyModelOptions;

void expect_same(const ModelConfig& found, const ModelConfig& wanted) {
  EXPECT_EQ(found.n_mels, wanted.n_mels);
  EXPECT_EQ(found.n_audio_ctx, wanted.n_audio_ctx);
  EXPECT_EQ(found.n_audio_layer, wanted.n_audio_layer);
  EXPECT_EQ(found.n_audio_head, wanted.n_audio_head);
  EXPECT_EQ(found.n_state, wanted.n_state);
  EXPECT_EQ(found.n_ffn, wanted.n_ffn);
  EXPECT_EQ(found.n_text_ctx, wanted.n_text_ctx);
  EXPECT_EQ(found.n_text_layer, wanted.n_text_layer);
  EXPECT_EQ(found.n_text_head, wanted.n_text_head);
  EXPECT_EQ(found.n_vocab, wanted.n_vocab);
  EXPECT_EQ(found.suppress_tokens, wanted.suppress_tokens);
  EXPECT_EQ(found.suppress_begin_tokens, wanted.suppress_begin_tokens);
  EXPECT_EQ(found.language_tokens, wanted.language_tokens);
  EXPECT_EQ(found.alignment_heads, wanted.alignment_heads);
}

TEST(TinyModel, LoadsAsItWasWritten) {
  for (const TinyModelOptions& options :
       {TinyModelOptions(), TinyModelOptions{.n_audio_ctx = 50, .is_multilingual = false},
        TinyModelOptions{.n_mels = 128,
        .n_audio_layer = 1,
        .n_audio_head = 4,
        .n_state = 64,
        .n_text_ctx = 32,
        .n_text_layer = 3,
        .storage = DataType::F32}}) {
    const test::TemporaryFolder folder;
    test::write_tiny_model(folder.path(), options);
    const auto model = Model::load(folder.path());
    ASSERT_TRUE(model) << model.error().message;
    expect_same((*model)->config, tiny_model_config(options));
    EXPECT_EQ((*model)->path, folder.path());
    EXPECT_EQ((*model)->tokenizer->is_multilingual(), options.is_multilingual);
  }
}

TEST(TinyModel, BothStoragesHoldTheSameFiniteNumbers) {
  const test::TemporaryFolder f16_folder;
  const test::TemporaryFolder f32_folder;
  test::write_tiny_model(f16_folder.path(), {.n_audio_ctx = 20});
  test::write_tiny_model(f32_folder.path(), {.n_audio_ctx = 20, .storage = DataType::F32});
  const auto f16 = Model::load(f16_folder.path());
  const auto f32 = Model::load(f32_folder.path());
  ASSERT_TRUE(f16 && f32);
  for (const VariableShape& variable : whisper_variables((*f16)->config)) {
    const Weights& halves = *(*f16)->weights;
    const Weights& singles = *(*f32)->weights;
    const auto values = halves.read(*halves.find(variable.name));
    const auto same = singles.read(*singles.find(variable.name));
    ASSERT_TRUE(values && same) << variable.name;
    EXPECT_EQ(*values, *same) << variable.name;
    EXPECT_TRUE(std::ranges::any_of(*values, [&](float value) { return value != values->front(); }))
        << variable.name;
    EXPECT_TRUE(std::ranges::all_of(*values, [](float value) { return std::abs(value) < 2; }))
        << variable.name;
  }
}

TEST(ModelLoad, NamesTheMissingVariable) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path(), {.n_audio_ctx = 10});
  std::ifstream in(folder.path() / "model.bin", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  const std::size_t at = bytes.find("decoder/layer_1/attention/linear_1/bias");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'D';
  std::ofstream(folder.path() / "model.bin", std::ios::binary) << bytes;

  const auto model = Model::load(folder.path());
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(
      model.error().message.find("variable 'decoder/layer_1/attention/linear_1/bias' is not there"),
      std::string::npos)
      << model.error().message;
  EXPECT_NE(model.error().message.find("model.bin"), std::string::npos);
}

TEST(ModelLoad, NeedsTheVocabularyToFit) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path(), {.n_audio_ctx = 10});
  std::ofstream(folder.path() / "vocabulary.txt", std::ios::app) << "<|30.02|>\n";
  const auto model = Model::load(folder.path());
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(model.error().message.find("vocabulary.txt"), std::string::npos);
}

/// A model that always suppresses the end-of-text token is refused, because no text would end.
/// Suppression at the beginning of a text is usual.
TEST(ModelLoad, EndOfTextMustNotBeSuppressed) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path(), {.n_audio_ctx = 10});
  const auto model = Model::load(folder.path());
  ASSERT_TRUE(model) << model.error().message;
  const std::string eot = std::to_string((*model)->tokenizer->special().eot);
  const auto config = folder.path() / "config.json";
  std::ofstream(config) << R"({"suppress_ids_begin": [)" << eot << "]}";
  EXPECT_TRUE(Model::load(folder.path()));
  std::ofstream(config) << R"({"suppress_ids": [1, )" << eot << "]}";
  const auto endless = Model::load(folder.path());
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, ErrorCode::CorruptModel);
  EXPECT_NE(endless.error().message.find("suppressed tokens: found " + eot +
                                         ", the end of text, wanted other tokens"),
            std::string::npos)
      << endless.error().message;
}

TEST(ModelLoad, MissingFolderIsNotFound) {
  const test::TemporaryFolder folder;
  const auto model = Model::load(folder.path() / "nothing");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::NotFound);
}

std::shared_ptr<const Model> load_real(const std::string& name) {
  const auto folder = find_model(name);
  if (!folder) return nullptr;
  const auto model = Model::load(*folder);
  EXPECT_TRUE(model) << model.error().message;
  return model ? *model : nullptr;
}

TEST(RealModel, BaseHasThePapersSizes) {
  const auto model = load_real("base");
  if (!model) GTEST_SKIP() << "model 'base' is not on this machine";
  const ModelConfig& config = model->config;
  EXPECT_EQ(config.n_mels, 80);
  EXPECT_EQ(config.n_audio_ctx, 1500);
  EXPECT_EQ(config.n_audio_layer, 6);
  EXPECT_EQ(config.n_audio_head, 8);
  EXPECT_EQ(config.n_state, 512);
  EXPECT_EQ(config.n_ffn, 2048);
  EXPECT_EQ(config.n_text_ctx, 448);
  EXPECT_EQ(config.n_text_layer, 6);
  EXPECT_EQ(config.n_text_head, 8);
  EXPECT_EQ(config.n_vocab, 51865);
  EXPECT_EQ(config.language_tokens.size(), 99U);
  EXPECT_EQ(config.language_tokens.front(), 50259);
  EXPECT_EQ(config.suppress_begin_tokens, (std::vector<Token>{220, 50257}));
  EXPECT_EQ(config.alignment_heads.size(), 8U);
}

TEST(RealModel, EnglishOnlyHasNoLanguages) {
  const auto model = load_real("tiny.en");
  if (!model) GTEST_SKIP() << "model 'tiny.en' is not on this machine";
  EXPECT_EQ(model->config.n_state, 384);
  EXPECT_EQ(model->config.n_vocab, kEnglishOnlyVocab);
  EXPECT_TRUE(model->config.language_tokens.empty());
  EXPECT_FALSE(model->tokenizer->is_multilingual());
  EXPECT_EQ(model->tokenizer->special().eot, 50256);
  EXPECT_EQ(model->tokenizer->special().timestamp_begin, 50363);
}

}  // namespace
}  // namespace npuwhisper
