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

/// The audio of a stream as its transcriber needs it: log-mel in windows; where somebody speaks, if
/// there is a detector; and, if words are timed by them, the samples. Positions are mel frames
/// (kHop samples) or samples of the stream since reset(). Times and counts are added to `stats`.
/// Reentrant. Allocates nothing after construction.
class HeardAudio {
 public:
  /// Frames that the log-mel must be able to hold.
  static int capacity(int window_frames);

  /// `mel` holds capacity(window_frames); `detector` may be none; `stats` must outlive this object.
  HeardAudio(std::unique_ptr<LogMel> mel, std::unique_ptr<SpeechDetector> detector,
             int window_frames, bool keep_samples, TranscriberStats& stats);

  /// Appends the beginning of `pcm` and returns its length: at least 1, unless nothing was
  /// discarded of a full window.
  template <typename Sample>
  std::size_t push(std::span<const Sample> pcm);
  /// The stream ends here.
  void finish();
  /// The stream begins anew.
  void reset();
  /// Forgets what lies before `frame`, which may be ahead of the audio: what comes before it then
  /// is forgotten by the next call.
  void discard_before(std::int64_t frame);

  std::int64_t n_samples() const { return mel_->n_samples(); }
  std::int64_t end_frame() const { return mel_->end_frame(); }  ///< Past the newest that is whole.
  int window_frames() const { return window_frames_; }
  /// Writes log-mel from frame `first` on, 0 past end_frame(), to `out`: [window_frames, n_mels].
  /// Errors: those of LogMel::window().
  Result<void> window(std::int64_t first, std::span<float> out);
  /// The samples of frames [first, first + n_frames), as far as they have come.
  std::span<const float> samples(std::int64_t first, int n_frames) const;
  /// None, if nobody asked for one.
  const SpeechDetector* detector() const { return detector_.get(); }
  /// The audio of frames [first, first + n_frames) is speech by the judgement of the detector: it
  /// has a voice in a good part of it, so that it is no false alarm over music or noise. False
  /// without a detector.
  bool is_spoken(std::int64_t first, int n_frames) const;
  /// Brings those counters up to date that are kept elsewhere.
  void update_stats();

 private:
  const std::unique_ptr<LogMel> mel_;
  const std::unique_ptr<SpeechDetector> detector_;
  const int window_frames_;
  const bool keep_samples_;
  TranscriberStats& stats_;
  std::vector<float> samples_;  // from samples_begin_ on
  std::int64_t samples_begin_ = 0;
};

}  // namespace npuwhisper
