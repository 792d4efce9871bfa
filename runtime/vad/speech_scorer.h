// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper {

/// Says, step by step, how likely it is that somebody speaks. Not thread-safe; allocates nothing.
class SpeechScorer {
 public:
  static constexpr std::size_t kStep = 512;    ///< New samples (16 kHz) of a step: 32 ms.
  static constexpr std::size_t kContext = 64;  ///< Samples before them that are given once more.

  virtual ~SpeechScorer() = default;
  /// Probability, 0 to 1, of the stream's next step. `samples`: kContext (0 before the beginning),
  /// then kStep.
  virtual float score(std::span<const float> samples) = 0;
  /// The stream begins anew.
  virtual void reset() = 0;
};

}  // namespace npuwhisper
