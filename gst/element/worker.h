// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/transcriber.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine_loader.h"
#include "gst/input/input_queue.h"
#include "gst/output/latency.h"
#include "gst/output/text_output.h"
#include "gst/support/stretch_rules.h"
#include "gst/support/timeline.h"
#include "gst/support/watched_call.h"
#include "language_warning.h"
#include "settings.h"

namespace npuwhisper {

/// Transcribes in a thread of its own. The thread takes audio and events from the input queue,
/// calls push, settle, drain and reset of one transcriber, and passes text and events to the output
/// in the order of their times. The thread runs from READY->PAUSED to PAUSED->READY.
///
/// start() and stop() must be called from state changes; cancel() and stats() are thread-safe.
class Worker {
 public:
  /// `allocator` is the allocator offered to upstream. It may hold the ring for audio.
  Worker(GstElement* element, const SharedSettings& settings, EngineLoader& loader,
         GstAllocator* allocator, InputQueue& input, const SourcePads& pads,
         const Latency& latency);

  /// Starts the thread. Errors: Unavailable (the thread cannot be started).
  Result<void> start();
  /// Cancels the transcriber and waits for the thread. The input queue must have been stopped.
  void stop();
  /// Makes a running inference return soon. Takes no lock that is held for long.
  void cancel();
  TranscriberStats stats() const;
  /// Returns the record of the transcriber's calls, which holds the start time of a call in
  /// progress.
  const WatchedCall& decoding() const { return decoding_; }

 private:
  struct Deferred {
    std::int64_t index;  ///< Index of the sample after the event.
    EventPtr event;
  };

  using Clock = std::chrono::steady_clock;

  void run(std::stop_token stop);
  std::chrono::milliseconds time_to_settle() const;
  void note_sound();
  bool pass_events();
  void begin_epoch(std::uint64_t epoch);
  bool renew_transcriber();
  void replace_transcriber(std::unique_ptr<Transcriber> transcriber);

  void handle(const Audio& audio);
  void handle(const EventPtr& event);
  void handle_segment(const EventPtr& event);
  void tell_language();
  void handle_gap(const EventPtr& event);

  bool hear(const Audio& audio);
  template <typename Call>
  Result<std::vector<Segment>> transcribe(Call call);
  Result<std::vector<Segment>> push(const std::uint8_t* bytes, std::size_t n, SampleFormat format);
  std::int64_t piece_of(std::int64_t n);
  bool hear_silence(std::int64_t n_samples);
  bool take(const Result<std::vector<Segment>>& segments);
  void announce_skip();
  GstClockTime due() const;
  void finish();
  void settle();
  void resync(GstClockTime start);
  void defer(const EventPtr& event);
  void release_first();
  void release_events(std::int64_t index);
  void fail_stream(const Error& error) noexcept;

  GstElement* element_;
  const SharedSettings& settings_;
  EngineLoader& loader_;
  GstAllocator* allocator_;
  InputQueue& input_;
  const Latency& latency_;
  TextOutput output_;
  WatchedCall decoding_;

  // Guards past_stats_ and the pointer transcriber_, but not the transcriber itself. While mutex_
  // is held, no other lock is taken, except within the transcriber's stats() and cancel(), which
  // never block.
  mutable std::mutex mutex_;
  std::unique_ptr<Transcriber> transcriber_;
  TranscriberStats past_stats_;  // Sum over all earlier transcribers.

  // Accessed only by the thread.
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<AudioRing> ring_;  // The ring of the transcriber.
  TextOutput::Format format_;
  LanguageWarning language_warning_;
  std::uint64_t settings_serial_ = 0;
  bool made_for_live_ = false;
  // Delay after which a caption is due, in samples; 0 if live or not streaming.
  std::int64_t due_delay_ = 0;
  std::int64_t heard_to_ = 0;    // Samples of the timeline pushed so far.
  std::uint64_t n_skipped_ = 0;  // Samples skipped by this transcriber and already reported.
  std::uint64_t n_starts_ = 0;   // InputQueue::n_starts() when this run began.
  std::uint64_t epoch_ = 0;
  Timeline timeline_;
  StretchRules rules_;
  GstSegment segment_{};
  bool have_segment_ = false;
  bool failed_ = false;
  Clock::time_point quiet_since_;  // Time of the last audio or settle().
  bool settled_ = false;           // True if settle() was called since the last audio.
  std::deque<Deferred> deferred_;
  std::int64_t longest_lag_ = longest_lag(1);  // Result of longest_lag() for the transcriber.
  std::vector<float> pcm_;

  std::jthread thread_;
};

}  // namespace npuwhisper
