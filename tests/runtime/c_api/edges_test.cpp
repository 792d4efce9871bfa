// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the C interface: NULL arguments, callbacks that throw, and the log.
#include <npuwhisper/c_api.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <npuwhisper/log.h>

#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper {
namespace {

/// Returns the code of an error and frees it. Checks that the message contains `part`.
std::int32_t code_of(npuwhisper_error* error, const std::string& part) {
  const std::int32_t code = npuwhisper_error_code(error);
  const std::string message = npuwhisper_error_message(error, nullptr);
  EXPECT_NE(message.find(part), std::string::npos) << message;
  npuwhisper_error_free(error);
  return code;
}

/// Expects that a call reports the parameter `name`, which is NULL.
#define EXPECT_NULL_REPORTED(call, name) \
  EXPECT_EQ(code_of((call), name ": found NULL"), NPUWHISPER_INVALID_ARGUMENT)

/// Tests with a transcriber of a tiny model.
class CApi : public testing::Test {
 protected:
  CApi() {
    test::write_tiny_model(folder_.path(), {.n_audio_ctx = 100});
    options_ = npuwhisper_options_new();
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"model", folder_.path().string()},
                                                          {"vad", "off"},
                                                          {"temperatures", "0"},
                                                          {"no-speech-threshold", "inf"},
                                                          {"log-prob-threshold", "-inf"},
                                                          {"compression-ratio-threshold", "inf"}}) {
      EXPECT_EQ(npuwhisper_options_set(options_, name.c_str(), value.c_str()), nullptr) << name;
    }
    EXPECT_EQ(npuwhisper_engine_open(options_, &engine_), nullptr);
    EXPECT_EQ(npuwhisper_transcriber_new(engine_, options_, &transcriber_), nullptr);
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      samples_[i] = 0.5F * std::sin(static_cast<float>(i * i % 1000));
    }
  }
  ~CApi() override {
    npuwhisper_transcriber_free(transcriber_);
    npuwhisper_engine_free(engine_);
    npuwhisper_options_free(options_);
  }
  npuwhisper_error* transcribe(npuwhisper_segment_callback callback, void* user_data) {
    return npuwhisper_transcriber_transcribe_f32(transcriber_, samples_.data(), samples_.size(),
                                                 callback, user_data);
  }

  const test::TemporaryFolder folder_;
  npuwhisper_options* options_ = nullptr;
  npuwhisper_engine* engine_ = nullptr;
  npuwhisper_transcriber* transcriber_ = nullptr;
  std::vector<float> samples_ = std::vector<float>(5 * 16000);
};

bool count(const npuwhisper_segment* /*segment*/, void* user_data) {
  ++*static_cast<int*>(user_data);
  return true;
}

TEST_F(CApi, NullParametersAreErrors) {
  npuwhisper_segments* segments = nullptr;
  npuwhisper_words* words = nullptr;
  std::int16_t sample = 0;
  char* path = nullptr;
  EXPECT_NULL_REPORTED(npuwhisper_options_set(nullptr, "vad", "on"), "options");
  EXPECT_NULL_REPORTED(npuwhisper_options_set(options_, nullptr, "on"), "name");
  EXPECT_NULL_REPORTED(npuwhisper_options_set(options_, "vad", nullptr), "value");
  EXPECT_NULL_REPORTED(npuwhisper_options_set_waiting_callback(nullptr, nullptr, nullptr),
                       "options");
  EXPECT_NULL_REPORTED(npuwhisper_find_model(nullptr, &path, nullptr), "name_or_path");
  EXPECT_NULL_REPORTED(npuwhisper_find_model("base", nullptr, nullptr), "path");
  EXPECT_NULL_REPORTED(npuwhisper_memory_needed(options_, nullptr), "bytes");
  EXPECT_NULL_REPORTED(npuwhisper_engine_open(options_, nullptr), "output parameter");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_new(engine_, options_, nullptr), "output parameter");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_push_f32(nullptr, samples_.data(), 1, &segments),
                       "transcriber");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_push_f32(transcriber_, nullptr, 1, &segments),
                       "samples");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_push_s16(transcriber_, nullptr, 1, &segments),
                       "samples");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_push_s16(transcriber_, &sample, 1, nullptr),
                       "output parameter");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_settle(nullptr, &segments), "transcriber");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_drain(nullptr, &segments), "transcriber");
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_draft(nullptr, &words), "transcriber");
  EXPECT_NULL_REPORTED(transcribe(nullptr, nullptr), "callback");
}

TEST_F(CApi, TranscriberNeedsAnEngine) {
  npuwhisper_transcriber* transcriber = transcriber_;
  EXPECT_NULL_REPORTED(npuwhisper_transcriber_new(nullptr, options_, &transcriber), "engine");
  EXPECT_EQ(transcriber, nullptr);
}

