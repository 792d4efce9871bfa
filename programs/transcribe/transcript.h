// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>
#include <nlohmann/json.hpp>

/// Plain data types for the transcripts of npuwhisper-transcribe. All times are in seconds.
namespace npuwhisper::cli {

/// A word with its times. `text` includes the leading space and the punctuation of the word.
struct TimedWord {
  double start = 0, end = 0;
  std::string text;
  double probability = 0;  ///< 0 to 1.
};

/// One final piece of text, as reported by the element npuwhisper.
struct TimedSegment {
  double start = 0, end = 0;
  std::string text;      ///< Text as the model wrote it, usually with a leading space.
  std::string language;  ///< Whisper's code, such as "en".
  std::vector<Token> tokens;
  std::vector<TimedWord> words;  ///< Empty unless word times were requested.
  double average_log_probability = 0;
  double no_speech_probability = 0;
  double temperature = 0;
  double compression_ratio = 0;
};

/// The result for one file. If `error` is set, the other fields hold the result up to the error.
struct Transcript {
  std::string file;          ///< As given on the command line.
  std::string language;      ///< Empty if no language was given and no speech was found.
  double audio_seconds = 0;  ///< Decoded audio that the element received.
  double wall_seconds = 0;   ///< Duration of the pipeline's run, without loading the model.
  std::vector<TimedSegment> segments;
  std::string device;            ///< Device that ran the model; empty if none did.
  nlohmann::ordered_json stats;  ///< JSON object: counters of the element and of the process.
  std::optional<Error> error;
};

/// Reads the `json` field of an `npuwhisper/segment` message. Errors: InvalidArgument, with the
/// reason. Reentrant.
Result<TimedSegment> parse_segment(std::string_view json);

}  // namespace npuwhisper::cli
