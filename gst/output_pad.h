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

#include "counters.h"
#include "cues.h"
#include "gst_ptr.h"
#include "latency.h"
#include "source_task.h"

namespace npuwhisper {

/// A source pad for text, with its bounded queue.
///
/// Along with cues the pad tells how far the text has got: advance() becomes a GAP event, and live
/// pads send one by the clock, each tick. A pad's times never go back: a cue that comes after its
/// time was passed is moved to where the pad stands. Captions that are not complete wait, and GAPs
/// with them, until the text behind them is known or, live, until their latency is used up.
///
/// write() is for one thread (the worker), the rest thread-safe.
class OutputPad final : public SourceTask {
 public:
  /// Text: utf8 or Pango markup, as negotiated. Json: application/x-json as it is.
  enum class Content { Text, Json };
  /// Everything up to `to` has been said. Captions that begin by `due` cannot wait for what
  /// follows.
  struct Advance {
    GstClockTime to = 0;
    GstClockTime due = 0;
  };
  struct TimedText {
    Cue cue;
    bool discont = false;
  };
  /// What becomes cues of Content::Text, now or when the rest of a caption has come.
  struct SpeechItem {
    Speech speech;
    bool discont = false;
  };
  /// Text that stands until the next Draft or TimedText. It has no duration and does not move the
  /// pad's position; of several that wait only the last is sent.
  struct Draft {
    Cue cue;
  };
  using Item = std::variant<TimedText, SpeechItem, Draft, Advance, EventPtr>;

  OutputPad(GstElement* element, Content content, const Latency& latency, Counters& counters);

  /// Called with a delay that is larger than any before it (live).
  void on_late(std::function<void(GstClockTime)> callback) { on_late_ = std::move(callback); }

  /// Queues one item of `epoch`; blocks while the queue is full, but for a Draft, and on a live pad
  /// for Json, which is not to hold up the text: that drops its oldest result instead, with a
  /// WARNING. Items for an inactive pad are dropped, and those of another epoch, unless they are
  /// events that survive a flush.
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

  std::deque<Item> items_;  // Guarded by the mutex, as is the next.
  bool drops_ = false;      // Since something was taken.

  // Of the task alone.
  GstSegment segment_{};  // Upstream's: what is sent is later by lateness_.
  GstClockTime lateness_ = 0;
  guint32 segment_seqnum_ = 0;
  bool in_segment_ = false;
  bool markup_ = false;
  GstClockTime position_ = 0;
  CueMaker cues_;
  bool discont_ = false;  // Of the next cue.
  GstClockTime longest_delay_ = 0;
  std::chrono::steady_clock::time_point next_tick_{};
};

}  // namespace npuwhisper
