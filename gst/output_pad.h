// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <variant>
#include <vector>

#include "counters.h"
#include "cues.h"
#include "gst_ptr.h"
#include "latency.h"

namespace npuwhisper {

/// A source pad with its bounded queue and the task that empties it, so that a pad whose sink waits
/// (for preroll, for the clock) holds up neither the other pad nor the decoding.
///
/// Along with cues the pad tells how far the text has got: advance() becomes a GAP event, and live
/// pads send one by the clock, each tick. A pad's times never go back: a cue that comes after its
/// time was passed is moved to where the pad stands. Captions that are not complete wait, and GAPs
/// with them, until the text behind them is known or, live, until their latency is used up.
///
/// write() is for one thread (the worker), the rest thread-safe. One mutex, a leaf; it is not held
/// while anything is pushed.
class OutputPad {
 public:
  /// Text: utf8 or Pango markup, as negotiated. Json: application/x-json as it is.
  enum class Content { Text, Json };
  /// Everything up to here has been said.
  struct Advance {
    GstClockTime to;
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
  using Item = std::variant<TimedText, SpeechItem, Advance, EventPtr>;

  OutputPad(GstElement* element, Content content, const Latency& latency, Counters& counters);

  /// The pad to push on, while inactive; its activation must call activate().
  void attach(GstPad* pad);
  /// Called with a delay that is larger than any before it (live).
  void on_late(std::function<void(GstClockTime)> callback) { on_late_ = std::move(callback); }

  /// Starts or stops the task: the pad's activation function.
  bool activate(bool active);

  /// Queues one item of `epoch`; blocks while the queue is full. Items for an inactive pad are
  /// dropped, and those of another epoch, unless they are events that survive a flush.
  void write(std::uint64_t epoch, Item item);
  /// True once after activation: the writer owes the sticky events.
  bool takes_sticky_events() { return needs_sticky_events_.exchange(false); }

  /// Forwards FLUSH_START and wakes everybody; waits for nobody of ours.
  void flush_start(GstEvent* event);
  /// Forwards FLUSH_STOP and goes on, with items of `epoch`.
  void flush_stop(GstEvent* event, std::uint64_t epoch);
  /// Before data flows.
  void set_epoch(std::uint64_t epoch);

  bool active() const;
  /// What the last push downstream returned.
  GstFlowReturn last_flow() const { return last_flow_; }

 private:
  static void run(gpointer self);
  void iterate();
  void forget_stream();
  void push(const TimedText& text);
  void push(const SpeechItem& item);
  void push(const std::vector<Cue>& cues);
  void push(const Advance& advance);
  void push(const EventPtr& event);
  void push_gap(GstClockTime to);
  bool negotiate();
  EventPtr stream_start(GstEvent* upstream) const;
  PadPtr ref_pad() const;

  GstElement* element_;
  Content content_;
  const Latency& latency_;
  Counters& counters_;
  std::function<void(GstClockTime)> on_late_;
  std::atomic<GstFlowReturn> last_flow_{GST_FLOW_OK};
  std::atomic<bool> needs_sticky_events_{false};

  mutable std::mutex mutex_;  // Guards the next six; pad_ stays the same while active.
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::uint64_t epoch_ = 0;
  bool active_ = false;
  bool flushing_ = false;
  PadPtr pad_;

  // Of the task alone.
  GstSegment segment_{};
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
