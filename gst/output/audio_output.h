// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/transcriber.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>
#include <vector>

#include "gst/support/counters.h"
#include "latency.h"
#include "segment_meta.h"
#include "source_task.h"

namespace npuwhisper {

/// The pad `audio_src`: forwards the input audio by reference, with its events, and attaches the
/// recognised text to it as metas. In sync, a buffer waits until all text up to its end is known,
/// so that each meta is on the buffer in which its text begins. A live buffer waits at most until
/// it is due. Text that arrives after its buffer was sent is attached to the next buffer. Without
/// sync, audio is sent immediately, and text is attached to the next buffer.
///
/// The audio held is bounded. Only a slow downstream can exhaust the limit. The producer then
/// waits. In a live stream, the producer does not wait, and all held audio is dropped instead.
/// Events are bounded as well, see write(). If the limit of buffers is reached, the oldest buffer
/// does not wait for its text: otherwise, many tiny buffers would block the audio that their text
/// depends on.
///
/// Timestamps are meaningful only between two marks (SEGMENT, EOS, SEGMENT_DONE), so the streaming
/// thread and the worker each count the marks. Only the streaming thread may call start_of() and
/// write(). Only the worker may call say(), heard() and pass_mark(). The other functions are
/// thread-safe.
class AudioOutput final : public SourceTask {
 public:
  AudioOutput(GstElement* element, const Latency& latency, Counters& counters)
      : SourceTask(element), latency_(latency), counters_(counters) {}

  void set_sync(bool sync);
  bool is_sync() const { return sync_; }
  /// Sets the maximum duration of the audio that the transcriber takes before it returns its text,
  /// in samples. When not live, the pad can hold that audio and 66 s of further audio after the
  /// oldest buffer. Called only by the worker, because the duration must not become shorter while
  /// an older transcriber still takes audio.
  void set_longest_lag(std::int64_t n_samples);

  /// Returns the start time of a buffer of n_samples: its timestamp or, without one, the end of the
  /// last buffer. Must be called once for each buffer.
  GstClockTime start_of(const GstBuffer* buffer, std::int64_t n_samples);
  /// Queues a reference to a buffer. Returns the number of samples that were dropped to make room
  /// for the buffer. Blocks while there is no room, unless live; a stop or a flush ends the wait.
  /// The caller must first queue the buffer for the worker, because the held buffers may wait for
  /// the text of the new buffer.
  std::int64_t write(GstBuffer* buffer, GstClockTime start, std::int64_t n_samples);
  /// Queues a reference to a serialized event and returns the number of events that were lost.
  /// Never blocks, because the audio after the event may be needed first: for the text that the pad
  /// waits for, or by the element linked to the pad. If too many events are queued, drops events
  /// that newer events replace (drop_superseded()). If there are still too many, drops the oldest
  /// event that is not a boundary.
  std::size_t write(GstEvent* event);

  /// Adds text that was spoken after the last mark that the worker passed. Does nothing if `epoch`
  /// is not the current epoch.
  void say(std::uint64_t epoch, SegmentMeta meta);
  /// Reports that all text between the last mark that the worker passed and `to` is known.
  void heard(std::uint64_t epoch, GstClockTime to);
  /// Reports that all text before the next mark is known and that the worker passes this mark.
  void pass_mark(std::uint64_t epoch);

  /// Returns the caps that downstream accepts, restricted to `filter` unless it is null. If the pad
  /// is not linked, returns `filter`, or ANY without a filter. If the pad does not exist, returns
  /// ANY.
  CapsPtr peer_caps(GstCaps* filter) const;

 private:
  struct Item {
    std::variant<BufferPtr, EventPtr> what;
    std::uint64_t n_marks = 0;   ///< Number of marks written before a buffer; 0 for events.
    GstClockTime start = 0;      ///< Start of a buffer.
    GstClockTime end = 0;        ///< End of a buffer.
    std::int64_t n_samples = 0;  ///< Length of a buffer; 0 for events.
  };
  struct Said {
    std::uint64_t n_marks = 0;
    SegmentMeta meta;
  };

  void iterate() override;
  void begin_task() override;
  void queue_event(EventPtr event) override;
  void forget_all() override;
  void forget_epoch() override;

  static const GstEvent* event_of(const Item& item);
  std::int64_t most_samples() const;
  std::size_t most_buffers() const;
  bool has_room() const;
  std::size_t drop_events();
  bool may_go(const Item& item, GstClockTime due) const;
  std::int64_t make_room(std::unique_lock<std::mutex>& lock);
  std::vector<SegmentMeta> take_said(const Item& item);
  void push(const EventPtr& event);

  const Latency& latency_;
  Counters& counters_;
  std::atomic<bool> sync_{true};
  std::atomic<std::int64_t> longest_lag_{longest_lag(1)};

  // Guarded by the mutex.
  std::deque<Item> items_;
  std::deque<Said> said_;
  std::int64_t n_samples_ = 0;  // Samples in items_.
  std::size_t n_buffers_ = 0;   // Buffers in items_.
  std::size_t n_lost_ = 0;      // Events that were lost and not yet returned by write().
  std::uint64_t n_marks_ = 0;   // Marks written in this epoch.
  std::uint64_t n_passed_ = 0;  // Marks passed by the worker in this epoch.
  GstClockTime heard_to_ = 0;
  bool discont_ = false;  // True if audio was dropped before the next buffer.

  // Start of the next buffer if it has no timestamp. Accessed only by the streaming thread.
  GstClockTime next_time_ = 0;
  GstSegment segment_{};  // Accessed only by the task's thread.
};

}  // namespace npuwhisper
