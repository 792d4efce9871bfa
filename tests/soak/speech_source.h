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

/// A word and its time, in samples since the start of the source.
struct SaidWord {
  std::string text;
  std::int64_t start = 0;
  std::int64_t end = 0;
};

/// Endless audio at 16 kHz. Reentrant.
class SpeechSource {
 public:
  virtual ~SpeechSource() = default;
  /// Writes the next samples. Adds the words that begin in these samples to `said`, if they are
  /// known.
  virtual void next(std::span<float> pcm, std::vector<SaidWord>& said) = 0;
  virtual bool knows_words() const = 0;
};

/// Creates a speaker of the toy language in tests/support/tone_speech.h. `words` are the texts of
/// the language's words.
std::unique_ptr<SpeechSource> make_tones(std::vector<std::string> words, std::uint64_t seed);

/// Plays the recordings in sequence, in an endless loop. Errors: Unavailable if a file cannot be
/// decoded or has no audio, InvalidArgument if there are no files.
Result<std::unique_ptr<SpeechSource>> make_recordings(const std::vector<std::string>& files);

}  // namespace npuwhisper::soak
