// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper {

/// Estimates the probability of speech in each step of a stream. Not thread-safe; allocates
/// nothing.
class SpeechScorer {
 public:
  static constexpr std::size_t kStep = 512;    ///< New samples of a step: 32 ms at 16 kHz.
  static constexpr std::size_t kContext = 64;  ///< Samples repeated from the previous step's end.

  virtual ~SpeechScorer() = default;
  /// Returns the probability of speech, 0 to 1, in the stream's next step. `samples` holds the last
  /// kContext samples of the previous step (0 before the stream begins), then kStep new samples.
  virtual float score(std::span<const float> samples) = 0;
  /// Begins a new stream.
  virtual void reset() = 0;
};

}  // namespace npuwhisper
