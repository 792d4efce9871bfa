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

/// Rules that decide which audio of a stream counts as speech. Lengths are in samples (16 kHz).
struct SpeechRules {
  /// Speech begins when the probability of speech reaches this threshold. Speech ends when the
  /// probability has stayed below max(threshold - 0.15, threshold / 2) for `min_silence`.
  float threshold = 0.5F;
  std::int64_t min_speech = 0;   ///< Shorter speech does not count.
  std::int64_t min_silence = 0;  ///< Shorter pauses count as speech.
  std::int64_t padding = 0;      ///< Length of audio before and after speech that counts as speech.
};

/// Detects the parts of a stream in which somebody speaks, in steps of 32 ms. Doubtful audio counts
/// as speech, so that no speech is lost. A sound that has just begun counts as speech until it
/// turns out to be too short. Audio counts as speech until it is judged, and again when its result
/// is discarded after 17 minutes. Quiet audio is amplified before it is judged. Samples that are
/// NaN or infinite count as 0. The result does not depend on how audio is split into pushes.
/// Reentrant; allocates nothing after construction.
class SpeechDetector {
 public:
  SpeechDetector(std::unique_ptr<SpeechScorer> scorer, const SpeechRules& rules);

  void push(std::span<const float> pcm);
  void push(std::span<const std::int16_t> pcm);
  /// Ends the stream: completes the current step with silence.
  void finish();
  /// Begins a new stream.
  void reset();

  /// Returns whether somebody speaks in any of the samples [begin, end). Also returns
  /// true if any of these samples may still be judged (before finish()), or if the result for any
  /// of them has been discarded.
  bool has_speech(std::int64_t begin, std::int64_t end) const;
  /// Returns whether somebody speaks from `begin` to n_judged().
  bool has_speech_since(std::int64_t begin) const;
  /// Returns the number of samples in [begin, end) that contain a voice. Padding, pauses and speech
  /// that was too short do not count. Audio whose result is not known yet, or has been discarded,
  /// does not count either.
  std::int64_t n_voiced(std::int64_t begin, std::int64_t end) const;
  /// Returns the first sample of [begin, end) that n_voiced() counts, or `end` if there is none.
  std::int64_t first_voice(std::int64_t begin, std::int64_t end) const;
  /// Returns the first sample of [begin, end) that n_voiced() does not count, or `end` if there is
  /// none. Treats samples whose result is not known yet as voiced.
  std::int64_t first_gap(std::int64_t begin, std::int64_t end) const;
  /// Returns the end of the silence that begins at sample `from`, or `from` if that sample counts
  /// as speech. Samples once reported as silent stay silent.
  std::int64_t silent_until(std::int64_t from) const;
  /// Returns the number of samples judged since the beginning of the stream.
  std::int64_t n_judged() const { return n_steps_ * kStep; }
  /// Returns the number of samples with speech since construction, over all streams, without
  /// padding. Speech is counted when it ends.
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
  const std::int64_t min_speech_, min_silence_, padding_;  // In steps.

  GainControl gain_;
  std::array<float, SpeechScorer::kContext + SpeechScorer::kStep> samples_{};
  std::array<float, SpeechScorer::kContext + SpeechScorer::kStep> amplified_{};
  std::size_t n_filled_ = SpeechScorer::kContext;  // Number of values in samples_.
  std::vector<std::uint8_t> marks_;                // Ring of steps: 1 for speech with padding.
  std::vector<std::uint8_t> voices_;               // Ring of steps: 1 for a voice.
  std::int64_t n_steps_ = 0;                       // Steps judged in this stream.
  std::int64_t n_spoken_ = 0;                      // Steps with speech since construction.
  bool is_speaking_ = false;
  std::int64_t voice_begin_ = 0;   // First step with a voice in the current speech.
  std::int64_t voice_last_ = 0;    // Last step with a voice in the current speech.
  std::int64_t marked_until_ = 0;  // End of the last speech with padding, in steps.
  bool is_finished_ = false;
};

}  // namespace npuwhisper
