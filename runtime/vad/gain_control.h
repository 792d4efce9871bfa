// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

/// Amplifies quiet audio to a level at which Silero's network recognises speech. The network was
/// trained with usual recordings and misses speech that is 40 dB quieter. The gain is 0 to 40 dB
/// and follows the loudest audio of the last seconds. Louder audio lowers the gain immediately. In
/// quieter audio, the gain rises by 2 dB a second. Reentrant.
class GainControl {
 public:
  /// Returns the gain factor for the next step of samples (32 ms).
  float gain_for(std::span<const float> step);
  /// Begins a new stream.
  void reset() { level_ = 0; }

 private:
  float level_ = 0;  // Root mean square of the loudest recent step, decayed since that step.
};

}  // namespace npuwhisper
