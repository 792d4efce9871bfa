// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>
#include <vector>

#include "counters.h"
#include "latency.h"
#include "segment_meta.h"
#include "source_task.h"

namespace npuwhisper {

/// The pad `audio_src`: the input audio by reference, events included, with what was said in it as
/// metas. In sync, a buffer waits until all text up to its end is known or, live, until it is due;
/// so each meta lies on the buffer in which its text begins. Text that comes after its buffer left
/// goes with the next one. Not in sync, audio goes at once, and text with the audio that comes
/// then.
///
/// The audio held is bounded. Beyond that, for which only downstream can be the reason, the
/// producer waits or, live, all that is held is thrown away. So are events, of which see write().
/// Of very many buffers, the oldest does not wait for its text: tiny ones would hold up the audio
/// behind them, which the text needs.
///
/// Timestamps mean something between two marks (SEGMENT, EOS, SEGMENT_DONE) only; so both sides
/// count them. write() is for the streaming thread, say(), heard() and pass_mark() for the worker;
/// the rest is thread-safe.
class AudioOutput final : public SourceTask {
 public:
  AudioOutput(GstElement* element, const Latency& latency, Counters& counters)
      : SourceTask(element), latency_(latency), counters_(counters) {}

  void set_sync(bool sync);
  bool is_sync() const { return sync_; }

  /// When a buffer of n_samples starts: its timestamp or, without one, where the last one ended. To
  /// be asked once for each buffer.
  GstClockTime start_of(const GstBuffer* buffer, std::int64_t n_samples);
  /// Queues a reference to a buffer, which must be on its way to the worker already: its text is
  /// what makes room. Blocks while there is none, unless live. Returns how many samples were thrown
  /// away for it.
  std::int64_t write(GstBuffer* buffer, GstClockTime start, std::int64_t n_samples);
  /// Queues a reference to a serialized event. Never blocks: the text for which the pad waits, or
  /// who is linked to it, may need the audio behind it. Of very many events that wait only those
  /// stay that no newer one replaces (drop_superseded), and then the newest. Returns the number of
  /// events that were lost.
  std::size_t write(GstEvent* event);

  /// Something that was said behind the last mark that was passed.
  void say(std::uint64_t epoch, SegmentMeta meta);
  /// Behind that mark no more will be said of what lies before `to`.
  void heard(std::uint64_t epoch, GstClockTime to);
  /// All was said of what lies before the next mark.
  void pass_mark(std::uint64_t epoch);

  /// What downstream takes; ANY where nobody is linked.
  CapsPtr peer_caps(GstCaps* filter) const;

 private:
  struct Item {
    std::variant<BufferPtr, EventPtr> what;
    std::uint64_t n_marks = 0;  ///< That came before it.
    GstClockTime start = 0;     ///< Of a buffer, as the next two.
    GstClockTime end = 0;
    std::int64_t n_samples = 0;
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
  bool has_room() const;
  std::size_t drop_events();
  bool may_go(const Item& item, GstClockTime due) const;
  std::int64_t make_room(std::unique_lock<std::mutex>& lock);
  std::vector<SegmentMeta> take_said(const Item& item);
  void push(const EventPtr& event);

  const Latency& latency_;
  Counters& counters_;
  std::atomic<bool> sync_{true};

  // Guarded by the mutex.
  std::deque<Item> items_;
  std::deque<Said> said_;
  std::int64_t n_samples_ = 0;  // Of items_.
  std::size_t n_buffers_ = 0;   // Likewise.
  std::size_t n_lost_ = 0;      // Events that were lost, and nobody was told of.
  std::uint64_t n_marks_ = 0;   // Written, and
  std::uint64_t n_passed_ = 0;  // passed by the worker, in this epoch.
  GstClockTime heard_to_ = 0;
  bool discont_ = false;  // Audio was thrown away before what comes next.

  GstClockTime next_time_ = 0;  // Of the streaming thread alone: of a buffer without a timestamp.
  GstSegment segment_{};        // Of the task alone.
};

}  // namespace npuwhisper
