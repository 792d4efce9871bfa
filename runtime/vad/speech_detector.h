// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "vad/gain_control.h"
#include "vad/speech_scorer.h"

namespace npuwhisper {

/// When a stream counts as speech. Lengths are in samples (16 kHz).
struct SpeechRules {
  /// Speech begins where its probability reaches this, and lasts until it has stayed below 0.15
  /// less (at least half of it) for `min_silence`.
  float threshold = 0.5F;
  std::int64_t min_speech = 0;   ///< What is shorter is no speech.
  std::int64_t min_silence = 0;  ///< Pauses that are shorter belong to the speech.
  std::int64_t padding = 0;      ///< Before and after it that belongs to it as well.
};

/// Where in a stream somebody speaks, in steps of 32 ms. It is asked so as not to lose speech:
/// what has just begun is speech until it turns out to be too short, and what it cannot know (yet,
/// or no more, after two minutes) is speech. Quiet audio is amplified before it is judged; samples
/// that are no number count as 0. The result does not depend on how audio is cut into pushes.
/// Reentrant; allocates nothing after construction.
class SpeechDetector {
 public:
  SpeechDetector(std::unique_ptr<SpeechScorer> scorer, const SpeechRules& rules);

  void push(std::span<const float> pcm);
  void push(std::span<const std::int16_t> pcm);
  /// The stream ends here: the step in work is completed with silence.
  void finish();
  /// The stream begins anew.
  void reset();

  /// Whether anybody speaks in the samples [begin, end).
  bool has_speech(std::int64_t begin, std::int64_t end) const;
  /// The same of everything from `begin` on that is known by now.
  bool has_speech_since(std::int64_t begin) const;
  /// Samples in [begin, end) in which a voice was heard: neither padding, nor pauses, nor what was
  /// too short to be speech. What is not judged yet, or forgotten, does not count.
  std::int64_t n_voiced(std::int64_t begin, std::int64_t end) const;
  /// The first sample of [begin, end) that n_voiced() counts; `end` if there is none.
  std::int64_t first_voice(std::int64_t begin, std::int64_t end) const;
  /// Sample up to which nobody speaks, from `from` on; `from` if somebody does. What was silent
  /// once stays so.
  std::int64_t silent_until(std::int64_t from) const;
  /// Samples, from the beginning of the stream, that have been judged.
  std::int64_t n_judged() const { return n_steps_ * kStep; }
  /// Of the steps judged since construction, those in which somebody spoke, in samples; without
  /// padding. Counted when speech ends.
  std::int64_t n_spoken() const { return n_spoken_ * kStep; }

 private:
  static constexpr auto kStep = static_cast<std::int64_t>(SpeechScorer::kStep);

  template <typename Sample>
  void hear(std::span<const Sample> pcm);
  void judge();
  void begin_speech();
  void end_speech();
  std::int64_t voice_length() const { return voice_last_ + 1 - voice_begin_; }
  void mark(std::int64_t first, std::int64_t end, bool is_speech);
  bool is_marked(std::int64_t step) const;
  void set_voice(std::int64_t step, bool is_voice);
  bool is_voice(std::int64_t step) const;
  std::int64_t oldest() const;

  const std::unique_ptr<SpeechScorer> scorer_;
  const float threshold_, release_;
  const std::int64_t min_speech_, min_silence_, padding_;  // steps, like all that follows

  GainControl gain_;
  std::array<float, SpeechScorer::kContext + SpeechScorer::kStep> samples_{};
  std::array<float, SpeechScorer::kContext + SpeechScorer::kStep> amplified_{};
  std::size_t n_filled_ = SpeechScorer::kContext;  // of samples_
  std::vector<std::uint8_t> marks_;                // ring of steps: speech or not
  std::vector<std::uint8_t> voices_;               // ring of steps: a voice or not
  std::int64_t n_steps_ = 0;
  std::int64_t n_spoken_ = 0;
  bool is_speaking_ = false;
  std::int64_t voice_begin_ = 0;  // while speaking: first and last step with a voice
  std::int64_t voice_last_ = 0;
  std::int64_t marked_until_ = 0;  // end of the last speech, with padding
  bool is_finished_ = false;
};

}  // namespace npuwhisper
