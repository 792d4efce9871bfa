// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper {

inline constexpr int kFftSize = 400;  ///< Samples of one STFT frame: 25 ms.
inline constexpr int kHop = 160;      ///< Samples from frame to frame: 10 ms.

/// Whisper's log-mel spectrogram (openai/whisper audio.py) of one stream: PCM in, windows of frames
/// out. PCM is 16 kHz mono, nominally -1 to 1, or 16 bits. Frame i is centred on sample i * kHop;
/// the first frames see the signal reflected at its beginning, the last ones, after finish(), zeros
/// after its end. Whether frames are computed as audio comes or when a window is asked for is the
/// implementation's choice. Reentrant. Nothing allocates after creation.
class LogMel {
 public:
  virtual ~LogMel() = default;

  /// Appends PCM and returns how many samples it took: fewer than given when the capacity is
  /// reached (discard_before() makes room), none after finish().
  virtual std::size_t push(std::span<const float> pcm) = 0;
  virtual std::size_t push(std::span<const std::int16_t> pcm) = 0;
  /// The signal ends here: completes the frames that were waiting for samples. n_samples() / kHop
  /// frames in all (rounded down: a last hop that is not whole is no content, as in
  /// openai/whisper).
  virtual void finish() = 0;
  /// Back to the state after creation.
  virtual void reset() = 0;

  virtual std::int64_t first_frame() const = 0;  ///< Oldest frame held.
  virtual std::int64_t end_frame() const = 0;    ///< One past the newest frame that is complete.
  virtual std::int64_t n_samples() const = 0;    ///< Pushed since reset().
  /// Forgets frames before `frame` (at most end_frame()).
  virtual void discard_before(std::int64_t frame) = 0;

  /// Writes frames [first, first + n_frames) normalised (clamped to 8 below the window's maximum,
  /// then (x + 4) / 4), time-major: out is [n_frames, n_mels]; `first` is at least first_frame().
  /// Frames at or past end_frame() are all 0, which is what openai/whisper and faster-whisper give
  /// the model past the end (it is not what silence looks like, and Whisper's output depends on
  /// it). Returns the number of real frames. Errors: those of the device that computes.
  virtual Result<int> window(std::int64_t first, int n_frames, std::span<float> out) = 0;

  /// Of audio, moved or converted between push() and where frames are computed, since creation.
  virtual std::uint64_t bytes_copied() const = 0;
};

}  // namespace npuwhisper
