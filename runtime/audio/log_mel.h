// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <npuwhisper/result.h>

namespace npuwhisper {

inline constexpr int kFftSize = 400;  ///< Samples of one STFT frame: 25 ms.
inline constexpr int kHop = 160;      ///< Samples between the starts of frames: 10 ms.

/// Whisper's log-mel spectrogram (openai/whisper audio.py) of one stream. It takes PCM and returns
/// windows of frames. PCM is 16 kHz mono, either float (nominally -1 to 1) or 16-bit. Frame i is
/// centred on sample i * kHop. The first frames begin before the signal; their missing samples are
/// the signal's beginning, mirrored. After finish(), the last frames extend beyond the signal;
/// their missing samples are 0. An implementation computes frames either as audio arrives or when a
/// window is requested. Reentrant. Allocates nothing after creation.
class LogMel {
 public:
  virtual ~LogMel() = default;

  /// Appends PCM and returns the number of samples accepted. Accepts fewer samples than given if
  /// the capacity is reached; discard_before() frees space. Accepts no samples after finish().
  virtual std::size_t push(std::span<const float> pcm) = 0;
  virtual std::size_t push(std::span<const std::int16_t> pcm) = 0;
  /// Ends the signal and completes the frames that were waiting for samples. The stream then has
  /// n_samples() / kHop frames, rounded down. An incomplete last hop is ignored, as in
  /// openai/whisper.
  virtual void finish() = 0;
  /// Restores the initial state.
  virtual void reset() = 0;

  virtual std::int64_t first_frame() const = 0;  ///< Oldest frame held.
  virtual std::int64_t end_frame() const = 0;    ///< One past the newest complete frame.
  virtual std::int64_t n_samples() const = 0;    ///< Samples pushed since reset().
  /// Discards the frames before `frame` (at most end_frame()).
  virtual void discard_before(std::int64_t frame) = 0;

  /// Writes n_frames frames, from frame `first` (at least first_frame()) on, to `out`, which has
  /// the shape [n_frames, n_mels]. The first `n_heard` frames (at most n_frames) that come before
  /// end_frame() contain audio. Their log10 values x are clamped to 8 below their maximum and
  /// normalised to (x + 4) / 4. All other frames are 0, as in openai/whisper and faster-whisper.
  /// Normalised silence is not 0, and Whisper's output depends on the difference. Returns the
  /// number of frames with audio. Errors: those of the device that computes the frames.
  virtual Result<int> window(std::int64_t first, int n_heard, int n_frames,
                             std::span<float> out) = 0;

  /// Returns the number of bytes of audio that were moved or converted between push() and the
  /// computation of frames, since creation.
  virtual std::uint64_t bytes_copied() const = 0;
};

}  // namespace npuwhisper
