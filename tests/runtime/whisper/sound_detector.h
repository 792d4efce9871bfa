// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "vad/speech_detector.h"

namespace npuwhisper::test {

/// Scores everything except digital silence as speech.
class SoundScorer final : public SpeechScorer {
 public:
  float score(std::span<const float> samples) override {
    const auto step = samples.subspan(kContext);
    return std::ranges::any_of(step, [](float x) { return x != 0.0F; }) ? 1.0F : 0.0F;
  }
  void reset() override {}
};

/// Returns a detector that treats every sound as speech, with 0.4 s of padding on each side. Sounds
/// shorter than 0.1 s are ignored, and pauses shorter than 0.5 s are bridged.
inline std::unique_ptr<SpeechDetector> make_sound_detector() {
  return std::make_unique<SpeechDetector>(
      std::make_unique<SoundScorer>(),
      SpeechRules{.min_speech = 1'600, .min_silence = 8'000, .padding = 6'400});
}

}  // namespace npuwhisper::test
