// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <variant>
#include <vector>

#include "cues.h"
#include "gst/support/counters.h"
#include "gst/support/gst_ptr.h"
#include "latency.h"
#include "source_task.h"

namespace npuwhisper {

/// A source pad for text, with its bounded queue.
///
/// Besides cues, the pad reports how far the text has progressed: an Advance becomes a GAP event,
/// and live pads send a GAP at every clock tick. The timestamps of a pad never go back: a cue that
/// comes after its time has passed is moved to the pad's position. Incomplete captions, and the
/// GAPs after them, wait until the following text is known or the captions are due (when live, at
/// the end of their latency).
///
/// Only one thread (the worker) may call write(). All other functions are thread-safe.
class OutputPad final : public SourceTask {
 public:
  /// Text is utf8 or Pango markup, as negotiated. Json is application/x-json, sent unchanged.
  enum class Content { Text, Json };
  /// The progress of the text. No later text begins before `to`. Captions that begin by `due` must
  /// not wait for later text.
  struct Advance {
    GstClockTime to = 0;
    GstClockTime due = 0;
  };
  struct TimedText {
    Cue cue;
    bool discont = false;
  };
  /// Speech that becomes cues of Content::Text, either immediately or when the other words of a
  /// caption have arrived.
  struct SpeechItem {
    Speech speech;
    bool discont = false;
  };
  /// Text that is valid until the next Draft or TimedText. It has no duration and does not move the
  /// pad's position. Of several queued Drafts, only the last is sent.
  struct Draft {
    Cue cue;
  };
  using Item = std::variant<TimedText, SpeechItem, Draft, Advance, EventPtr>;

  OutputPad(GstElement* element, Content content, const Latency& latency, Counters& counters);

  /// Sets a callback that the task's thread calls. When live, the callback receives each delay of a
  /// cue that exceeds all earlier delays.
  void on_late(std::function<void(GstClockTime)> callback) { on_late_ = std::move(callback); }

  /// Queues one item of `epoch`. Blocks while the queue is full, except for a Draft. On a live pad,
  /// Json does not block either, because it must not delay the text: the oldest result is dropped
  /// instead, with a WARNING. Drops the item if the pad is inactive. Drops an item of another
  /// epoch, unless the item is an event that survives a flush.
  void write(std::uint64_t epoch, Item item);

 private:
  void iterate() override;
  void begin_task() override;
  void queue_event(EventPtr event) override;
  void forget_all() override;
  void forget_epoch() override;
  std::size_t n_lasting() const;
  void forget_draft();
  bool drop_oldest();
  void erase(std::deque<Item>::iterator item);
  void push(const TimedText& text);
  void push(const SpeechItem& item);
  void push(const std::vector<Cue>& cues);
  void push(const Draft& draft);
  void push(const Advance& advance);
  void push(const EventPtr& event);
  void push_gap(GstClockTime to);
  void push_segment();
  bool is_negotiated();
  bool negotiate();
  EventPtr stream_start(GstEvent* upstream) const;

  Content content_;
  const Latency& latency_;
  Counters& counters_;
  std::function<void(GstClockTime)> on_late_;

  // Guarded by the mutex.
  std::deque<Item> items_;
  bool drops_ = false;  // True if a result was dropped since the task last took an item.

  // Accessed only by the task's thread.
  GstSegment segment_{};  // Upstream's segment, which is sent with lateness_ added to its base.
  GstClockTime lateness_ = 0;
  guint32 segment_seqnum_ = 0;
  bool in_segment_ = false;
  bool markup_ = false;
  GstClockTime position_ = 0;
  CueMaker cues_;
  bool discont_ = false;  // Whether the next cue is discontinuous.
  GstClockTime longest_delay_ = 0;
  std::chrono::steady_clock::time_point next_tick_{};
};

}  // namespace npuwhisper
