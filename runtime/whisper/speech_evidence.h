// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// How strongly the energy of a window's audio speaks for or against speech, over time: natural log
/// odds, positive for speech. It knows the noise of the window and how far speech stands out of it,
/// so it says nothing (0) where music or noise leave no pauses to be heard. Reentrant; all memory
/// is allocated by the constructor.
class SpeechEvidence {
 public:
  explicit SpeechEvidence(std::size_t max_samples);

  /// Listens to a window (16 kHz; of a longer one, to its beginning). An empty one is no evidence.
  void measure(std::span<const float> pcm);
  /// Whether there is any.
  bool is_informative() const { return scale_ > 0; }
  /// The 20 ms from `sample` of the window on, or those of the window that are nearest.
  float at(std::int64_t sample) const;

 private:
  std::vector<float> level_;   // dB of 20 ms, each 10 ms
  std::vector<float> sorted_;  // scratch
  float threshold_ = 0;        // dB
  float scale_ = 0;            // 0 to 1
};

}  // namespace npuwhisper
