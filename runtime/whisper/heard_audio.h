// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "audio/log_mel.h"
#include "vad/speech_detector.h"

namespace npuwhisper {

/// The audio of a stream in the forms that its transcriber needs: windows of log-mel, the places of
/// speech (with a detector), and the samples (if words are timed). Positions are counted from
/// reset(), in mel frames (kHop samples) or in samples. Adds times and counts to `stats`.
/// Reentrant. Allocates nothing after construction.
class HeardAudio {
 public:
  /// Returns the number of frames that the log-mel must be able to hold for windows of
  /// `window_frames` frames.
  static int capacity(int window_frames);

  /// `mel` must be able to hold capacity(window_frames) frames. `detector` may be null. `stats`
  /// must outlive this object.
  HeardAudio(std::unique_ptr<LogMel> mel, std::unique_ptr<SpeechDetector> detector,
             int window_frames, bool keep_samples, TranscriberStats& stats);

  /// Appends as many samples of `pcm` as fit and returns their number. The number is 0 only after
  /// finish() or while the log-mel is full; discard_before() frees space.
  template <typename Sample>
  std::size_t push(std::span<const Sample> pcm);
  /// Ends the audio: completes the last mel frames and the detector's last step.
  void finish();
  /// Starts a new stream.
  void reset();
  /// Discards the audio before `frame`. If `frame` is ahead of the audio, audio before `frame` that
  /// arrives later is kept until the next call.
  void discard_before(std::int64_t frame);

  std::int64_t n_samples() const { return mel_->n_samples(); }
  std::int64_t end_frame() const { return mel_->end_frame(); }  ///< One past the last whole frame.
  int window_frames() const { return window_frames_; }
  /// Writes the log-mel of frames [first, first + n_frames) to `out`, which has shape
  /// [window_frames, n_mels]. The other values are 0. Errors: those of LogMel::window().
  Result<void> window(std::int64_t first, int n_frames, std::span<float> out);
  /// Returns the samples of frames [first, first + n_frames), without samples that have not
  /// arrived. The samples from `first` on must not be discarded yet. Without keep_samples, the
  /// result is empty. Otherwise it is valid until the next push(), discard_before() or reset().
  std::span<const float> samples(std::int64_t first, int n_frames) const;
  /// Returns the detector, or nullptr if there is none.
  const SpeechDetector* detector() const { return detector_.get(); }
  /// Returns whether the detector found so much voice in frames [first, first + n_frames) that a
  /// false alarm over music or noise is unlikely. Returns false without a detector.
  bool is_spoken(std::int64_t first, int n_frames) const;
  /// Returns the number of mel frames of silence from frame `first` on that need not be decoded: a
  /// multiple of 2 s, or all remaining frames if the silence reaches the end of the audio. Returns
  /// 0 without a detector.
  std::int64_t n_silent(std::int64_t first) const;
  /// Copies the counters of the log-mel and the detector to `stats`.
  void update_stats();

 private:
  const std::unique_ptr<LogMel> mel_;
  const std::unique_ptr<SpeechDetector> detector_;
  const int window_frames_;
  const bool keep_samples_;
  TranscriberStats& stats_;
  std::vector<float> samples_;  // samples of the stream from samples_begin_ on
  std::int64_t samples_begin_ = 0;
};

}  // namespace npuwhisper
