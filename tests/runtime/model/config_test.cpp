// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/config.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>

#include "ct2_writer.h"
#include "model/weights.h"
#include "temporary_folder.h"

namespace npuwhisper {
namespace {

using Dims = std::vector<std::int64_t>;

/// The smallest set of variables from which a model's sizes can be read. Each test changes one.
struct Sizes {
  Dims conv1 = {8, 4, 3};
  Dims text_positions = {16, 8};
  std::int16_t audio_heads = 2;
  std::int16_t text_heads = 4;
  std::int8_t activation = 3;
  bool has_decoder_layer = true;
};

void add_zeros(test::Ct2Writer& writer, std::string_view name, const Dims& dims) {
  std::size_t n = 1;
  for (const std::int64_t dim : dims) n *= static_cast<std::size_t>(dim);
  writer.add(name, dims, DataType::F16, std::vector<float>(n));
}

Result<ModelConfig> config_of(const Sizes& sizes) {
  test::Ct2Writer writer;
  writer.add_i8("decoder/activation", sizes.activation);
  writer.add_i16("encoder/num_heads", sizes.audio_heads);
  writer.add_i16("decoder/num_heads", sizes.text_heads);
  add_zeros(writer, "encoder/conv1/weight", sizes.conv1);
  add_zeros(writer, "encoder/position_encodings/encodings", {10, 8});
  add_zeros(writer, "encoder/layer_0/ffn/linear_0/weight", {32, 8});
  add_zeros(writer, "encoder/layer_1/ffn/linear_0/weight", {32, 8});
  add_zeros(writer, "decoder/position_encodings/encodings", sizes.text_positions);
  add_zeros(writer, "decoder/embeddings/weight", {100, 8});
  if (sizes.has_decoder_layer) add_zeros(writer, "decoder/layer_0/ffn/linear_0/weight", {32, 8});

  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "model.bin", std::ios::binary) << writer.finish();
  const auto weights = Weights::load(folder.path() / "model.bin");
  if (!weights) return fail(weights.error());
  const auto heads = head_counts(**weights);
  if (!heads) return fail(heads.error());
  return config_from_weights(**weights, *heads);
}

TEST(ConfigFromWeights, ReadsTheSizes) {
  const auto config = config_of({});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->n_mels, 4);
  EXPECT_EQ(config->n_audio_ctx, 10);
  EXPECT_EQ(config->n_audio_layer, 2);
  EXPECT_EQ(config->n_audio_head, 2);
  EXPECT_EQ(config->n_state, 8);
  EXPECT_EQ(config->n_ffn, 32);
  EXPECT_EQ(config->n_text_ctx, 16);
  EXPECT_EQ(config->n_text_layer, 1);
  EXPECT_EQ(config->n_text_head, 4);
  EXPECT_EQ(config->n_vocab, 100);
}

TEST(ConfigFromWeights, RefusesImpossibleSizes) {
  const auto expect_error = [](const Sizes& sizes, ErrorCode code, std::string_view part) {
    const auto config = config_of(sizes);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, code);
    EXPECT_NE(config.error().message.find(part), std::string::npos) << config.error().message;
  };
  expect_error({.conv1 = {8, 4}}, ErrorCode::CorruptModel, "found dimensions [8, 4], wanted 3");
  expect_error({.conv1 = {8, 2000, 3}}, ErrorCode::CorruptModel, "at most 1024");
  expect_error({.audio_heads = 0}, ErrorCode::CorruptModel, "found 0 heads");
  expect_error({.audio_heads = -2}, ErrorCode::CorruptModel, "found -2 heads");
  expect_error({.text_heads = 3}, ErrorCode::CorruptModel, "found 3 heads, wanted a divisor");
  expect_error({.text_positions = {4, 8}}, ErrorCode::CorruptModel, "found 4 positions");
  expect_error({.activation = 0}, ErrorCode::Unsupported, "found 0, wanted 3 (GELU)");
  expect_error({.has_decoder_layer = false}, ErrorCode::CorruptModel, "no decoder layers");
}

class ConfigJson : public testing::Test {
 protected:
  ConfigJson() {
    config_.n_vocab = 100;
    config_.n_text_layer = 3;
    config_.n_text_head = 2;
  }
  Result<void> read(std::string_view text) {
    std::ofstream(file_, std::ios::binary) << text;
    lists_ = {};
    return read_model_lists(file_, config_, lists_);
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "config.json";
  ModelConfig config_;
  ModelLists lists_;
};

using Heads = std::vector<std::pair<int, int>>;

TEST_F(ConfigJson, ReadsTokensAndHeads) {
  const auto done = read(R"({"suppress_ids": [1, 99], "suppress_ids_begin": [2], "lang_ids": [7],
                             "alignment_heads": [[2, 1], [0, 0]], "more": {}})");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(lists_.suppress_tokens, (std::vector<Token>{1, 99}));
  EXPECT_EQ(lists_.suppress_begin_tokens, (std::vector<Token>{2}));
  EXPECT_EQ(lists_.alignment_heads, (Heads{{2, 1}, {0, 0}}));
}

