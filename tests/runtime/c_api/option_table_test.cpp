// SPDX-License-Identifier: LGPL-2.1-or-later
#include "c_api/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace npuwhisper {
namespace {

struct FreeError {
  void operator()(npuwhisper_error* error) const { npuwhisper_error_free(error); }
};
using OwnedError = std::unique_ptr<npuwhisper_error, FreeError>;

struct Case {
  std::string name;
  std::string value;
  std::function<bool(const npuwhisper_options&)> is_set;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name << '=' << testing::PrintToString(c.value);
}

// Returns one case for each option, with a value that is not the option's default.
const std::vector<Case>& cases() {
  using O = npuwhisper_options;
  using std::chrono::milliseconds;
  static const std::vector<Case> all = {
      {"model", "tiny.en", [](const O& o) { return o.engine.model == "tiny.en"; }},
      {"device", "cpu", [](const O& o) { return o.engine.device == DeviceKind::Cpu; }},
      {"npu-stages", "mel,decoder",
       [](const O& o) { return o.engine.npu_stages == NpuStages{.mel = true, .decoder = true}; }},
      {"precision", "bf16", [](const O& o) { return o.engine.precision == Precision::Bf16; }},
      {"n-threads", "3", [](const O& o) { return o.engine.n_threads == 3; }},
      {"language", "de-AT", [](const O& o) { return o.transcriber.language == "de"; }},
      {"languages", "en,German",
       [](const O& o) {
         return o.transcriber.languages == std::vector<std::string>{"en", "de"};
       }},
      {"chinese-script", "traditional",
       [](const O& o) { return o.transcriber.chinese_script == ChineseScript::Traditional; }},
      {"task", "translate", [](const O& o) { return o.transcriber.task == Task::Translate; }},
      {"word-times", "true", [](const O& o) { return o.transcriber.word_times; }},
      {"beam-size", "7", [](const O& o) { return o.transcriber.beam_size == 7; }},
      {"best-of", "2", [](const O& o) { return o.transcriber.best_of == 2; }},
      {"patience", "1.5", [](const O& o) { return o.transcriber.patience == 1.5F; }},
      {"length-penalty", "0.5", [](const O& o) { return o.transcriber.length_penalty == 0.5F; }},
      {"batch", "0", [](const O& o) { return o.transcriber.batch == 0; }},
      {"temperatures", "0,0.5,1",
       [](const O& o) {
         return o.transcriber.temperatures == std::vector<float>{0.0F, 0.5F, 1.0F};
       }},
      {"compression-ratio-threshold", "inf",
       [](const O& o) { return std::isinf(o.transcriber.compression_ratio_threshold); }},
      {"log-prob-threshold", "-2.5",
       [](const O& o) { return o.transcriber.log_prob_threshold == -2.5F; }},
      {"no-speech-threshold", "0.25",
       [](const O& o) { return o.transcriber.no_speech_threshold == 0.25F; }},
      {"max-initial-timestamp", "3",
       [](const O& o) { return o.transcriber.max_initial_timestamp == 3.0F; }},
      {"prompt-reset-on-temperature", "0.75",
       [](const O& o) { return o.transcriber.prompt_reset_on_temperature == 0.75F; }},
      {"initial-prompt", "Zürich",
       [](const O& o) { return o.transcriber.initial_prompt == "Zürich"; }},
      {"hotwords", "Ada,Grace", [](const O& o) { return o.transcriber.hotwords == "Ada,Grace"; }},
      {"replacements", "a = b\nc = d",
       [](const O& o) { return o.transcriber.replacements == "a = b\nc = d"; }},
      {"condition-on-previous-text", "false",
       [](const O& o) { return !o.transcriber.condition_on_previous_text; }},
      {"suppress-blank", "false", [](const O& o) { return !o.transcriber.suppress_blank; }},
      {"suppress-non-speech", "false",
       [](const O& o) { return !o.transcriber.suppress_non_speech; }},
      {"seed", "18446744073709551615", [](const O& o) { return o.transcriber.seed == UINT64_MAX; }},
      {"vad", "on", [](const O& o) { return o.transcriber.vad == Vad::On; }},
      {"vad-threshold", "0.75", [](const O& o) { return o.transcriber.vad_threshold == 0.75F; }},
      {"vad-min-speech", "250",
       [](const O& o) { return o.transcriber.vad_min_speech == milliseconds(250); }},
      {"vad-min-silence", "0",
       [](const O& o) { return o.transcriber.vad_min_silence == milliseconds(0); }},
      {"live-latency", "2000",
       [](const O& o) { return o.transcriber.live_latency == milliseconds(2000); }},
      {"pace", "audio", [](const O& o) { return o.transcriber.pace == Pace::Audio; }},
  };
  return all;
}

class EachOption : public testing::TestWithParam<Case> {};

TEST_P(EachOption, IsSet) {
  npuwhisper_options options;
  EXPECT_FALSE(GetParam().is_set(options));
  const OwnedError error(
      npuwhisper_options_set(&options, GetParam().name.c_str(), GetParam().value.c_str()));
  EXPECT_EQ(error, nullptr) << npuwhisper_error_message(error.get(), nullptr);
  EXPECT_TRUE(GetParam().is_set(options));
}

INSTANTIATE_TEST_SUITE_P(All, EachOption, testing::ValuesIn(cases()));

TEST(OptionTable, HasTheTestedOptions) {
  std::set<std::string> tested, known;
  for (const Case& c : cases()) tested.insert(c.name);
  for (const Option& option : option_table()) known.insert(option.name);
  EXPECT_EQ(tested, known);
  EXPECT_EQ(known.size(), option_table().size());
}

struct WrongCase {
  std::string name;
  std::string value;
};
void PrintTo(const WrongCase& c, std::ostream* out) {
  *out << c.name << '=' << testing::PrintToString(c.value);
}

class WrongValue : public testing::TestWithParam<WrongCase> {};

TEST_P(WrongValue, IsRefused) {
  npuwhisper_options options;
  const OwnedError error(
      npuwhisper_options_set(&options, GetParam().name.c_str(), GetParam().value.c_str()));
  ASSERT_EQ(npuwhisper_error_code(error.get()), NPUWHISPER_INVALID_ARGUMENT);
  const std::string message = npuwhisper_error_message(error.get(), nullptr);
  EXPECT_TRUE(message.starts_with(GetParam().name)) << message;
  EXPECT_NE(message.find("wanted "), std::string::npos) << message;
  const npuwhisper_options defaults;
  EXPECT_EQ(options.engine, defaults.engine);
  EXPECT_EQ(options.transcriber.beam_size, defaults.transcriber.beam_size);
  EXPECT_EQ(options.transcriber.temperatures, defaults.transcriber.temperatures);
  EXPECT_EQ(options.transcriber.initial_prompt, defaults.transcriber.initial_prompt);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongValue,
    testing::Values(WrongCase{"device", "gpu"}, WrongCase{"npu-stages", "mel,"},
                    WrongCase{"precision", ""}, WrongCase{"n-threads", "-1"},
                    WrongCase{"language", "klingon"}, WrongCase{"languages", "en,klingon"},
                    WrongCase{"chinese-script", "both"}, WrongCase{"task", "Translate"},
                    WrongCase{"word-times", "yes"}, WrongCase{"beam-size", ""},
                    WrongCase{"beam-size", "5 "}, WrongCase{"beam-size", "0x5"},
                    WrongCase{"beam-size", "2147483648"}, WrongCase{"patience", "1,5"},
                    WrongCase{"temperatures", "0,"}, WrongCase{"temperatures", "0,,1"},
                    WrongCase{"initial-prompt", "\xff"}, WrongCase{"hotwords", "a\xc3"},
                    WrongCase{"seed", "18446744073709551616"}, WrongCase{"vad", "maybe"},
                    WrongCase{"live-latency", "2 s"}, WrongCase{"pace", "fast"}));

TEST(OptionTable, UnknownOptionIsRefusedWithTheNames) {
  npuwhisper_options options;
  const OwnedError error(npuwhisper_options_set(&options, "beam_size", "5"));
  ASSERT_EQ(npuwhisper_error_code(error.get()), NPUWHISPER_INVALID_ARGUMENT);
  const std::string message = npuwhisper_error_message(error.get(), nullptr);
  EXPECT_NE(message.find("'beam_size'"), std::string::npos) << message;
  EXPECT_NE(message.find("beam-size, best-of"), std::string::npos) << message;
}

TEST(OptionTable, OffEndsLiveLatency) {
  npuwhisper_options options;
  options.transcriber.live_latency = std::chrono::milliseconds(1000);
  EXPECT_EQ(OwnedError(npuwhisper_options_set(&options, "live-latency", "off")), nullptr);
  EXPECT_FALSE(options.transcriber.live_latency);
}

TEST(OptionTable, WaitingCallbackIsSetAndRemoved) {
  npuwhisper_options options;
  std::int64_t waiting = 42;
  const auto read = [](void* user_data) { return *static_cast<std::int64_t*>(user_data); };
  EXPECT_EQ(OwnedError(npuwhisper_options_set_waiting_callback(&options, read, &waiting)), nullptr);
  ASSERT_TRUE(options.transcriber.samples_waiting);
  EXPECT_EQ(options.transcriber.samples_waiting(), 42);
  EXPECT_EQ(OwnedError(npuwhisper_options_set_waiting_callback(&options, nullptr, nullptr)),
            nullptr);
  EXPECT_FALSE(options.transcriber.samples_waiting);
}

}  // namespace
}  // namespace npuwhisper
