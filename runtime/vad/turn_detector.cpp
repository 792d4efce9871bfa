// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/turn_detector.h>

#include <algorithm>
#include <string>
#include <utility>

#include <npuwhisper/guarded.h>
#include <npuwhisper/transcriber.h>

#include "audio/samples.h"
#include "vad/open_detector.h"
#include "vad/speech_turns.h"

namespace npuwhisper {
SpeechTurns::SpeechTurns(std::unique_ptr<SpeechDetector> detector, const Options& options)
    : detector_(std::move(detector)),
      min_speech_(to_samples(options.min_speech)),
      silence_(to_samples(options.silence)) {}

std::vector<TurnEvent> SpeechTurns::push(std::span<const float> pcm) {
  std::vector<TurnEvent> events;
  while (!pcm.empty()) {
    // At most one step of the detector at a time.
    const std::size_t n = std::min<std::size_t>(pcm.size(), SpeechScorer::kStep);
    detector_->push(pcm.first(n));
    pcm = pcm.subspan(n);
    judge(events);
  }
  return events;
}

void SpeechTurns::reset() {
  detector_->reset();
  is_speaking_ = false;
  from_ = last_voice_ = seen_ = 0;
}

void SpeechTurns::judge(std::vector<TurnEvent>& events) {
  const std::int64_t judged = detector_->n_judged();
  if (judged == seen_) return;
  if (!is_speaking_) {
    const std::int64_t n_voiced = detector_->n_voiced(from_, judged);
    if (n_voiced == 0) {
      from_ = judged;
    } else if (n_voiced >= min_speech_) {
      is_speaking_ = true;
      last_voice_ = judged;
      events.push_back({true, detector_->first_voice(from_, judged)});
    }
  } else if (detector_->n_voiced(seen_, judged) > 0) {
    last_voice_ = judged;
  } else if (judged - last_voice_ >= silence_) {
    is_speaking_ = false;
    from_ = judged;
    events.push_back({false, last_voice_});
  }
  seen_ = judged;
}

Result<std::unique_ptr<TurnDetector>> TurnDetector::create(const Options& options,
                                                           const std::filesystem::path& model) {
  return guarded("turn detector", [&]() -> Result<std::unique_ptr<TurnDetector>> {
    if (!(options.threshold >= 0.01F && options.threshold <= 1)) {
      return fail(ErrorCode::InvalidArgument,
                  "threshold: found " + std::to_string(options.threshold) + ", wanted 0.01 to 1");
    }
    constexpr std::chrono::seconds kLongest{60};
    for (const std::chrono::milliseconds time : {options.min_speech, options.silence}) {
      if (time.count() < 0 || time > kLongest) {
        return fail(ErrorCode::InvalidArgument,
                    "time: found " + std::to_string(time.count()) + " ms, wanted 0 to 60000 ms");
      }
    }
    TranscriberOptions detection;
    detection.vad = Vad::On;
    detection.vad_threshold = options.threshold;
    detection.vad_min_speech = options.min_speech;
    detection.vad_min_silence = options.silence;
    auto detector = open_detector(detection, model);
    if (!detector) return fail(detector.error());
    return std::unique_ptr<TurnDetector>(
        std::make_unique<SpeechTurns>(std::move(*detector), options));
  });
}

}  // namespace npuwhisper
