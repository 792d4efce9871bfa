// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <chrono>

namespace npuwhisper {

/// What the element promises when live: text of audio that was captured at running time t reaches
/// its sink by t + upstream's latency + budget + lateness. The budget (property `latency`) is part
/// of the pipeline's latency; the lateness (property `lateness`) is not: the text's running times
/// are later by it. Both are the transcriber's but for the last kGapLead, which lets GAP events,
/// which come once a tick, reach a sink before it waits. Thread-safe.
class Latency {
 public:
  /// How far ahead of the promise a GAP goes out: two ticks.
  static constexpr GstClockTime kGapLead = 200 * GST_MSECOND;

  void set_budget(GstClockTime budget) { budget_ = budget; }
  GstClockTime budget() const { return budget_; }
  void set_lateness(GstClockTime lateness) { lateness_ = lateness; }
  GstClockTime lateness() const { return lateness_; }
  /// Budget and lateness: how long a word may take.
  GstClockTime patience() const { return budget_ + lateness_; }
  /// The part of it in which the transcriber must have returned a word that was spoken.
  std::chrono::milliseconds of_transcriber() const;

  /// Asks upstream of `sink`; returns true if liveness or latency differ from what was known. What
  /// was live stays live unless `may_end_live`: while a source is replaced there is nothing
  /// upstream that could say so. Where upstream cannot answer, as while a source is still
  /// connecting, all stays as it was.
  bool query_upstream(GstPad* sink, bool may_end_live);
  /// Whether upstream could not answer the last time.
  bool is_unanswered() const { return is_unanswered_; }
  bool live() const { return live_; }
  /// Live: by how much what arrives may be late, as upstream says.
  GstClockTime upstream() const { return upstream_min_; }
  /// Fills in a LATENCY query of a pad that holds back what comes by `own` (budget(), or 0): when
  /// live, upstream plus that, else (FALSE, 0, NONE).
  void answer(GstQuery* query, GstClockTime own) const;

  /// Live: the time in `segment` (upstream's) up to which everything that may be `lateness` late
  /// should have been pushed by now; NONE while not live, not playing or before the segment.
  GstClockTime deadline(GstElement* element, const GstSegment& segment,
                        GstClockTime lateness) const;
  /// Live: how long text of audio at `pts` may still take until it should have been pushed; zero:
  /// it should have been. NONE while not live or not playing, or where `pts` is outside `segment`
  /// (upstream's).
  GstClockTime time_left(GstElement* element, const GstSegment& segment, GstClockTime pts) const;
  /// Live: how much later than `pts`, where the last of it was said, a cue leaves, beyond
  /// upstream's latency; NONE likewise.
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
