// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace npuwhisper {

/// A token id in the model's vocabulary.
using Token = std::int32_t;

/// One word with its times, in samples (16 kHz) since Transcriber::create() or reset().
struct Word {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::string text;       ///< UTF-8, including the word's leading space and punctuation.
  float probability = 0;  ///< Mean probability of the word's tokens, 0 to 1.
};

/// A piece of text with its times, in samples (16 kHz) since Transcriber::create() or reset().
/// start <= end. The segments of one stream never overlap and never go back in time.
struct Segment {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::string text;           ///< Valid UTF-8 from the model, usually with a leading space.
  std::vector<Token> tokens;  ///< The segment's text tokens and timestamp tokens.
  std::vector<Word> words;    ///< Empty unless word times were requested.
  float temperature = 0;      ///< Temperature at which the text was accepted.
  float average_log_probability = 0;
  float compression_ratio = 0;
  float no_speech_probability = 0;
  std::string language;  ///< Whisper's code ("en") of the given or detected language.
};

}  // namespace npuwhisper
