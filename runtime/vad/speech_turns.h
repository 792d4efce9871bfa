// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <npuwhisper/turn_detector.h>

#include "vad/speech_detector.h"

namespace npuwhisper {

/// Finds turns with a SpeechDetector. Reentrant.
class SpeechTurns final : public TurnDetector {
 public:
  /// `min_silence` of the detector's rules must be that of `options`.
  SpeechTurns(std::unique_ptr<SpeechDetector> detector, const Options& options);

  std::vector<TurnEvent> push(std::span<const float> pcm) override;
  void reset() override;

 private:
  void judge(std::vector<TurnEvent>& events);

  const std::unique_ptr<SpeechDetector> detector_;
  const std::int64_t min_speech_, silence_;  // In samples.
  bool is_speaking_ = false;
  std::int64_t from_ = 0;        // Where the search for the next turn begins.
  std::int64_t last_voice_ = 0;  // End of the last voice of the turn.
  std::int64_t seen_ = 0;        // Samples judged before the current step.
};

}  // namespace npuwhisper
