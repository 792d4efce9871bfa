// SPDX-License-Identifier: LGPL-2.1-or-later
#include "timeline.h"

#include <algorithm>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

GstClockTime samples_to_time(std::int64_t n) {
  return gst_util_uint64_scale_int(static_cast<guint64>(n), GST_SECOND, kSampleRate);
}

std::int64_t time_to_samples(GstClockTime time) {
  return static_cast<std::int64_t>(gst_util_uint64_scale_round(time, kSampleRate, GST_SECOND));
}

GstClockTime distance(GstClockTime a, GstClockTime b) {
  return a > b ? a - b : b - a;
}

bool same_timing(const GstSegment& a, const GstSegment& b) {
  GstSegment moved = a;
  moved.position = b.position;
  return gst_segment_is_equal(&moved, &b) != FALSE;
}

void Timeline::restart(GstClockTime start) {
  anchors_.assign(1, {0, start});
  n_samples_ = 0;
}

bool Timeline::continues(GstClockTime pts) const {
  return !GST_CLOCK_TIME_IS_VALID(pts) || distance(pts, end()) <= kDiscontinuity;
}

void Timeline::append(GstClockTime pts, std::int64_t n_samples) {
  if (GST_CLOCK_TIME_IS_VALID(pts) && distance(pts, end()) > kDrift) {
    anchors_.push_back({n_samples_, pts});
  }
  n_samples_ += n_samples;
}

GstClockTime Timeline::time_of(std::int64_t index) const {
  // The upper bound of the result. It is the earliest time among the anchors after `index`, because
  // timestamps may step back.
  GstClockTime latest = GST_CLOCK_TIME_NONE;
  auto anchor = anchors_.rbegin();
  for (; anchor->index > index && anchor + 1 != anchors_.rend(); ++anchor) {
    latest = std::min(latest, anchor->time);
  }
  if (index >= anchor->index) {
    return std::min(latest, anchor->time + samples_to_time(index - anchor->index));
  }
  const GstClockTime before = samples_to_time(anchor->index - index);
  return anchor->time > before ? anchor->time - before : 0;
}

void Timeline::forget_before(std::int64_t index) {
  while (anchors_.size() > 1 && anchors_[1].index <= index) anchors_.pop_front();
}

}  // namespace npuwhisper
