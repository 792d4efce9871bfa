// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "tone_speech.h"

namespace npuwhisper::soak {

/// A word, and where it was said: samples since the source began.
struct SaidWord {
  std::string text;
  std::int64_t start = 0;
  std::int64_t end = 0;
};

/// Audio without end, 16 kHz. Reentrant.
class SpeechSource {
 public:
  virtual ~SpeechSource() = default;
  /// The next samples. `said` gets the words that begin in them, where they are known.
  virtual void next(std::span<float> pcm, std::vector<SaidWord>& said) = 0;
  virtual bool knows_words() const = 0;
};

/// The toy language of tests/support/tone_speech.h; `words` are its words' texts.
std::unique_ptr<SpeechSource> make_tones(std::vector<std::string> words, std::uint64_t seed);

/// Recordings, one after the other, for ever. Errors: those of GStreamer's decoders.
Result<std::unique_ptr<SpeechSource>> make_recordings(const std::vector<std::string>& files);

}  // namespace npuwhisper::soak
