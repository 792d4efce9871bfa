// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper {

inline constexpr int kFftSize = 400;  ///< Samples of one STFT frame: 25 ms.
inline constexpr int kHop = 160;      ///< Samples from frame to frame: 10 ms.

/// Whisper's log-mel spectrogram (openai/whisper audio.py), incremental: appending audio computes
/// only new frames, and however the audio is cut into pushes, the frames are the same to the bit.
/// Frame i is centred on sample i * kHop; the first frames see the signal reflected at its
/// beginning, the last ones, after finish(), zeros after its end. PCM is 16 kHz mono, nominally -1
/// to 1; a sample that is no number, infinite or beyond 1e9 counts as 0, so that it spoils nothing
/// but itself. Reentrant. Nothing allocates after create().
///
/// Frames are kept as log10 power and normalised (clamped to 8 below the window's maximum, then (x
/// + 4) / 4) only when a window is read, because the clamp depends on the window.
class MelFrontend {
 public:
  /// `capacity_frames`: most frames held at once; all memory is allocated here. Errors:
  /// InvalidArgument (n_mels, see MelFilterbank; capacity outside 1 to 360,000), Unavailable.
  static Result<std::unique_ptr<MelFrontend>> create(int n_mels, int capacity_frames);
  ~MelFrontend();

  /// Appends PCM and returns how many samples it took: fewer than given when the capacity is
  /// reached (discard_before() makes room), none after finish().
  std::size_t push(std::span<const float> pcm);
  /// The signal ends here: computes the frames that were waiting for samples. n_samples() / kHop
  /// frames in all (rounded down: a last hop that is not whole is no content, as in
  /// openai/whisper).
  void finish();
  /// Back to the state after create().
  void reset();

  std::int64_t first_frame() const;  ///< Oldest frame held.
  std::int64_t end_frame() const;    ///< One past the newest frame computed.
  std::int64_t n_samples() const;    ///< Pushed since reset().
  /// Forgets frames before `frame` (at most end_frame()).
  void discard_before(std::int64_t frame);

  /// Writes frames [first, first + n_frames) normalised, time-major: out is [n_frames, n_mels];
  /// `first` is at least first_frame(). Frames at or past end_frame() are all 0, which is what
  /// openai/whisper and faster-whisper give the model past the end (it is not what silence looks
  /// like, and Whisper's output depends on it). Returns the number of real frames.
  int window(std::int64_t first, int n_frames, std::span<float> out) const;

 private:
  struct State;
  explicit MelFrontend(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace npuwhisper
