// SPDX-License-Identifier: LGPL-2.1-or-later
// When memory runs out, functions of the C interface return an error. They work again afterwards.
#include <npuwhisper/c_api.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "fail_each_allocation.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

using test::fail_each_allocation;

/// Frees an error of the C interface and returns its kind as a Result. Allocates no memory.
Result<void> result_of(npuwhisper_error* error) {
  const std::int32_t code = npuwhisper_error_code(error);
  npuwhisper_error_free(error);
  if (code == NPUWHISPER_NO_ERROR) return {};
  return fail(code == NPUWHISPER_UNAVAILABLE ? ErrorCode::Unavailable : ErrorCode::DeviceError, "");
}

std::vector<float> tones() {
  std::vector<float> samples(5 * 16000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = 0.5F * std::sin(static_cast<float>(i * i % 1000));
  }
  return samples;
}

/// Returns options with which a random model writes text.
npuwhisper_options* options_for(const std::string& model) {
  npuwhisper_options* options = npuwhisper_options_new();
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"model", model},
                                                        {"n-threads", "1"},
                                                        {"precision", "f32"},
                                                        {"vad", "off"},
                                                        {"word-times", "true"},
                                                        {"temperatures", "0"},
                                                        {"no-speech-threshold", "inf"},
                                                        {"log-prob-threshold", "-inf"},
                                                        {"compression-ratio-threshold", "inf"}}) {
    EXPECT_EQ(npuwhisper_options_set(options, name.c_str(), value.c_str()), nullptr) << name;
  }
  return options;
}

class CApiNoMemory : public testing::Test {
 protected:
  CApiNoMemory() { test::write_tiny_model(folder_.path(), {.n_audio_ctx = 100}); }
  ~CApiNoMemory() override { npuwhisper_options_free(options_); }

  /// Returns a new transcriber, which keeps its engine.
  npuwhisper_transcriber* new_transcriber() {
    npuwhisper_engine* engine = nullptr;
    npuwhisper_transcriber* transcriber = nullptr;
    EXPECT_EQ(npuwhisper_engine_open(options_, &engine), nullptr);
    EXPECT_EQ(npuwhisper_transcriber_new(engine, options_, &transcriber), nullptr);
    npuwhisper_engine_free(engine);
    return transcriber;
  }

  const test::TemporaryFolder folder_;
  npuwhisper_options* const options_ = options_for(folder_.path().string());
};

/// The parameter tells whether only one allocation fails, or all later ones too.
class CApiWithoutMemory : public CApiNoMemory, public testing::WithParamInterface<bool> {};

TEST_P(CApiWithoutMemory, SettingAnOption) {
  const std::string prompt(1000, 'x');
  fail_each_allocation({.lasts = GetParam()}, [&] {
    return result_of(npuwhisper_options_set(options_, "initial-prompt", prompt.c_str()));
  });
}

TEST_P(CApiWithoutMemory, MakingOptions) {
  fail_each_allocation({.lasts = GetParam()}, []() -> Result<void> {
    npuwhisper_options* made = npuwhisper_options_new();
    if (made == nullptr) return fail(ErrorCode::Unavailable, "");
    npuwhisper_options_free(made);
    return {};
  });
}

TEST_P(CApiWithoutMemory, FindingAModel) {
  fail_each_allocation({.lasts = GetParam()}, [&] {
    char* path = nullptr;
    auto done = result_of(npuwhisper_find_model(folder_.path().c_str(), &path, nullptr));
    EXPECT_EQ(path != nullptr, done.has_value());
    npuwhisper_string_free(path);
    return done;
  });
}

// This test does not let oneDNN's allocations fail, because oneDNN remembers a failed allocation.
TEST_F(CApiNoMemory, OpeningAnEngine) {
  fail_each_allocation({.spares_onednn = true}, [&] {
    npuwhisper_engine* engine = nullptr;
    auto done = result_of(npuwhisper_engine_open(options_, &engine));
    EXPECT_EQ(engine != nullptr, done.has_value());
    npuwhisper_engine_free(engine);
    return done;
  });
}

TEST_P(CApiWithoutMemory, Transcribing) {
  npuwhisper_transcriber* const transcriber = new_transcriber();
  const std::vector<float> samples = tones();
  int n_segments = 0;
  const auto count = [](const npuwhisper_segment*, void* user_data) {
    ++*static_cast<int*>(user_data);
    return true;
  };
  fail_each_allocation({.lasts = GetParam()}, [&] {
    n_segments = 0;
    return result_of(npuwhisper_transcriber_transcribe_f32(transcriber, samples.data(),
                                                           samples.size(), count, &n_segments));
  });
  EXPECT_GT(n_segments, 0);
  npuwhisper_transcriber_free(transcriber);
}

TEST_P(CApiWithoutMemory, Draining) {
  npuwhisper_transcriber* const transcriber = new_transcriber();
  const std::vector<float> samples = tones();
  fail_each_allocation({.lasts = GetParam()}, [&]() -> Result<void> {
    npuwhisper_transcriber_reset(transcriber);
    npuwhisper_segments* segments = nullptr;
    auto pushed = result_of(
        npuwhisper_transcriber_push_f32(transcriber, samples.data(), samples.size(), &segments));
    npuwhisper_segments_free(segments);
    if (!pushed) return pushed;
    auto drained = result_of(npuwhisper_transcriber_drain(transcriber, &segments));
    EXPECT_EQ(segments != nullptr, drained.has_value());
    npuwhisper_segments_free(segments);
    return drained;
  });
  npuwhisper_transcriber_free(transcriber);
}

INSTANTIATE_TEST_SUITE_P(OnceAndForGood, CApiWithoutMemory, testing::Bool());

}  // namespace
}  // namespace npuwhisper
