// SPDX-License-Identifier: LGPL-2.1-or-later
#include "answers.h"

#include <cmath>
#include <sstream>
#include <string_view>

#include <npuwhisper/captions.h>
#include <npuwhisper/languages.h>
#include <nlohmann/json.hpp>

#include "programs/common/cue_text.h"
#include "programs/common/json_line.h"
#include "programs/transcribe/formats.h"

namespace npuwhisper::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJson = "application/json";
constexpr std::string_view kBlank = " \t\r\n\v\f";

std::string dump(const Json& json) {
  return cli::json_line(json);
}

std::string text_of(const cli::Transcript& transcript) {
  std::string text;
  for (const cli::TimedSegment& segment : transcript.segments) text += segment.text;
  return cli::one_line(text);
}

/// Returns the transcript as npuwhisper-transcribe writes it without further options.
std::string written(cli::Format format, const cli::Transcript& transcript) {
  std::ostringstream out;
  const cli::CueOptions cues{.layout = CaptionLayout::of(CaptionStyle::Subtitle, 0, 0)};
  const auto writer = cli::make_writer(format, out, cues);
  for (const cli::TimedSegment& segment : transcript.segments) writer->segment(segment);
  writer->finish(transcript);
  return out.str();
}

Json usage_of(const cli::Transcript& transcript) {
  return {{"type", "duration"}, {"seconds", std::ceil(transcript.audio_seconds)}};
}

Json segments_json(const cli::Transcript& transcript) {
  auto list = Json::array();
  for (const cli::TimedSegment& segment : transcript.segments) {
    // OpenAI's seek counts steps of 10 ms.
    list.push_back({{"id", list.size()},
                    {"seek", std::lround(segment.start * 100)},
                    {"start", segment.start},
                    {"end", segment.end},
                    {"text", segment.text},
                    {"tokens", segment.tokens},
                    {"temperature", segment.temperature},
                    {"avg_logprob", segment.average_log_probability},
                    {"compression_ratio", segment.compression_ratio},
                    {"no_speech_prob", segment.no_speech_probability}});
  }
  return list;
}

Json words_json(const cli::Transcript& transcript) {
  auto list = Json::array();
  for (const cli::TimedSegment& segment : transcript.segments) {
    for (const cli::TimedWord& word : segment.words) {
      list.push_back({{"word", cli::one_line(word.text)},
                      {"start", word.start},
                      {"end", word.end},
                      {"probability", word.probability}});
    }
  }
  return list;
}

std::string verbose_json(const AudioRequest& request, const cli::Transcript& transcript) {
  const bool translates = request.options.task == Task::Translate;
  Json object = {{"task", translates ? "translate" : "transcribe"},
                 {"language", language_name(transcript.language)},
                 {"duration", transcript.audio_seconds},
                 {"text", text_of(transcript)}};
  if (request.has_segments) object["segments"] = segments_json(transcript);
  if (request.has_words) object["words"] = words_json(transcript);
  object["usage"] = usage_of(transcript);
  return dump(object);
}

std::string event(const char* name, const Json& data) {
  return std::string("event: ") + name + "\ndata: " + dump(data) + "\n\n";
}

}  // namespace

Answer make_answer(const AudioRequest& request, const cli::Transcript& transcript) {
  switch (request.format) {
    case AnswerFormat::Text:
      return {"text/plain; charset=utf-8", written(cli::Format::Txt, transcript)};
    case AnswerFormat::Srt:
      return {"application/x-subrip; charset=utf-8", written(cli::Format::Srt, transcript)};
    case AnswerFormat::Vtt:
      return {"text/vtt; charset=utf-8", written(cli::Format::Vtt, transcript)};
    case AnswerFormat::VerboseJson:
      return {kJson, verbose_json(request, transcript)};
    case AnswerFormat::Json:
      break;
  }
  return {kJson, dump({{"text", text_of(transcript)}, {"usage", usage_of(transcript)}})};
}

std::string TextEvents::delta(const cli::TimedSegment& segment) {
  std::string_view text = segment.text;
  if (text_.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  }
  if (text.empty()) return {};
  text_ += text;
  constexpr const char* kDelta = "transcript.text.delta";
  return event(kDelta, {{"type", kDelta}, {"delta", text}});
}

std::string TextEvents::done() const {
  constexpr const char* kDone = "transcript.text.done";
  return event(kDone, {{"type", kDone}, {"text", text_}});
}

std::string error_event(const ApiError& error) {
  Json data = Json::parse(error.json());
  data["type"] = "error";
  return event("error", data);
}

}  // namespace npuwhisper::server