TEST(CApiOfNothing, AccessorsReturnNothing) {
  std::size_t length = 42;
  EXPECT_STREQ(npuwhisper_segment_text(nullptr, &length), "");
  EXPECT_EQ(length, 0U);
  EXPECT_STREQ(npuwhisper_word_text(nullptr, nullptr), "");
  EXPECT_STREQ(npuwhisper_segment_language(nullptr, nullptr), "");
  EXPECT_STREQ(npuwhisper_error_message(nullptr, nullptr), "");
  EXPECT_STREQ(npuwhisper_engine_device_kind(nullptr), "");
  EXPECT_STREQ(npuwhisper_engine_device_name(nullptr, nullptr), "");
  EXPECT_STREQ(npuwhisper_engine_model_path(nullptr, nullptr), "");
  EXPECT_STREQ(npuwhisper_transcriber_language(nullptr, nullptr), "");
  EXPECT_EQ(npuwhisper_error_code(nullptr), NPUWHISPER_NO_ERROR);
  EXPECT_EQ(npuwhisper_segments_count(nullptr), 0U);
  EXPECT_EQ(npuwhisper_segments_at(nullptr, 0), nullptr);
  EXPECT_EQ(npuwhisper_words_count(npuwhisper_segment_words(nullptr)), 0U);
  EXPECT_EQ(npuwhisper_words_at(nullptr, 0), nullptr);
  EXPECT_EQ(npuwhisper_segment_start(nullptr) + npuwhisper_segment_end(nullptr), 0);
  EXPECT_EQ(npuwhisper_word_start(nullptr) + npuwhisper_word_end(nullptr), 0);
  EXPECT_EQ(npuwhisper_transcriber_position(nullptr), 0);
  EXPECT_EQ(npuwhisper_transcriber_language_probability(nullptr), 0.0F);
  EXPECT_FALSE(npuwhisper_engine_has_language(nullptr, "en"));
}

TEST(CApiOfNothing, IsFreedAndReset) {
  npuwhisper_error_free(nullptr);
  npuwhisper_options_free(nullptr);
  npuwhisper_string_free(nullptr);
  npuwhisper_engine_free(nullptr);
  npuwhisper_words_free(nullptr);
  npuwhisper_segments_free(nullptr);
  npuwhisper_transcriber_reset(nullptr);
  npuwhisper_transcriber_cancel(nullptr);
  npuwhisper_transcriber_free(nullptr);
}

TEST_F(CApi, NoSamplesGiveNoSegments) {
  int n_segments = 0;
  EXPECT_EQ(npuwhisper_transcriber_transcribe_f32(transcriber_, nullptr, 0, count, &n_segments),
            nullptr);
  EXPECT_EQ(n_segments, 0);
}

TEST_F(CApi, OptionsBeyondTheirLimitsAreRefusedByTheTranscriber) {
  ASSERT_EQ(npuwhisper_options_set(options_, "beam-size", "1000"), nullptr);
  npuwhisper_transcriber* transcriber = nullptr;
  EXPECT_EQ(code_of(npuwhisper_transcriber_new(engine_, options_, &transcriber), "beam_size"),
            NPUWHISPER_INVALID_ARGUMENT);
  EXPECT_EQ(transcriber, nullptr);
}

TEST_F(CApi, ExceptionOfACallbackIsAnError) {
  const auto complain = [](const npuwhisper_segment*, void*) -> bool {
    throw std::runtime_error("the callback's own error");
  };
  EXPECT_EQ(code_of(transcribe(complain, nullptr), "the callback's own error"),
            NPUWHISPER_UNAVAILABLE);
  int n_segments = 0;
  EXPECT_EQ(transcribe(count, &n_segments), nullptr);
  EXPECT_GT(n_segments, 1);
}

TEST_F(CApi, CallbackMayCancel) {
  const auto cancel = [](const npuwhisper_segment*, void* user_data) {
    npuwhisper_transcriber_cancel(static_cast<npuwhisper_transcriber*>(user_data));
    return true;
  };
  EXPECT_EQ(code_of(transcribe(cancel, transcriber_), ""), NPUWHISPER_CANCELLED);
}

TEST_F(CApi, CancellationBeforeTheCallEndsIt) {
  int n_segments = 0;
  npuwhisper_transcriber_cancel(transcriber_);
  EXPECT_EQ(code_of(transcribe(count, &n_segments), ""), NPUWHISPER_CANCELLED);
  EXPECT_EQ(n_segments, 0);
}

TEST_F(CApi, LiveStreamAsksForWaitingSamples) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder.path());  // A live stream needs windows of 30 s.
  int n_calls = 0;
  const auto waiting = [](void* user_data) {
    ++*static_cast<int*>(user_data);
    return std::int64_t{0};
  };
  npuwhisper_engine* engine = nullptr;
  npuwhisper_transcriber* live = nullptr;
  npuwhisper_segments* segments = nullptr;
  ASSERT_EQ(npuwhisper_options_set(options_, "model", folder.path().c_str()), nullptr);
  ASSERT_EQ(npuwhisper_options_set(options_, "live-latency", "2000"), nullptr);
  ASSERT_EQ(npuwhisper_options_set_waiting_callback(options_, waiting, &n_calls), nullptr);
  ASSERT_EQ(npuwhisper_engine_open(options_, &engine), nullptr);
  ASSERT_EQ(npuwhisper_transcriber_new(engine, options_, &live), nullptr);
  EXPECT_EQ(npuwhisper_transcriber_push_f32(live, samples_.data(), 16000, &segments), nullptr);
  EXPECT_GT(n_calls, 0);
  npuwhisper_segments_free(segments);
  npuwhisper_transcriber_free(live);
  npuwhisper_engine_free(engine);
}

TEST(CApiLog, GoesToTheCallback) {
  std::string seen;
  const auto take = [](std::int32_t level, const char* message, std::size_t length, void* to) {
    *static_cast<std::string*>(to) = std::to_string(level) + std::string(message, length);
  };
  ASSERT_EQ(npuwhisper_set_log_callback(take, &seen), nullptr);
  log(LogLevel::Info, std::string_view("message and more", 7));
  EXPECT_EQ(seen, "2message");
  ASSERT_EQ(npuwhisper_set_log_callback(nullptr, nullptr), nullptr);
  log(LogLevel::Error, "discarded");
  EXPECT_EQ(seen, "2message");
}

}  // namespace
}  // namespace npuwhisper
