// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/audio_request.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace npuwhisper::server {
namespace {

/// An engine without a model, which has the languages "en" and "de", or only "en".
class NoEngine : public Engine {
 public:
  explicit NoEngine(bool is_multilingual) : is_multilingual_(is_multilingual) {}
  const DeviceInfo& device() const override { return info_; }
  DeviceStats device_stats() const override { return {}; }
  DeviceActivity device_activity() const override { return {}; }
  const std::filesystem::path& model_path() const override { return path_; }
  bool is_multilingual() const override { return is_multilingual_; }
  bool has_language(std::string_view code) const override {
    return code == "en" || (is_multilingual_ && code == "de");
  }
  bool has_alignment_heads() const override { return true; }
  std::string describe_plan() const override { return {}; }

 private:
  const bool is_multilingual_;
  const DeviceInfo info_{};
  const std::filesystem::path path_;
};

class AudioRequestTest : public ::testing::Test {
 protected:
  std::variant<AudioRequest, ApiError> read(const FormFields& fields,
                                            Task task = Task::Transcribe) const {
    TranscriberOptions defaults;
    defaults.beam_size = 3;
    return read_audio_request(fields, task, models_, defaults);
  }
  /// Reads the fields, which must be valid. The model is "small" unless the fields name another.
  AudioRequest request(FormFields fields, Task task = Task::Transcribe) const {
    fields.emplace("model", "small");
    auto result = read(fields, task);
    const auto* error = std::get_if<ApiError>(&result);
    EXPECT_EQ(error, nullptr) << error->message;
    return error == nullptr ? std::get<AudioRequest>(result) : AudioRequest();
  }
  /// Returns the error of the field `name` with the value `value`.
  ApiError error(const std::string& name, const std::string& value) const {
    FormFields fields = {{"model", "small"}};
    fields[name] = value;
    auto result = read(fields);
    const auto* found = std::get_if<ApiError>(&result);
    EXPECT_NE(found, nullptr) << name << "=" << value;
    return found == nullptr ? ApiError() : *found;
  }

  const ServedModels models_{{{.name = "small", .engine = std::make_shared<NoEngine>(true)},
                              {.name = "tiny.en", .engine = std::make_shared<NoEngine>(false)}}};
};

TEST_F(AudioRequestTest, DefaultsAreThoseOfTheServer) {
  const AudioRequest read = request({});
  EXPECT_EQ(read.model, models_.find("small"));
  EXPECT_EQ(read.format, AnswerFormat::Json);
  EXPECT_FALSE(read.streams);
  EXPECT_EQ(read.options.beam_size, 3);
  EXPECT_EQ(read.options.temperatures, TranscriberOptions().temperatures);
  EXPECT_FALSE(read.options.word_times);
}

TEST_F(AudioRequestTest, FieldsBecomeOptions) {
  const AudioRequest read = request({{"model", "whisper-1"},
                                     {"language", "German"},
                                     {"prompt", "Grüße"},
                                     {"hotwords", "NPU"},
                                     {"temperature", "0.4"},
                                     {"response_format", "text"},
                                     {"stream", "true"},
                                     {"unknown", "x"}},
                                    Task::Translate);
  EXPECT_EQ(read.model, models_.find("small"));
  EXPECT_EQ(read.options.language, "de");
  EXPECT_EQ(read.options.task, Task::Translate);
  EXPECT_EQ(read.options.initial_prompt, "Grüße");
  EXPECT_EQ(read.options.hotwords, "NPU");
  EXPECT_EQ(read.options.temperatures, std::vector<float>{0.4F});
  EXPECT_TRUE(read.streams);
}

TEST_F(AudioRequestTest, CaptionsAndWordsNeedWordTimes) {
  EXPECT_TRUE(request({{"response_format", "srt"}}).options.word_times);
  EXPECT_TRUE(request({{"response_format", "vtt"}}).options.word_times);
  FormFields fields = {{"response_format", "verbose_json"}};
  EXPECT_FALSE(request(fields).options.word_times);
  EXPECT_TRUE(request(fields).has_segments);
  add_field(fields, "timestamp_granularities[]", "word");
  EXPECT_FALSE(request(fields).has_segments);
  add_field(fields, "timestamp_granularities[]", "segment");
  EXPECT_TRUE(request(fields).has_words);
  EXPECT_TRUE(request(fields).has_segments);
}

TEST_F(AudioRequestTest, WrongValuesAreNamed) {
  for (const auto& [name, value] : FormFields{{"language", "fr"},
                                              {"prompt", "\xff"},
                                              {"response_format", "doc"},
                                              {"stream", "1"},
                                              {"temperature", "nan"},
                                              {"timestamp_granularities[]", "word"}}) {
    const ApiError found = error(name, value);
    EXPECT_EQ(found.status, 400U) << name;
    EXPECT_EQ(found.param, name);
    EXPECT_NE(found.message.find(name), std::string::npos) << found.message;
  }
}

TEST_F(AudioRequestTest, OnlyListedModelsExist) {
  const ApiError found = error("model", "/etc/passwd");
  EXPECT_EQ(found.status, 404U);
  EXPECT_EQ(found.code, "model_not_found");
  EXPECT_NE(found.message.find("small, tiny.en"), std::string::npos) << found.message;
  EXPECT_EQ(error("model", "").status, 400U);
}

TEST_F(AudioRequestTest, AnEnglishOnlyModelDoesNotTranslate) {
  const auto result = read({{"model", "tiny.en"}}, Task::Translate);
  const auto* found = std::get_if<ApiError>(&result);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->param, "model");
}

}  // namespace
}  // namespace npuwhisper::server
