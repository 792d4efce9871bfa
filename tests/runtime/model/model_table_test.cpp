// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/model_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "whisper_base.h"

namespace npuwhisper {
namespace {

TEST(ModelTable, KnowsAllPublishedModels) {
  for (const char* name :
       {"tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en",
        "large-v1", "large-v2", "large-v3", "large-v3-turbo", "distil-small.en", "distil-medium.en",
        "distil-large-v2", "distil-large-v3", "distil-large-v3.5"}) {
    const auto found = resolve_model(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->model->name, name);
    EXPECT_EQ(found->quantisation, "");
    EXPECT_EQ(found->model->is_openai, !found->model->name.starts_with("distil")) << name;
  }
  EXPECT_EQ(known_models().size(), 17U);
}

TEST(ModelTable, EveryNameSelectsOneModel) {
  std::set<std::string_view> names;
  std::set<std::string_view> files;
  for (const KnownModel& model : known_models()) {
    EXPECT_TRUE(names.insert(model.name).second) << model.name;
    for (const std::string_view alias : model.aliases) {
      EXPECT_TRUE(names.insert(alias).second) << alias;
    }
    ASSERT_FALSE(model.ctranslate2.empty()) << model.name;
    for (const std::string_view repository : model.ctranslate2) {
      EXPECT_TRUE(files.insert(repository).second) << repository;
      EXPECT_EQ(std::ranges::count(repository, '/'), 1) << repository;
    }
    EXPECT_TRUE(files.insert(model.original).second) << model.original;
    for (const std::string_view file : model.ggml) EXPECT_TRUE(files.insert(file).second) << file;
  }
}

TEST(ModelTable, ResolvesAliasesAndQuantisations) {
  struct Case {
    std::string_view name, model, quantisation;
  };
  for (const Case& c : {Case{"turbo", "large-v3-turbo", ""}, Case{"large", "large-v3", ""},
                        Case{"base-q5_1", "base", "q5_1"}, Case{"tiny.en-q8_0", "tiny.en", "q8_0"},
                        Case{"turbo-q5_0", "large-v3-turbo", "q5_0"}}) {
    const auto found = resolve_model(c.name);
    ASSERT_TRUE(found) << c.name;
    EXPECT_EQ(found->model->name, c.model);
    EXPECT_EQ(found->quantisation, c.quantisation);
  }
  for (const char* name : {"", "-", "-q5_1", "base-", "base-q5", "base-q5_1-q5_1", "bas", "BASE"}) {
    EXPECT_FALSE(resolve_model(name)) << name;
  }
}

TEST(ModelTable, HasTheSizesOfModels) {
  const ModelConfig base = config_of(*resolve_model("base")->model);
  const ModelConfig wanted = test::whisper_base_config();
  for (int ModelConfig::*size :
       {&ModelConfig::n_mels, &ModelConfig::n_audio_ctx, &ModelConfig::n_audio_layer,
        &ModelConfig::n_audio_head, &ModelConfig::n_state, &ModelConfig::n_ffn,
        &ModelConfig::n_text_ctx, &ModelConfig::n_text_layer, &ModelConfig::n_text_head,
        &ModelConfig::n_vocab}) {
    EXPECT_EQ(base.*size, wanted.*size);
  }
  EXPECT_EQ(base.alignment_heads, wanted.alignment_heads);
  const ModelConfig v3 = config_of(*resolve_model("large-v3")->model);
  EXPECT_EQ(v3.n_mels, 128);
  EXPECT_EQ(v3.n_text_head, 20);
  // Without published heads, all 20 heads of the second of two layers are used.
  EXPECT_EQ(config_of(*resolve_model("distil-large-v3")->model).alignment_heads.size(), 20U);
}

TEST(ModelTable, KnowsWhichModelsAreForEnglish) {
  for (const KnownModel& model : known_models()) {
    const bool has_english_vocabulary = model.shape.n_vocab == kEnglishOnlyVocab;
    const bool is_distilled = model.original.starts_with("distil-whisper/");
    EXPECT_EQ(is_english_only(model), has_english_vocabulary || is_distilled) << model.name;
  }
}

TEST(ModelTable, SortsNamesBySimilarity) {
  EXPECT_EQ(known_names("tubro").front(), "turbo");
  EXPECT_EQ(known_names("distil-large-3.5").front(), "distil-large-v3.5");
  EXPECT_EQ(known_names("base.en").front(), "base.en");
  EXPECT_EQ(known_names("x").size(), known_names("").size());
}

}  // namespace
}  // namespace npuwhisper