TEST_F(ConfigJson, ReadsTheNamesOfHuggingFace) {
  const auto done = read(R"({"suppress_tokens": [5], "begin_suppress_tokens": [6, 7]})");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(lists_.suppress_tokens, (std::vector<Token>{5}));
  EXPECT_EQ(lists_.suppress_begin_tokens, (std::vector<Token>{6, 7}));
}

TEST_F(ConfigJson, TheFirstFileThatHasAListDecides) {
  ASSERT_TRUE(read(R"({"suppress_tokens": [5]})"));
  std::ofstream(file_, std::ios::binary)
      << R"({"suppress_tokens": [8], "begin_suppress_tokens": [9]})";
  ASSERT_TRUE(read_model_lists(file_, config_, lists_));
  EXPECT_EQ(lists_.suppress_tokens, (std::vector<Token>{5}));
  EXPECT_EQ(lists_.suppress_begin_tokens, (std::vector<Token>{9}));
}

TEST_F(ConfigJson, MissingListsStayMissing) {
  ASSERT_TRUE(read_model_lists(file_, config_, lists_)) << "no file";
  EXPECT_FALSE(lists_.alignment_heads);
  ASSERT_TRUE(read(R"({"alignment_heads": null, "suppress_ids": null})"));
  EXPECT_FALSE(lists_.alignment_heads);
  EXPECT_FALSE(lists_.suppress_tokens);
}

/// A distilled model may have the alignment heads of its teacher, which has more decoder layers.
TEST_F(ConfigJson, HeadsOfTheTeachersLayersCountAsMissing) {
  const auto done = read(R"({"alignment_heads": [[0, 1], [3, 0]]})");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_FALSE(lists_.alignment_heads);
}

TEST_F(ConfigJson, RefusesOtherArchitectures) {
  for (const char* flag : {R"("activation_function": "relu")", R"("scale_embedding": true)",
                           R"("tie_word_embeddings": false)"}) {
    std::ofstream(file_) << R"({"encoder_attention_heads": 2, "decoder_attention_heads": 2, )"
                         << flag << "}";
    const auto refused = read_hugging_face_config(file_);
    ASSERT_FALSE(refused) << flag;
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
    EXPECT_NE(refused.error().message.find(", wanted "), std::string::npos);
  }
}

TEST_F(ConfigJson, ReadsTheNumbersOfHeads) {
  std::ofstream(file_) << R"({"encoder_attention_heads": 20, "decoder_attention_heads": 16})";
  const auto heads = read_hugging_face_config(file_);
  ASSERT_TRUE(heads) << heads.error().message;
  EXPECT_EQ(heads->audio, 20);
  EXPECT_EQ(heads->text, 16);
  for (const char* text : {"{}", R"({"encoder_attention_heads": 20})",
                           R"({"encoder_attention_heads": -1, "decoder_attention_heads": 16})"}) {
    std::ofstream(file_) << text;
    const auto refused = read_hugging_face_config(file_);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::CorruptModel);
    EXPECT_NE(refused.error().message.find("_attention_heads: found"), std::string::npos);
  }
}

TEST_F(ConfigJson, RefusesWhatDoesNotFit) {
  const std::array<std::pair<const char*, const char*>, 12> kCases = {{
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[1]", "wanted a JSON object"},
      {R"({"suppress_ids": 3})", "suppress_ids: found 3"},
      {R"({"suppress_ids": [100]})", "found 100, wanted token ids below 100"},
      {R"({"suppress_ids": [-1]})", "found -1"},
      {R"({"suppress_ids_begin": [1e3]})", "found 1000.0"},
      {R"({"suppress_ids_begin": [99999999999999999999999]})", "suppress_ids_begin: found"},
      {R"({"alignment_heads": [[-3, 0]]})",
       "found [-3,0], wanted pairs [layer below 3, head below 2]"},
      {R"({"alignment_heads": [[0, 2]]})", "found [0,2]"},
      {R"({"alignment_heads": [[0]]})", "found [0]"},
      {R"({"alignment_heads": [[0, 1], [0, 1]]})", "[0,1] is listed twice"},
  }};
  for (const auto& [text, part] : kCases) {
    const auto refused = read(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::CorruptModel);
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("config.json"), std::string::npos);
  }
}

TEST_F(ConfigJson, SurvivesDepthAndLength) {
  EXPECT_FALSE(read(std::string(500'000, '[')));
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  EXPECT_FALSE(read(deep));
  EXPECT_FALSE(read("{\"x\": \"" + std::string(2 << 20, 'a') + "\"}")) << "longer than the limit";
}

}  // namespace
}  // namespace npuwhisper
