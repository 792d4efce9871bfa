// SPDX-License-Identifier: LGPL-2.1-or-later
#include "latency.h"

#include <algorithm>

#include "gst/support/gst_ptr.h"

namespace npuwhisper {

std::chrono::milliseconds Latency::of_transcriber() const {
  // Maximum delay for the transcriber. A longer delay would not improve the recognition.
  constexpr GstClockTime kMost = 20 * GST_SECOND;
  return std::chrono::milliseconds((std::min(longest_delay(), kMost) - kGapLead) / GST_MSECOND);
}

bool Latency::query_upstream(GstPad* sink, bool may_end_live) {
  const QueryPtr query(gst_query_new_latency());
  gboolean live = FALSE;
  GstClockTime min = 0;
  GstClockTime max = GST_CLOCK_TIME_NONE;
  is_unanswered_ = gst_pad_peer_query(sink, query.get()) == FALSE;
  if (is_unanswered_) return false;
  gst_query_parse_latency(query.get(), &live, &min, &max);
  if (live_ && live == FALSE && !may_end_live) return false;
  const bool was_live = live_.exchange(live != FALSE);
  const GstClockTime old_min = upstream_min_.exchange(min);
  const GstClockTime old_max = upstream_max_.exchange(max);
  return was_live != (live != FALSE) || old_min != min || old_max != max;
}

void Latency::answer(GstQuery* query, GstClockTime own) const {
  if (!live_) {
    gst_query_set_latency(query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return;
  }
  const GstClockTime max = upstream_max_;
  gst_query_set_latency(query, TRUE, upstream_min_ + own,
                        GST_CLOCK_TIME_IS_VALID(max) ? max + own : max);
}

GstClockTime Latency::running_time(GstElement* element) const {
  if (!live_) return GST_CLOCK_TIME_NONE;
  // The base time is meaningful only in PLAYING.
  if (GST_STATE(element) != GST_STATE_PLAYING) return GST_CLOCK_TIME_NONE;
  return gst_element_get_current_running_time(element);
}

GstClockTime Latency::deadline(GstElement* element, const GstSegment& segment,
                               GstClockTime lateness) const {
  const GstClockTime now = running_time(element);
  const GstClockTime behind = lag(lateness);
  if (!GST_CLOCK_TIME_IS_VALID(now) || now < behind) return GST_CLOCK_TIME_NONE;
  return gst_segment_position_from_running_time(&segment, GST_FORMAT_TIME, now - behind);
}

GstClockTime Latency::time_left(GstElement* element, const GstSegment& segment,
                                GstClockTime pts) const {
  const GstClockTime now = running_time(element);
  const GstClockTime then = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(now) || !GST_CLOCK_TIME_IS_VALID(then)) return GST_CLOCK_TIME_NONE;
  const GstClockTime due = then + lag(lateness_);
  return due > now ? due - now : 0;
}

// Returns how far deadline() is behind the running time of the clock.
GstClockTime Latency::lag(GstClockTime lateness) const {
  const GstClockTime lead = kGapLead < budget_ / 2 ? kGapLead : budget_ / 2;
  return upstream_min_ + budget_ + lateness - lead;
}

GstClockTime Latency::delay_of(GstElement* element, const GstSegment& segment,
                               GstClockTime pts) const {
  const GstClockTime now = running_time(element);
  const GstClockTime then = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(now) || !GST_CLOCK_TIME_IS_VALID(then)) return GST_CLOCK_TIME_NONE;
  const GstClockTime due = then + upstream_min_;
  return now > due ? now - due : 0;
}

}  // namespace npuwhisper
