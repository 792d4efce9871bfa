// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio_request.h"

#include <glib.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <npuwhisper/languages.h>

namespace npuwhisper::server {
namespace {

constexpr std::string_view kGranularities = "timestamp_granularities[]";
constexpr std::array<std::pair<std::string_view, AnswerFormat>, 5> kFormats = {{
    {"json", AnswerFormat::Json},
    {"text", AnswerFormat::Text},
    {"srt", AnswerFormat::Srt},
    {"verbose_json", AnswerFormat::VerboseJson},
    {"vtt", AnswerFormat::Vtt},
}};

/// Reads the fields one after another. The first error ends the reading.
class FieldReader {
 public:
  FieldReader(const FormFields& fields, const ServedModels& models)
      : fields_(fields), models_(models) {}

  std::optional<ApiError> read(AudioRequest& request) const {
    for (const auto step :
         {&FieldReader::read_text, &FieldReader::read_model, &FieldReader::read_format,
          &FieldReader::read_stream, &FieldReader::read_granularities, &FieldReader::read_language,
          &FieldReader::read_temperature}) {
      if (auto error = (this->*step)(request)) return error;
    }
    return std::nullopt;
  }

 private:
  /// Returns the value of a field; empty if the form does not contain the field.
  const std::string& value(std::string_view name) const {
    static const std::string none;
    const auto found = fields_.find(name);
    return found == fields_.end() ? none : found->second;
  }

  static ApiError unwanted(std::string_view field, const std::string& found,
                           const std::string& wanted) {
    return bad_field(std::string(field),
                     std::string(field) + ": found '" + found + "', wanted " + wanted);
  }

  std::optional<ApiError> read_text(AudioRequest& request) const {
    for (const auto& [name, text] : fields_) {
      // A NUL is invalid too.
      if (!g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr)) {
        return bad_field(name, name + ": the value is not UTF-8");
      }
    }
    request.options.initial_prompt = value("prompt");
    request.options.hotwords = value("hotwords");
    return std::nullopt;
  }

  std::optional<ApiError> read_model(AudioRequest& request) const {
    const std::string& name = value("model");
    if (name.empty()) {
      return bad_field("model", "model: the field is missing, wanted one of " + models_.names());
    }
    request.model = models_.find(name);
    if (request.model != nullptr) return std::nullopt;
    ApiError error = unwanted("model", name, "one of " + models_.names());
    error.status = 404;
    error.code = "model_not_found";
    return error;
  }

  std::optional<ApiError> read_format(AudioRequest& request) const {
    const std::string& name = value("response_format");
    if (name.empty()) return std::nullopt;
    for (const auto& [known, format] : kFormats) {
      if (name != known) continue;
      request.format = format;
      return std::nullopt;
    }
    return unwanted("response_format", name, "one of json, text, srt, verbose_json, vtt");
  }

  std::optional<ApiError> read_stream(AudioRequest& request) const {
    const std::string& text = value("stream");
    if (text.empty() || text == "false") return std::nullopt;
    if (text != "true") return unwanted("stream", text, "true or false");
    if (request.format != AnswerFormat::Json && request.format != AnswerFormat::Text) {
      return unwanted("response_format", value("response_format"), "json or text with stream=true");
    }
    request.streams = true;
    return std::nullopt;
  }

  std::optional<ApiError> read_granularities(AudioRequest& request) const {
    std::string_view rest = value(kGranularities);
    if (rest.empty()) return std::nullopt;
    if (request.format != AnswerFormat::VerboseJson) {
      return unwanted(kGranularities, std::string(rest),
                      "no value unless response_format is verbose_json");
    }
    request.has_segments = false;
    while (!rest.empty()) {
      const std::string_view entry = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
      if (entry != "word" && entry != "segment") {
        return unwanted(kGranularities, std::string(entry), "word or segment");
      }
      (entry == "word" ? request.has_words : request.has_segments) = true;
    }
    return std::nullopt;
  }

  std::optional<ApiError> read_language(AudioRequest& request) const {
    const std::string& text = value("language");
    const auto language = parse_language(text);
    if (!language) return bad_field("language", language.error().message);
    if (!language->empty() && !request.model->engine->has_language(*language)) {
      return unwanted("language", text, "a language of model '" + request.model->name + "'");
    }
    request.options.language = *language;
    return std::nullopt;
  }

  std::optional<ApiError> read_temperature(AudioRequest& request) const {
    const std::string& text = value("temperature");
    if (text.empty()) return std::nullopt;
    float number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || !(number >= 0 && number <= 1)) {
      return unwanted("temperature", text, "a number from 0 to 1");
    }
    // 0 means that the temperature rises if the text is bad.
    if (number > 0) request.options.temperatures = {number};
    return std::nullopt;
  }

  const FormFields& fields_;
  const ServedModels& models_;
};

}  // namespace

void add_field(FormFields& fields, const std::string& name, std::string value) {
  std::string& stored = fields[name];
  if (name.ends_with("[]") && !stored.empty()) {
    stored += "," + value;
  } else {
    stored = std::move(value);
  }
}

std::variant<AudioRequest, ApiError> read_audio_request(const FormFields& fields, Task task,
                                                        const ServedModels& models,
                                                        const TranscriberOptions& defaults) {
  AudioRequest request;
  request.options = defaults;
  request.options.task = task;
  if (auto error = FieldReader(fields, models).read(request)) return *std::move(error);
  if (task == Task::Translate && !request.model->engine->is_multilingual()) {
    return bad_field("model",
                     "model: '" + request.model->name +
                         "' is English-only, wanted a multilingual model for translations");
  }
  // The captions of npuwhisper-transcribe are laid out from words.
  const bool has_captions =
      request.format == AnswerFormat::Srt || request.format == AnswerFormat::Vtt;
  request.options.word_times = request.has_words || has_captions;
  return request;
}

}  // namespace npuwhisper::server
