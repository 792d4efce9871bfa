// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/check_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "vocabulary.h"

namespace npuwhisper {
namespace {

using test::Vocabulary;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNotANumber = std::nanf("");

struct Case {
  std::string option;
  std::function<void(TranscriberOptions&)> set;
};

class BadOptions : public ::testing::TestWithParam<Case> {};

TEST_P(BadOptions, AreNamed) {
  TranscriberOptions options;
  GetParam().set(options);
  const auto checked = check_options(options, *Vocabulary::multilingual().tokenizer);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(checked.error().message.starts_with(GetParam().option + ": found "))
      << checked.error().message;
  EXPECT_NE(checked.error().message.find(", wanted "), std::string::npos);
}

using O = TranscriberOptions;
INSTANTIATE_TEST_SUITE_P(
    All, BadOptions,
    ::testing::Values(
        Case{"language", [](O& o) { o.language = "xx"; }},
        Case{"languages",
             [](O& o) {
               o.languages = {"en", "xx"};
             }},
        Case{"beam_size", [](O& o) { o.beam_size = 0; }},
        Case{"beam_size", [](O& o) { o.beam_size = 1000; }},
        Case{"best_of", [](O& o) { o.best_of = 0; }}, Case{"batch", [](O& o) { o.batch = -1; }},
        Case{"batch", [](O& o) { o.batch = kMaxBatch + 1; }},
        Case{"batch",
             [](O& o) {
               o.batch = 2;
               o.vad = Vad::Off;
             }},
        Case{"patience", [](O& o) { o.patience = 0; }},
        Case{"patience", [](O& o) { o.patience = kNotANumber; }},
        Case{"length_penalty", [](O& o) { o.length_penalty = -1; }},
        Case{"temperatures", [](O& o) { o.temperatures = {}; }},
        Case{"temperatures",
             [](O& o) {
               o.temperatures = {0, -0.5F};
             }},
        Case{"temperatures", [](O& o) { o.temperatures = {kNotANumber}; }},
        Case{"compression_ratio_threshold",
             [](O& o) { o.compression_ratio_threshold = kNotANumber; }},
        Case{"log_prob_threshold", [](O& o) { o.log_prob_threshold = kNotANumber; }},
        Case{"no_speech_threshold", [](O& o) { o.no_speech_threshold = -1; }},
        Case{"max_initial_timestamp", [](O& o) { o.max_initial_timestamp = 31; }},
        Case{"prompt_reset_on_temperature", [](O& o) { o.prompt_reset_on_temperature = -1; }},
        Case{"vad_threshold", [](O& o) { o.vad_threshold = 0; }},
        Case{"vad_threshold", [](O& o) { o.vad_threshold = kNotANumber; }},
        Case{"vad_min_speech", [](O& o) { o.vad_min_speech = std::chrono::seconds(11); }},
        Case{"vad_min_silence", [](O& o) { o.vad_min_silence = std::chrono::milliseconds(-1); }},
        Case{"live_latency", [](O& o) { o.live_latency = std::chrono::milliseconds(499); }},
        Case{"live_latency", [](O& o) { o.live_latency = std::chrono::seconds(21); }}));

TEST(CheckOptions, DefaultsAreGood) {
  EXPECT_TRUE(check_options({}, *Vocabulary::multilingual().tokenizer));
  EXPECT_TRUE(check_options({}, *Vocabulary::english_only().tokenizer));
}

TEST(CheckOptions, InfinityTurnsAThresholdOff) {
  TranscriberOptions options;
  options.compression_ratio_threshold = kInfinity;
  options.log_prob_threshold = -kInfinity;
  options.no_speech_threshold = kInfinity;
  options.prompt_reset_on_temperature = kInfinity;
  EXPECT_TRUE(check_options(options, *Vocabulary::multilingual().tokenizer));
}

TEST(CheckOptions, KnowsTheModelsLanguages) {
  TranscriberOptions options;
  options.language = "de";
  EXPECT_TRUE(check_options(options, *Vocabulary::multilingual().tokenizer));
  options.language = "German";
  const auto checked = check_options(options, *Vocabulary::multilingual().tokenizer);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message,
            "language: found 'German', wanted nothing (detect it) or one of en, zh, de, es, fr");
}

TEST(CheckOptions, NamesEveryCandidateThatIsNoLanguage) {
  TranscriberOptions options;
  options.languages = {"en", "xx", "de", "English"};
  const auto checked = check_options(options, *Vocabulary::multilingual().tokenizer);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message,
            "languages: found 'xx', 'English', wanted nothing (all) or some of en, zh, de, es, fr");
  options.languages = {"en", "de"};
  EXPECT_TRUE(check_options(options, *Vocabulary::multilingual().tokenizer));
  EXPECT_TRUE(check_options(options, *Vocabulary::english_only().tokenizer));
  options.languages = {"de"};
  EXPECT_FALSE(check_options(options, *Vocabulary::english_only().tokenizer));
}

TEST(CheckOptions, AnEnglishOnlyModelTranscribesEnglish) {
  TranscriberOptions options;
  options.language = "en";
  EXPECT_TRUE(check_options(options, *Vocabulary::english_only().tokenizer));
  options.task = Task::Translate;
  EXPECT_FALSE(check_options(options, *Vocabulary::english_only().tokenizer));
  options.task = Task::Transcribe;
  options.language = "de";
  const auto checked = check_options(options, *Vocabulary::english_only().tokenizer);
  ASSERT_FALSE(checked);
  EXPECT_EQ(
      checked.error().message,
      "language: found 'de', wanted 'en', or a multilingual model such as 'base'; this model is "
      "English-only");
}

}  // namespace
}  // namespace npuwhisper
