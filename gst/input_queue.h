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
#include "counters.h"
#include "gst_ptr.h"

namespace npuwhisper {

enum class SampleFormat { S16, F32 };
constexpr std::size_t bytes_per_sample(SampleFormat format) {
  return format == SampleFormat::S16 ? 2 : 4;
}

/// Some audio on its way to the worker: the first n_samples of `buffer`.
struct Audio {
  BufferPtr buffer;
  SampleFormat format = SampleFormat::F32;
  std::int64_t n_samples = 0;
  GstClockTime pts = GST_CLOCK_TIME_NONE;  ///< NONE: follows what came before.
  std::int64_t n_dropped = 0;              ///< Samples that were thrown away right before it.
};

/// The bounded queue between the streaming thread (one producer) and the worker (one consumer),
/// of audio and serialized events in their order. Audio in memory of our allocator is queued as it
/// is; other audio is copied, once, into chunks of our pool. A full queue blocks the producer, or,
/// when live, throws away the audio it holds, so that the worker goes on at the live edge. It may
/// become live at any time: who waits then looks again.
///
/// Events are bounded too. Too many of them block the producer or, when live, of each kind all but
/// the newest go: nobody has seen the tags, and audio has times of its own without the GAPs. What
/// begins or ends something (STREAM_START, SEGMENT, SEGMENT_DONE, EOS) goes only where no audio
/// lies between it and a newer one of its kind. If that makes no room, the oldest other event is
/// dropped; for one that begins or ends something, the audio that waits.
///
/// Each flush begins a new epoch: what the consumer still computes from an older one is void.
/// Thread-safe. One mutex; it is a leaf: nothing but the pool's own locks is taken under it.
class InputQueue {
 public:
  /// Most pieces of audio, of 10 ms each as many as any live limit allows; also bounds the pool.
  static constexpr std::size_t kMaxPieces = 2600;
  /// Most events.
  static constexpr std::size_t kMaxEvents = 1000;

  using Item = std::variant<Audio, EventPtr>;
  struct Popped {
    bool stopped = false;
    std::uint64_t epoch = 0;
    std::optional<Item> item;      ///< Empty: stopped, or nothing came in time.
    std::size_t n_lost_marks = 0;  ///< Marks (is_mark) right before the item that were dropped.
  };
  struct PushResult {
    GstFlowReturn flow = GST_FLOW_OK;
    std::int64_t n_dropped = 0;  ///< Samples.
  };
  struct EventResult {
    bool accepted = false;
    std::int64_t n_dropped_samples = 0;
    std::size_t n_lost = 0;  ///< Events that no other stands for.
  };

  InputQueue(GstAllocator* allocator, Counters& counters);

  /// Before data flows: empty, accepting. The new epoch, or nullopt: no memory for the pool.
  std::optional<std::uint64_t> start();
  /// After it: every call returns at once until start().
  void stop();

  /// How much audio may wait, and whether the producer waits (not live) or we drop (live).
  void set_limit(std::int64_t n_samples, bool live);

  /// Queues audio without copying. `audio.buffer` must be in memory of our allocator.
  PushResult push(Audio audio);
  /// Copies `bytes` (whole samples) that start at `pts`.
  PushResult copy(std::span<const std::byte> bytes, SampleFormat format, GstClockTime pts);
  /// Queues a serialized event; waits for room like audio. Not accepted while flushing or stopped,
  /// and where the worker gave up and left no room.
  EventResult push(EventPtr event);

  /// Samples of audio that wait.
  std::int64_t n_waiting() const;
  /// The next item; waits at most max_wait or, without one, as long as the queue is not live.
  Popped pop(std::optional<std::chrono::milliseconds> max_wait);
  /// The same, but audio stays where it is, and what comes behind it.
  Popped pop_event(std::chrono::milliseconds max_wait);
  /// True if `epoch` is the present one and no flush has begun since.
  bool is_current(std::uint64_t epoch) const;

  /// Empties the queue, but for sticky events, and makes the producer return FLUSHING. Does not
  /// wait for anybody.
  void flush_start();
  /// Accepts data again, and returns the new epoch.
  std::uint64_t flush_stop();
  /// Counts start().
  std::uint64_t n_starts() const;
  /// The worker gave up: the producer gets `flow` from now on, behind any flush too, until start(),
  /// if the queue has not been stopped since it was started for the n-th time.
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

  mutable std::mutex mutex_;  // Guards all below.
  std::condition_variable changed_;
  BufferPoolPtr pool_;
  std::deque<Queued> items_;
  std::size_t n_pieces_ = 0;
  std::int64_t n_samples_ = 0;
  std::int64_t limit_ = 0;
  std::int64_t n_dropped_ = 0;  // Not yet told to the consumer.
  bool live_ = false;
  bool running_ = false;
  GstFlowReturn flow_ = GST_FLOW_FLUSHING;
  GstFlowReturn flow_when_open_ = GST_FLOW_OK;  // OK, or why the worker gave up.
  std::uint64_t epoch_ = 0;
  std::uint64_t n_starts_ = 0;
};

}  // namespace npuwhisper
