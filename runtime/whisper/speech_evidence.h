// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// Measures how strongly the energy of a window's audio indicates speech over time. The evidence is
/// in natural log odds, positive for speech and negative for pauses. The class estimates the level
/// of the window's noise and how far speech rises above that level, so the evidence is 0 where
/// music or noise leave no audible pauses. Reentrant; the constructor allocates all memory.
class SpeechEvidence {
 public:
  explicit SpeechEvidence(std::size_t max_samples);

  /// Measures a window of 16 kHz audio; samples after the first max_samples are ignored. A window
  /// shorter than 20 ms gives no evidence.
  void measure(std::span<const float> pcm);
  /// Returns whether the window gives any evidence.
  bool is_informative() const { return scale_ > 0; }
  /// Returns the evidence for the 20 ms of the window that begin at `sample` (rounded to 10 ms).
  /// For a `sample` outside the window, returns the evidence at the nearer end of the window.
  float at(std::int64_t sample) const;

 private:
  std::vector<float> level_;   // dB over 20 ms, one value every 10 ms
  std::vector<float> sorted_;  // scratch
  float threshold_ = 0;        // dB
  float scale_ = 0;            // 0 to 1
};

}  // namespace npuwhisper
