// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>

namespace npuwhisper {

/// What the element promises when live: text of audio that was captured at running time t reaches
/// its sink by t + upstream's latency + budget. The budget (property `latency`) is the
/// transcriber's but for the last kGapLead of it, which lets GAP events, which come once a tick,
/// reach a sink before it waits. Thread-safe.
class Latency {
 public:
  /// How far ahead of the promise a GAP goes out: two ticks.
  static constexpr GstClockTime kGapLead = 200 * GST_MSECOND;

  void set_budget(GstClockTime budget) { budget_ = budget; }
  GstClockTime budget() const { return budget_; }
  /// The part of the budget in which the transcriber must have returned a word that was spoken.
  std::chrono::milliseconds of_transcriber() const;

  /// Asks upstream of `sink`; returns true if liveness or latency differ from what was known.
  bool query_upstream(GstPad* sink);
  bool live() const { return live_; }
  /// Fills in a LATENCY query: upstream plus our budget when live, else (FALSE, 0, NONE).
  void answer(GstQuery* query) const;

  /// Live: the time in `segment` up to which all text should have been pushed by now; NONE while
  /// not live, not playing or before the segment.
  GstClockTime deadline(GstElement* element, const GstSegment& segment) const;
  /// Live: how much later than its end, `pts`, a cue leaves, beyond upstream's latency; NONE
  /// likewise.
  GstClockTime delay_of(GstElement* element, const GstSegment& segment, GstClockTime pts) const;

 private:
  GstClockTime running_time(GstElement* element) const;

  std::atomic<GstClockTime> budget_{0};
  std::atomic<bool> live_{false};
  std::atomic<GstClockTime> upstream_min_{0};
  std::atomic<GstClockTime> upstream_max_{GST_CLOCK_TIME_NONE};
};

}  // namespace npuwhisper
