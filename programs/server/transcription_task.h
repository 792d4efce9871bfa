// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/transcriber.h>

#include "audio_piece.h"
#include "gst/support/stretch_rules.h"
#include "gst/support/timeline.h"
#include "programs/transcribe/transcript.h"
#include "spool.h"
#include "turns.h"

namespace npuwhisper::server {

/// Transcribes the decoded audio of one upload in turns of one window (30 s). Finds the same text
/// as the element npuwhisper. Reentrant; cancel() is thread-safe.
class TranscriptionTask final : public TurnTask {
 public:
  /// Called by the thread that takes a turn. The functions must not throw.
  struct Events {
    std::function<void(cli::TimedSegment)> segment;  ///< Receives each final segment.
    /// Called once, after the last segment, with the seconds of audio; or with an error. Not called
    /// after cancel().
    std::function<void(const Result<double>&)> ended;
  };

  /// `audio` is a file of AudioPieces, at its beginning. `n_samples` is the number of its samples,
  /// which may be an estimate.
  TranscriptionTask(std::shared_ptr<Engine> engine, TranscriberOptions options,
                    FileDescriptor audio, std::int64_t n_samples, Events events);

  bool take_turn() noexcept override;
  std::int64_t work_done() const override { return n_heard_; }
  std::int64_t work_in_total() const override { return n_in_file_; }
  /// Stops the transcription soon. No event is sent after cancel() has returned.
  void cancel();

 private:
  Result<bool> listen();
  Result<void> begin();
  Result<bool> next_piece();
  Result<void> hear_piece();
  Result<void> begin_audio();
  Result<void> handle_gap();
  Result<void> begin_segment();
  Result<void> hear(std::span<const float> pcm);
  Result<void> hear_silence(std::int64_t n_samples);
  Result<void> end_stretch();
  Result<void> take(const Result<std::vector<Segment>>& segments);
  Result<std::size_t> read(void* to, std::size_t n_bytes);

  const std::shared_ptr<Engine> engine_;
  const TranscriberOptions options_;
  FileDescriptor audio_;
  const std::int64_t n_in_file_;
  Events events_;
  std::unique_ptr<Transcriber> transcriber_;  // mutex_ guards the pointer.
  Timeline timeline_;
  StretchRules rules_;
  AudioPiece piece_{};
  std::uint32_t n_left_ = 0;  // Samples of piece_ not yet heard.
  std::int64_t n_audio_ = 0;  // Samples of audio in the pieces so far.
  std::int64_t n_heard_ = 0;  // Samples pushed to the transcriber, with silence.
  std::vector<float> pcm_;

  // Guards changes of cancelled_ and the calls of the events.
  std::mutex mutex_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace npuwhisper::server
