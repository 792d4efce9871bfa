// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>

namespace npuwhisper {

/// Computes the deadlines of the element. When live, the text of audio captured at running time t
/// reaches its sink by t + upstream's latency + budget + lateness. The budget (property `latency`)
/// is part of the pipeline's latency. The lateness (property `lateness`) is not; it is added to the
/// running times of the text. The transcriber may use both times, less kGapLead. GAP events are
/// sent once a tick (100 ms). Because of kGapLead, a GAP reaches a sink before the sink must wait.
/// Thread-safe.
class Latency {
 public:
  /// The time by which a GAP is sent before its deadline: two ticks. Half of the budget is used
  /// instead if it is shorter.
  static constexpr GstClockTime kGapLead = 200 * GST_MSECOND;

  void set_budget(GstClockTime budget) { budget_ = budget; }
  GstClockTime budget() const { return budget_; }
  void set_lateness(GstClockTime lateness) { lateness_ = lateness; }
  GstClockTime lateness() const { return lateness_; }
  /// Returns budget plus lateness, the time within which the text of a word must be sent.
  GstClockTime longest_delay() const { return budget_ + lateness_; }
  /// Returns the time within which the transcriber must return a spoken word: longest_delay() minus
  /// kGapLead, at most 19.8 s.
  std::chrono::milliseconds of_transcriber() const;

  /// Queries the latency upstream of `sink`. Returns true if liveness or latency changed. A live
  /// element stays live unless `may_end_live` is true, because no upstream element can report
  /// liveness while a source is replaced. If upstream cannot answer, for example while a source is
  /// still connecting, the stored values stay unchanged.
  bool query_upstream(GstPad* sink, bool may_end_live);
  /// Returns whether upstream failed to answer the last query.
  bool is_unanswered() const { return is_unanswered_; }
  bool live() const { return live_; }
  /// Returns the minimum latency that upstream reported. Meaningful only when live.
  GstClockTime upstream() const { return upstream_min_; }
  /// Answers a LATENCY query for a pad that delays data by `own` (budget(), or 0): with upstream's
  /// latency plus `own` when live, else with (FALSE, 0, NONE).
  void answer(GstQuery* query, GstClockTime own) const;

  /// Returns the position in upstream's `segment` up to which all data must have been pushed by the
  /// current clock time. The data may be `lateness` late. Returns NONE if not live, if not playing
  /// or before the segment.
  GstClockTime deadline(GstElement* element, const GstSegment& segment,
                        GstClockTime lateness) const;
  /// Returns the time left until the deadline for the text of audio at `pts`, or 0 if the deadline
  /// has passed. Returns NONE if not live or not playing, or if `pts` is outside upstream's
  /// `segment`.
  GstClockTime time_left(GstElement* element, const GstSegment& segment, GstClockTime pts) const;
  /// Returns the delay of a cue that is pushed at the current clock time and whose last word was
  /// spoken at `pts`. The delay excludes upstream's latency. Returns NONE in the same cases as
  /// time_left().
  GstClockTime delay_of(GstElement* element, const GstSegment& segment, GstClockTime pts) const;

 private:
  GstClockTime running_time(GstElement* element) const;
  GstClockTime lag(GstClockTime lateness) const;

  std::atomic<GstClockTime> budget_{0};
  std::atomic<GstClockTime> lateness_{0};
  std::atomic<bool> live_{false};
  std::atomic<bool> is_unanswered_{false};
  std::atomic<GstClockTime> upstream_min_{0};
  std::atomic<GstClockTime> upstream_max_{GST_CLOCK_TIME_NONE};
};

}  // namespace npuwhisper
