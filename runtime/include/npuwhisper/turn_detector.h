// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include <npuwhisper/api.h>
#include <npuwhisper/result.h>

namespace npuwhisper {

/// The beginning or the end of a turn of speech.
struct TurnEvent {
  bool begins = false;
  std::int64_t sample = 0;  ///< First sample with a voice, or the first one after the last voice.
};

/// Finds the turns of a conversation in audio with Silero's speech detector: a turn begins with a
/// voice, and ends when nobody has spoken for a while. Turns do not depend on how audio is split
/// into pushes. Reentrant.
class NPUWHISPER_API TurnDetector {
 public:
  struct Options {
    float threshold = 0.5F;                     ///< Minimum probability of speech, 0.01 to 1.
    std::chrono::milliseconds min_speech{100};  ///< Shorter sounds begin no turn.
    std::chrono::milliseconds silence{500};     ///< Time without speech that ends a turn.
  };

  /// Creates a detector. `model`: the file or folder of a Whisper model, beside which the
  /// detector's weights may be. Errors: InvalidArgument (an option is out of range), NotFound (no
  /// weights), CorruptModel.
  static Result<std::unique_ptr<TurnDetector>> create(const Options& options,
                                                      const std::filesystem::path& model);
  virtual ~TurnDetector() = default;

  /// Takes PCM (f32, -1 to 1, 16 kHz, mono). Returns the turns that began or ended, in order. A
  /// beginning is found after `min_speech`, an end after `silence`.
  virtual std::vector<TurnEvent> push(std::span<const float> pcm) = 0;
  /// Begins a new stream. The next sample has index 0.
  virtual void reset() = 0;
};

}  // namespace npuwhisper
