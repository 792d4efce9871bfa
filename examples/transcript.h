// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>
#include <nlohmann/json.hpp>

/// What the example program knows of a transcript. Plain values; all times are in seconds.
namespace npuwhisper::cli {

/// `text` has the leading space and the punctuation that belong to the word.
struct TimedWord {
  double start = 0, end = 0;
  std::string text;
  double probability = 0;  ///< 0 to 1.
};

/// One final piece of text, as the element npuwhisper describes it.
struct TimedSegment {
  double start = 0, end = 0;
  std::string text;      ///< As the model wrote it, usually with a leading space.
  std::string language;  ///< Whisper's code, "en".
  std::vector<Token> tokens;
  std::vector<TimedWord> words;  ///< Empty unless word times were asked for.
  double average_log_probability = 0;
  double no_speech_probability = 0;
  double temperature = 0;
  double compression_ratio = 0;
};

/// Everything about one file. When `error` is set, the rest says how far it came.
struct Transcript {
  std::string file;          ///< As given on the command line.
  std::string language;      ///< Empty when nothing was said and none was given.
  double audio_seconds = 0;  ///< Decoded audio that the element took.
  double wall_seconds = 0;   ///< From the pipeline's start (the model is loaded) to its end.
  std::vector<TimedSegment> segments;
  std::string device;            ///< That ran the model; empty when none did.
  nlohmann::ordered_json stats;  ///< An object: counters of the element and of the process.
  std::optional<Error> error;
};

/// Reads the `json` field of a `npuwhisper/segment` message. Errors: InvalidArgument, with what is
/// wrong in it. Reentrant.
Result<TimedSegment> parse_segment(std::string_view json);

}  // namespace npuwhisper::cli
