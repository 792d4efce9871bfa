// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

/// Brings quiet audio to a level at which Silero's network knows speech: it was trained with usual
/// recordings, and misses speech that is 40 dB quieter. The gain follows the loudest of the last
/// seconds, at once when it gets louder and by 2 dB a second when it gets quieter; it never makes
/// anything quieter and never more than 40 dB louder. Reentrant.
class GainControl {
 public:
  /// The factor for a step of samples (32 ms) that follows the ones before.
  float gain_for(std::span<const float> step);
  /// The stream begins anew.
  void reset() { level_ = 0; }

 private:
  float level_ = 0;  // root mean square
};

}  // namespace npuwhisper
