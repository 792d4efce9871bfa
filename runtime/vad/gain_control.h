// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

/// Amplifies quiet audio to a level at which Silero's network recognises speech. The network was
/// trained with usual recordings and misses speech that is 40 dB quieter. The gain, from 0 to 40
/// dB, follows the loudest audio of the last seconds: it falls immediately when the audio gets
/// louder, and rises by 2 dB a second when it gets quieter. Reentrant.
class GainControl {
 public:
  /// Returns the gain factor for the next step of samples (32 ms).
  float gain_for(std::span<const float> step);
  /// Begins a new stream.
  void reset() { level_ = 0; }

 private:
  float level_ = 0;  // Root mean square of the loudest recent step, less the decay since then.
};

}  // namespace npuwhisper
