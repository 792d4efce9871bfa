// SPDX-License-Identifier: LGPL-2.1-or-later
#include "formats.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "programs/common/cue_text.h"
#include "programs/common/json_line.h"
#include "ttml_text.h"

namespace npuwhisper::cli {
namespace {

using std::chrono::nanoseconds;

constexpr std::array kFormats = {Format::Txt, Format::Srt, Format::Vtt, Format::Ttml, Format::Json};
constexpr std::string_view kBlank = " \t\r\n\v\f";

std::int64_t milliseconds(nanoseconds time) {
  // Rounds halves up. chrono::round() would round halves to even numbers.
  const auto up = time + std::chrono::microseconds(500);
  return std::max<std::int64_t>(0, std::chrono::floor<std::chrono::milliseconds>(up).count());
}

struct CueTimes {
  std::int64_t start, end;  // ms

  /// Makes a cue at least 1 ms long. Players drop a cue that ends where it starts, and WebVTT
  /// forbids such a cue.
  explicit CueTimes(const Caption& cue)
      : start(milliseconds(cue.start)), end(std::max(start + 1, milliseconds(cue.end))) {}

  std::string line(char mark) const {
    return cue_timestamp(start, mark) + " --> " + cue_timestamp(end, mark) + '\n';
  }
};

SpokenText spoken(double start, double end, std::string text) {
  return {nanoseconds(std::llround(start * 1e9)), nanoseconds(std::llround(end * 1e9)),
          std::move(text)};
}

/// Returns the segment's words with their times. If the segment has no words, returns its whole
/// text.
std::vector<SpokenText> spoken(const TimedSegment& segment) {
  std::vector<SpokenText> texts;
  for (const TimedWord& word : segment.words) {
    texts.push_back(spoken(word.start, word.end, word.text));
  }
  if (texts.empty()) texts.push_back(spoken(segment.start, segment.end, segment.text));
  return texts;
}

TimedSegment in_upper_case(TimedSegment segment, std::string_view language) {
  segment.text = upper_case(segment.text, language);
  for (TimedWord& word : segment.words) word.text = upper_case(word.text, language);
  return segment;
}

/// Returns the segment as one cue, on one line.
Caption whole(const TimedSegment& segment) {
  const SpokenText all = spoken(segment.start, segment.end, one_line(segment.text));
  Caption cue{.start = all.start, .end = all.end, .text = {}, .marks = {}};
  for (const SpokenText& word : spoken(segment)) {
    const std::string text = one_line(word.text);
    if (text.empty()) continue;
    if (!cue.text.empty() && kBlank.find(word.text.front()) != std::string_view::npos) {
      cue.text += ' ';
    }
    cue.marks.push_back({cue.text.size(), word.start});
    cue.text += text;
  }
  return cue;
}

/// Returns the cue's text with a timestamp before each word. Timestamps inside a cue must lie
/// within the cue and increase strictly (WebVTT, 3.3). Other timestamps are left out.
std::string karaoke(const Caption& cue, const CueTimes& times) {
  std::string marked;
  std::int64_t last = times.start;
  std::size_t written = 0;
  for (const CaptionMark& mark : cue.marks) {
    const std::int64_t start = milliseconds(mark.time);
    if (start <= last || start >= times.end) continue;
    marked += escape_vtt(std::string_view(cue.text).substr(written, mark.offset - written));
    marked += '<' + cue_timestamp(start, '.') + '>';
    written = mark.offset;
    last = start;
  }
  return marked + escape_vtt(std::string_view(cue.text).substr(written));
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

/// Writes cues: captions that are laid out from the segments, or one cue for each segment.
class CueWriter : public TranscriptWriter {
 public:
  CueWriter(std::ostream& out, const CueOptions& options)
      : out_(out), upper_case_(options.layout.upper_case), language_(options.language) {
    if (options.layout.style != CaptionStyle::None) {
      captions_ = CaptionMaker::create(options.layout);
    }
  }
  void segment(const TimedSegment& segment) override {
    const std::string& language = language_of(segment);
    if (!captions_) {
      write_all({whole(upper_case_ ? in_upper_case(segment, language) : segment)});
      return;
    }
    captions_->add(spoken(segment), language);
    write_all(captions_->take(nanoseconds(std::llround(segment.end * 1e9))));
  }
  void finish(const Transcript&) override {
    if (captions_) write_all(captions_->flush());
    out_.flush();
  }

 protected:
  virtual void write(const Caption& cue, std::ostream& out) = 0;
  const std::string& language_of(const TimedSegment& segment) const {
    return language_.empty() ? segment.language : language_;
  }

 private:
  void write_all(const std::vector<Caption>& cues) {
    for (const Caption& cue : cues) {
      if (!cue.text.empty()) write(cue, out_);
    }
    out_.flush();
  }

  std::ostream& out_;
  bool upper_case_;
  std::string language_;  // CueOptions::language
  std::unique_ptr<CaptionMaker> captions_;
};

class SrtWriter final : public CueWriter {
 public:
  using CueWriter::CueWriter;

 private:
  void write(const Caption& cue, std::ostream& out) override {
    out << ++number_ << '\n' << CueTimes(cue).line(',') << cue.text << "\n\n";
  }

  int number_ = 0;
};

class VttWriter final : public CueWriter {
 public:
  VttWriter(std::ostream& out, const CueOptions& options)
      : CueWriter(out, options), marks_words_(options.marks_words) {
    out << "WEBVTT\n\n";
  }

 private:
  void write(const Caption& cue, std::ostream& out) override {
    const CueTimes times(cue);
    out << times.line('.') << (marks_words_ ? karaoke(cue, times) : escape_vtt(cue.text)) << "\n\n";
  }

  bool marks_words_;
};

class TtmlWriter final : public CueWriter {
 public:
  TtmlWriter(std::ostream& out, const CueOptions& options) : CueWriter(out, options), out_(out) {}
  void segment(const TimedSegment& segment) override {
    if (document_language_.empty()) document_language_ = language_of(segment);
    CueWriter::segment(segment);
  }
  void finish(const Transcript& transcript) override {
    CueWriter::finish(transcript);
    // EBU-TT-D forbids a body without cues.
    out_ << (number_ == 0 ? ttml_head(document_language_) : std::string(kTtmlBodyEnd)) << kTtmlEnd
         << std::flush;
  }

 private:
  void write(const Caption& cue, std::ostream& out) override {
    if (number_ == 0) out << ttml_head(document_language_) << kTtmlBodyBegin;
    const CueTimes times(cue);
    out << ttml_cue(++number_, times.start, times.end, cue.text);
  }

  std::ostream& out_;
  std::string document_language_;  // The language of the first segment.
  int number_ = 0;
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

/// Writes one line, the JSON object of the file, when the file is done.
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
    out_ << cli::json_line(object) << '\n' << std::flush;
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
    case Format::Ttml:
      return "ttml";
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
              "format '" + std::string(name) + "' is not one of txt, srt, vtt, ttml, json");
}

std::optional<Format> format_of_file(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) {
    return static_cast<char>(c < 0x80 ? std::tolower(c) : c);
  });
  if (ending == ".jsonl") return Format::Json;
  for (const Format format : kFormats) {
    if (ending == "." + std::string(to_string(format))) return format;
  }
  return std::nullopt;
}

std::unique_ptr<TranscriptWriter> make_writer(Format format, std::ostream& out,
                                              const CueOptions& cues) {
  switch (format) {
    case Format::Txt:
      return std::make_unique<TxtWriter>(out);
    case Format::Srt:
      return std::make_unique<SrtWriter>(out, cues);
    case Format::Vtt:
      return std::make_unique<VttWriter>(out, cues);
    case Format::Ttml:
      return std::make_unique<TtmlWriter>(out, cues);
    case Format::Json:
      break;
  }
  return std::make_unique<JsonWriter>(out);
}

}  // namespace npuwhisper::cli
