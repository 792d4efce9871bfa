// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a transcript or a sequence of cues. A transcript is encoded as choices or as the
// element's JSON. Cues are encoded as choices. Each transcript writer writes the transcript, and
// WebVttSegments writes the cues.
#include <glib.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "decisions.h"
#include "harness.h"
#include "programs/hls/webvtt_segments.h"
#include "programs/transcribe/formats.h"
#include "temporary_folder.h"

namespace npuwhisper::fuzz {
namespace {

using cli::Format;
using cli::TimedSegment;

constexpr std::size_t kMaxText = 120;
constexpr double kMostSeconds = 1e6;
// Limits the number of files, because a file may cover as little as 1 s.
constexpr std::int64_t kMostStreamMs = 8000;

bool is_blank(const std::string& line) {
  return line.find_first_not_of(" \t\r\v\f") == std::string::npos;
}

/// Checks SubRip or WebVTT. Empty lines separate blocks, and each block has a line of times.
void check_cues(const std::string& written, bool is_srt) {
  std::istringstream lines(written);
  std::string line;
  if (!is_srt) {
    std::getline(lines, line);
    require(line.starts_with("WEBVTT"), "a header of WebVTT");
    while (std::getline(lines, line) && !line.empty()) {
      require(line.starts_with("X-TIMESTAMP-MAP="), "a header without cues");
    }
  }
  for (int number = 1; std::getline(lines, line); ++number) {
    if (is_srt) {
      require(line == std::to_string(number), "the number of the cue");
      std::getline(lines, line);
    }
    require(line.find(" --> ") != std::string::npos, "a line of times");
    int n_rows = 0;
    while (std::getline(lines, line) && !line.empty()) {
      require(!is_blank(line), "rows with text");
      require(is_srt || line.find("-->") == std::string::npos, "text that is not a line of times");
      ++n_rows;
    }
    require(n_rows > 0, "cues with text");
  }
}

void check_json(const std::string& written) {
  const auto parsed = nlohmann::json::parse(written, nullptr, false);
  require(parsed.is_object(), "one JSON object");
}

void check_ttml(const std::string& written) {
  const GMarkupParser ignore_content{};
  GMarkupParseContext* context =
      g_markup_parse_context_new(&ignore_content, G_MARKUP_DEFAULT_FLAGS, nullptr, nullptr);
  const bool is_valid =
      g_markup_parse_context_parse(context, written.data(), static_cast<gssize>(written.size()),
                                   nullptr) &&
      g_markup_parse_context_end_parse(context, nullptr);
  g_markup_parse_context_free(context);
  require(is_valid, "well-formed XML");
}

void check(Format format, const std::string& written) {
  switch (format) {
    case Format::Srt:
      return check_cues(written, true);
    case Format::Vtt:
      return check_cues(written, false);
    case Format::Ttml:
      return check_ttml(written);
    case Format::Json:
      return check_json(written);
    case Format::Txt:
      return;
  }
}

void write(const std::vector<TimedSegment>& segments, const cli::CueOptions& options) {
  cli::Transcript transcript;
  transcript.file = "a.wav";
  transcript.segments = segments;
  transcript.stats = nlohmann::ordered_json::object();
  for (const Format format : {Format::Txt, Format::Srt, Format::Vtt, Format::Ttml, Format::Json}) {
    std::ostringstream out;
    const auto writer = cli::make_writer(format, out, options);
    for (const TimedSegment& segment : segments) writer->segment(segment);
    writer->finish(transcript);
    check(format, out.str());
  }
}

cli::CueOptions cue_options(Decisions& input) {
  constexpr std::array kStyles = {CaptionStyle::None, CaptionStyle::Subtitle,
                                  CaptionStyle::Broadcast};
  return {.layout = CaptionLayout::of(kStyles[static_cast<std::size_t>(input.choice(3))],
                                      static_cast<int>(input.between(0, 60))),
          .marks_words = input.yes()};
}

double later(Decisions& input, double from) {
  return from + static_cast<double>(input.between(0, 20000)) / 1000;
}

TimedSegment segment_of(Decisions& input, double from) {
  TimedSegment segment;
  segment.start = later(input, from);
  segment.end = segment.start;
  segment.language = "en";
  for (int n = input.choice(5); n > 0; --n) {
    cli::TimedWord word;
    word.start = segment.end;
    word.end = segment.end = later(input, segment.end);
    word.text = input.text(kMaxText);
    segment.text += word.text;
    segment.words.push_back(std::move(word));
  }
  if (input.yes()) segment.words.clear();
  if (input.yes()) segment.text = input.text(kMaxText);
  return segment;
}

void write_choices(Decisions& input) {
  const auto options = cue_options(input);
  std::vector<TimedSegment> segments;
  double end = 0;
  while (!input.done()) {
    segments.push_back(segment_of(input, end));
    end = segments.back().end;
  }
  write(segments, options);
}

void write_json(std::string_view json) {
  const auto segment = cli::parse_segment(json);
  if (!segment) {
    require(!segment.error().message.empty(), "an error with a message");
    return;
  }
  const auto is_time = [](double seconds) { return seconds >= 0 && seconds < kMostSeconds; };
  bool has_times = is_time(segment->start) && is_time(segment->end);
  for (const auto& word : segment->words) {
    has_times = has_times && is_time(word.start) && is_time(word.end);
  }
  if (has_times) write({*segment}, {.layout = {.style = CaptionStyle::None}});
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_segments(Decisions& input) {
  const test::TemporaryFolder folder;
  cli::WebVttSegments segments({.folder = folder.path(),
                                .length = std::chrono::milliseconds(input.between(1000, 4000)),
                                .n_listed = static_cast<std::size_t>(input.between(0, 6)),
                                .mpeg_time = input.word()});
  std::int64_t now = 0;
  while (!input.done() && now < kMostStreamMs) {
    now += input.between(0, 3000);
    segments.cue(now, now + input.between(-100, 5000), input.text(kMaxText));
    if (input.yes()) require(segments.advance(now).has_value(), "segments that are written");
  }
  require(segments.finish(now).has_value(), "segments that are written");
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".vtt") check_cues(content_of(entry.path()), false);
  }
}

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  Decisions input(data, size);
  switch (input.choice(4)) {
    case 0:
      write_segments(input);
      break;
    case 1:
      write_json(text_of(data, size).substr(size > 0 ? 1 : 0));
      break;
    default:
      write_choices(input);
  }
  return 0;
}
