// SPDX-License-Identifier: LGPL-2.1-or-later
#include "formats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "cue_text.h"

namespace npuwhisper::cli {
namespace {

constexpr std::array kFormats = {Format::Txt, Format::Srt, Format::Vtt, Format::Json};
constexpr std::string_view kBlank = " \t\r\n\v\f";

std::int64_t milliseconds(double seconds) {
  return std::max<std::int64_t>(0, std::llround(seconds * 1000));
}

struct CueTimes {
  std::int64_t start, end;  // ms

  /// Players drop a cue that ends where it starts, and WebVTT forbids it.
  explicit CueTimes(const TimedSegment& segment)
      : start(milliseconds(segment.start)), end(std::max(start + 1, milliseconds(segment.end))) {}

  std::string line(char mark) const {
    return cue_timestamp(start, mark) + " --> " + cue_timestamp(end, mark) + '\n';
  }
};

/// The cue's text with a timestamp before each word. Those inside a cue must lie within it and rise
/// strictly (WebVTT, 3.3), so the others are left out.
std::string karaoke(const TimedSegment& segment, const CueTimes& times) {
  std::string marked;
  std::int64_t last = times.start;
  for (const TimedWord& word : segment.words) {
    const std::string text = one_line(word.text);
    if (text.empty()) continue;
    if (!marked.empty() && kBlank.find(word.text.front()) != std::string_view::npos) marked += ' ';
    const std::int64_t start = milliseconds(word.start);
    if (start > last && start < times.end) {
      marked += '<' + cue_timestamp(start, '.') + '>';
      last = start;
    }
    marked += escape_vtt(text);
  }
  return marked;
}

class TxtWriter final : public TranscriptWriter {
 public:
  explicit TxtWriter(std::ostream& out) : out_(out) {}
  void segment(const TimedSegment& segment) override {
    const std::string text = one_line(segment.text);
    if (!text.empty()) out_ << text << '\n' << std::flush;
  }
  void finish(const Transcript&) override { out_.flush(); }

 private:
  std::ostream& out_;
};

class SrtWriter final : public TranscriptWriter {
 public:
  explicit SrtWriter(std::ostream& out) : out_(out) {}
  void segment(const TimedSegment& segment) override {
    const std::string text = one_line(segment.text);
    if (text.empty()) return;
    out_ << ++number_ << '\n' << CueTimes(segment).line(',') << text << "\n\n" << std::flush;
  }
  void finish(const Transcript&) override { out_.flush(); }

 private:
  std::ostream& out_;
  int number_ = 0;
};

class VttWriter final : public TranscriptWriter {
 public:
  explicit VttWriter(std::ostream& out) : out_(out) { out_ << "WEBVTT\n\n"; }
  void segment(const TimedSegment& segment) override {
    const CueTimes times(segment);
    const std::string text =
        segment.words.empty() ? escape_vtt(one_line(segment.text)) : karaoke(segment, times);
    if (!text.empty()) out_ << times.line('.') << text << "\n\n" << std::flush;
  }
  void finish(const Transcript&) override { out_.flush(); }

 private:
  std::ostream& out_;
};

nlohmann::ordered_json to_json(const TimedSegment& segment) {
  auto words = nlohmann::ordered_json::array();
  for (const TimedWord& word : segment.words) {
    words.push_back({{"start", word.start},
                     {"end", word.end},
                     {"word", word.text},
                     {"probability", word.probability}});
  }
  return {{"start", segment.start},
          {"end", segment.end},
          {"text", segment.text},
          {"tokens", segment.tokens},
          {"words", std::move(words)},
          {"avg_logprob", segment.average_log_probability},
          {"no_speech_prob", segment.no_speech_probability},
          {"temperature", segment.temperature},
          {"compression_ratio", segment.compression_ratio}};
}

/// An object is one line, so it is written when the file is done.
class JsonWriter final : public TranscriptWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}
  void segment(const TimedSegment&) override {}
  void finish(const Transcript& transcript) override {
    std::string text;
    auto segments = nlohmann::ordered_json::array();
    for (const TimedSegment& segment : transcript.segments) {
      text += segment.text;
      segments.push_back(to_json(segment));
    }
    nlohmann::ordered_json object = {{"file", transcript.file},
                                     {"language", transcript.language},
                                     {"text", one_line(text)},
                                     {"audio_seconds", transcript.audio_seconds},
                                     {"wall_seconds", transcript.wall_seconds},
                                     {"segments", std::move(segments)},
                                     {"device", transcript.device},
                                     {"stats", transcript.stats}};
    if (transcript.error) object["error"] = transcript.error->message;
    // A file name need not be UTF-8, but JSON must be.
    constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
    out_ << object.dump(-1, ' ', false, kReplace) << '\n' << std::flush;
  }

 private:
  std::ostream& out_;
};

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::Txt:
      return "txt";
    case Format::Srt:
      return "srt";
    case Format::Vtt:
      return "vtt";
    case Format::Json:
      return "json";
  }
  return {};
}

Result<Format> parse_format(std::string_view name) {
  for (const Format format : kFormats) {
    if (name == to_string(format)) return format;
  }
  return fail(ErrorCode::InvalidArgument,
              "format '" + std::string(name) + "' is not one of txt, srt, vtt, json");
}

std::unique_ptr<TranscriptWriter> make_writer(Format format, std::ostream& out) {
  switch (format) {
    case Format::Txt:
      return std::make_unique<TxtWriter>(out);
    case Format::Srt:
      return std::make_unique<SrtWriter>(out);
    case Format::Vtt:
      return std::make_unique<VttWriter>(out);
    case Format::Json:
      break;
  }
  return std::make_unique<JsonWriter>(out);
}

}  // namespace npuwhisper::cli
