// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <variant>

#include "buffer_pool.h"
#include "gst/support/counters.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper {

enum class SampleFormat { S16, F32 };
constexpr std::size_t bytes_per_sample(SampleFormat format) {
  return format == SampleFormat::S16 ? 2 : 4;
}

/// A piece of audio for the worker: the first n_samples samples of `buffer`.
struct Audio {
  BufferPtr buffer;
  SampleFormat format = SampleFormat::F32;
  std::int64_t n_samples = 0;
  GstClockTime pts = GST_CLOCK_TIME_NONE;  ///< Timestamp; NONE if this audio follows the previous.
  std::int64_t n_dropped = 0;              ///< Number of samples dropped right before this audio.
};

/// Bounded queue of audio and serialized events, in order, between the streaming thread (the only
/// producer) and the worker (the only consumer). Audio in memory of an audio allocator is queued
/// without copying. Other audio is copied once, into chunks of the queue's pool. A full queue
/// blocks the producer. A full live queue instead drops its audio, so that the worker continues at
/// the live edge. The queue may become live at any time. A change wakes the waiting threads, which
/// then check again.
///
/// The number of events is bounded, too. Too many events block the producer. A live queue instead
/// drops all but the newest event of each kind. Little is lost: newer tags replace older tags, and
/// GAPs are not needed, because audio has its own timestamps. A boundary (STREAM_START, CAPS,
/// SEGMENT, SEGMENT_DONE, EOS) is dropped only if no audio lies between it and a newer event of its
/// kind or a newer STREAM_START. If there is still no room for a new boundary, the queued audio is
/// dropped. If there is still no room for another event, the oldest event that is not a boundary is
/// dropped.
///
/// Each flush begins a new epoch. Results that the consumer still computes from an older epoch are
/// invalid. Thread-safe. Only the pool's own locks are taken while mutex_ is held.
class InputQueue {
 public:
  /// Maximum number of queued pieces of audio (26 s in pieces of 10 ms). The pool has one chunk
  /// more, for the piece that the worker holds.
  static constexpr std::size_t kMaxPieces = 2600;
  /// Maximum number of queued events.
  static constexpr std::size_t kMaxEvents = 1000;

  using Item = std::variant<Audio, EventPtr>;
  struct Popped {
    bool stopped = false;
    std::uint64_t epoch = 0;
    std::optional<Item> item;      ///< The removed item; empty if the wait ended without an item.
    std::size_t n_lost_marks = 0;  ///< Number of marks (is_mark()) dropped right before the item.
  };
  struct PushResult {
    GstFlowReturn flow = GST_FLOW_OK;
    std::int64_t n_dropped = 0;  ///< Number of samples dropped.
  };
  struct EventResult {
    bool accepted = false;
    std::int64_t n_dropped_samples = 0;
    std::size_t n_lost = 0;  ///< Number of dropped events that no newer event replaces.
  };

  InputQueue(GstAllocator* allocator, Counters& counters);

  /// Empties and opens the queue. Must be called before data flows. Returns the new epoch, or
  /// nullopt if there is no memory for the pool.
  std::optional<std::uint64_t> start();
  /// Empties and closes the queue: no call blocks until the next start().
  void stop();

  /// Sets the limit: the queue is full once it holds `n_samples` samples. A full queue drops its
  /// audio if `live`, and blocks the producer otherwise.
  void set_limit(std::int64_t n_samples, bool live);

  /// Queues audio without copying. `audio.buffer` must be in memory of an audio allocator.
  PushResult push(Audio audio);
  /// Queues a copy of `bytes`, which are whole samples and have the timestamp `pts`.
  PushResult copy(std::span<const std::byte> bytes, SampleFormat format, GstClockTime pts);
  /// Queues a serialized event. Waits while kMaxEvents events are queued, unless the queue is live.
  /// The event is not accepted while flushing or stopped, or if the worker has failed and
  /// kMaxEvents events are queued.
  EventResult push(EventPtr event);

  /// Returns the number of samples of queued audio.
  std::int64_t n_waiting() const;
  /// Removes and returns the next item. Waits at most `max_wait`. Without `max_wait`, waits until
  /// there is an item or the queue is live or stopped.
  Popped pop(std::optional<std::chrono::milliseconds> max_wait);
  /// Removes and returns the next item if it is an event. Audio, and everything queued after it,
  /// stays queued. Waits at most `max_wait`.
  Popped pop_event(std::chrono::milliseconds max_wait);
  /// Returns true if `epoch` is the current one and no flush or stop has begun since.
  bool is_current(std::uint64_t epoch) const;

  /// Empties the queue, except for sticky events that survive a flush. From now on, pushes and
  /// copies of audio return FLUSHING, and events are not accepted. Does not block.
  void flush_start();
  /// Accepts data again. Returns the new epoch.
  std::uint64_t flush_stop();
  /// Returns how many times the queue was started.
  std::uint64_t n_starts() const;
  /// Returns true if the queue has not been stopped since its n_starts-th start.
  bool is_running(std::uint64_t n_starts) const;
  /// Reports that the worker has failed. Until the next start(), even after a flush, pushes and
  /// copies of audio return `flow`. Does nothing if the worker has failed before or if the queue
  /// was stopped since its n_starts-th start.
  void fail(GstFlowReturn flow, std::uint64_t n_starts);

 private:
  struct Queued {
    Item item;
    std::size_t n_lost_marks = 0;
  };

  PushResult make_room(std::unique_lock<std::mutex>& lock);
  bool has_room() const;
  std::int64_t drop_audio();
  void drop_events(EventResult& result);
  std::size_t drop_superseded_events();
  std::size_t n_events() const { return items_.size() - n_pieces_; }
  bool has_room_for_event() const { return n_events() < kMaxEvents; }
  std::size_t append_to_last(std::span<const std::byte> bytes, SampleFormat format,
                             GstClockTime pts);
  Popped take(std::unique_lock<std::mutex>& lock, bool has_item);
  void drop_for_flush();
  void clear();

  GstAllocator* allocator_;
  Counters& counters_;

  mutable std::mutex mutex_;  // Guards all members below.
  std::condition_variable changed_;
  BufferPoolPtr pool_;
  std::deque<Queued> items_;
  std::size_t n_pieces_ = 0;
  std::int64_t n_samples_ = 0;
  std::int64_t limit_ = 0;
  std::int64_t n_dropped_ = 0;  // Dropped samples not yet reported to the consumer.
  bool live_ = false;
  bool running_ = false;
  GstFlowReturn flow_ = GST_FLOW_FLUSHING;
  GstFlowReturn flow_when_open_ = GST_FLOW_OK;  // OK, or the reason why the worker failed.
  std::uint64_t epoch_ = 0;
  std::uint64_t n_starts_ = 0;
};

}  // namespace npuwhisper
