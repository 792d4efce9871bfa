// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>

namespace npuwhisper {

/// Computes the deadlines of the element. When live, the text of audio captured at running time t
/// reaches its sink by t + upstream's latency + budget + lateness. The budget (property `latency`)
/// is part of the pipeline's latency. The lateness (property `lateness`) is not; it is added to the
/// running times of the text. The transcriber may use both times, less kGapLead. Because of
/// kGapLead, GAP events, which are sent once a tick, reach a sink before the sink has to wait.
/// Thread-safe.
class Latency {
 public:
  /// The time by which a GAP is sent before its deadline: two ticks, but at most half of the
  /// budget.
  static constexpr GstClockTime kGapLead = 200 * GST_MSECOND;

  void set_budget(GstClockTime budget) { budget_ = budget; }
  GstClockTime budget() const { return budget_; }
  void set_lateness(GstClockTime lateness) { lateness_ = lateness; }
  GstClockTime lateness() const { return lateness_; }
  /// Returns budget plus lateness, the time within which the text of a word must be sent.
  GstClockTime patience() const { return budget_ + lateness_; }
  /// Returns the time within which the transcriber must return a spoken word: patience() less
  /// kGapLead, at most about 20 s.
  std::chrono::milliseconds of_transcriber() const;

  /// Queries the latency upstream of `sink`. Returns true if liveness or latency changed. A live
  /// element stays live unless `may_end_live`: while a source is replaced, no upstream element can
  /// report liveness. If upstream cannot answer, for example while a source is still connecting,
  /// the stored values stay unchanged.
  bool query_upstream(GstPad* sink, bool may_end_live);
  /// Returns whether upstream failed to answer the last query.
  bool is_unanswered() const { return is_unanswered_; }
  bool live() const { return live_; }
  /// Returns the minimum latency that upstream reported. Meaningful only when live.
  GstClockTime upstream() const { return upstream_min_; }
  /// Answers a LATENCY query for a pad that delays data by `own` (budget(), or 0): with upstream's
  /// latency plus `own` when live, else with (FALSE, 0, NONE).
  void answer(GstQuery* query, GstClockTime own) const;

  /// When live, returns the position in `segment` (upstream's) up to which all data that may be
  /// `lateness` late should have been pushed by now. NONE while not live, not playing or before the
  /// segment.
  GstClockTime deadline(GstElement* element, const GstSegment& segment,
                        GstClockTime lateness) const;
  /// When live, returns how much time is left until text of audio at `pts` must have been pushed;
  /// zero if that time has passed. NONE while not live or not playing, or if `pts` is outside
  /// `segment` (upstream's).
  GstClockTime time_left(GstElement* element, const GstSegment& segment, GstClockTime pts) const;
  /// When live, returns the delay of a cue that is pushed now and whose last word was spoken at
  /// `pts`. The delay excludes upstream's latency. NONE in the same cases as time_left().
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
