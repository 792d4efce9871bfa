// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace npuwhisper {

/// Token id of the model's vocabulary.
using Token = std::int32_t;

/// One word with its times, in samples (16 kHz) since Transcriber::reset().
struct Word {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::string text;         ///< UTF-8, with the leading space and the punctuation that belong to it.
  float probability = 0;    ///< Mean probability of its tokens, 0 to 1.
};

/// A piece of text with times, in samples (16 kHz) since Transcriber::reset(). start <= end; the
/// segments of one stream never overlap and never go back.
struct Segment {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::string text;              ///< Valid UTF-8, as the model wrote it (usually with a leading space).
  std::vector<Token> tokens;     ///< Text tokens and timestamps of this segment.
  std::vector<Word> words;       ///< Empty unless word times were asked for.
  float temperature = 0;         ///< At which it was accepted.
  float average_log_probability = 0;
  float compression_ratio = 0;
  float no_speech_probability = 0;
  std::string language;          ///< Whisper's code ("en"), given or detected.
};

}  // namespace npuwhisper
