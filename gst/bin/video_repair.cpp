// SPDX-License-Identifier: LGPL-2.1-or-later
#include "video_repair.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "gst/support/callback.h"
#include "gst/support/sticky_events.h"

namespace npuwhisper {
namespace {

constexpr auto kData =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                 GST_PAD_PROBE_TYPE_EVENT_FLUSH);

CapsPtr caps_of(GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  return CapsPtr(gst_caps_ref(caps));
}

bool has(GstPad* pad, GstEventType type) {
  return EventPtr(gst_pad_get_sticky_event(pad, type, 0)) != nullptr;
}

bool takes_gaps(GstPad* pad) {
  return has(pad, GST_EVENT_SEGMENT) && has(pad, GST_EVENT_CAPS);
}

// The largest time accepted. The sum of two such times fits in 64 bits. cccombiner adds the
// duration of a frame to its timestamp, and aborts the program if the sum overflows to a time
// before the segment. The sum overflows with negative timestamps, which are stored as values near
// 2^64.
constexpr GstClockTime kLatest = GstClockTime{1} << 62;

bool is_possible(GstClockTime time) {
  return time <= kLatest || time == GST_CLOCK_TIME_NONE;
}

bool is_possible(GstEvent* gap) {
  GstClockTime start = 0;
  GstClockTime duration = 0;
  gst_event_parse_gap(gap, &start, &duration);
  return is_possible(start) && is_possible(duration);
}

// Returns whether cccombiner would drop a frame at `time`, because the frame is outside the
// segment.
bool is_outside(GstPad* pad, GstClockTime time) {
  const auto segment = segment_of(pad);
  return segment && segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID(time) &&
         !GST_CLOCK_TIME_IS_VALID(gst_segment_to_running_time(&*segment, GST_FORMAT_TIME, time));
}

bool is_gap(GstBuffer* buffer) {
  return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP) && gst_buffer_get_size(buffer) == 0;
}

}  // namespace

void VideoRepair::attach(GstPad* sink, GstPad* src) {
  gst_pad_add_probe(sink, kData, probe<on_sink>, this, nullptr);
  gst_pad_add_probe(src, kData, probe<on_src>, this, nullptr);
}

void VideoRepair::start() {
  was_told_ = false;
  reset();
}

void VideoRepair::reset() {
  const std::scoped_lock lock(mutex_);
  n_in_ = 0;
  n_out_ = 0;
  changes_.clear();
  gaps_.reset();
}

// Posts a WARNING that frames are dropped, once per start().
void VideoRepair::refuse(GstPad* pad, GstClockTime time) {
  if (was_told_.exchange(true)) return;
  const std::unique_ptr<GstElement, ObjectUnref> combiner(gst_pad_get_parent_element(pad));
  if (!combiner) return;
  GST_ELEMENT_WARNING(combiner.get(), STREAM, FORMAT, ("Dropping video frames with invalid times"),
                      ("a timestamp or duration of %" G_GUINT64_FORMAT
                       " ns found, at most %" G_GUINT64_FORMAT " wanted",
                       time, kLatest));
}

GstPadProbeReturn VideoRepair::on_sink(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto& repair = *static_cast<VideoRepair*>(self);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
    repair.sink_event(event);
    if (GST_EVENT_TYPE(event) != GST_EVENT_GAP) return GST_PAD_PROBE_OK;
    if (!takes_gaps(pad) || !is_possible(event)) return GST_PAD_PROBE_DROP;
    return repair.delay_gap(pad, info);
  }
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  for (const GstClockTime time : {GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer)}) {
    if (is_possible(time)) continue;
    repair.refuse(pad, time);
    return GST_PAD_PROBE_DROP;
  }
  if (is_outside(pad, GST_BUFFER_PTS(buffer))) return GST_PAD_PROBE_DROP;
  const std::scoped_lock lock(repair.mutex_);
  ++repair.n_in_;
  repair.gaps_.reset();
  return GST_PAD_PROBE_OK;
}

// Delays a GAP of the video if the rate is not 1. Passes a GAP without a duration.
GstPadProbeReturn VideoRepair::delay_gap(GstPad* pad, GstPadProbeInfo* info) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  GstClockTime start = 0;
  GstClockTime duration = 0;
  gst_event_parse_gap(event, &start, &duration);
  const auto segment = segment_of(pad);
  if (!segment || segment->rate == 1 || duration > kLatest) return GST_PAD_PROBE_OK;
  const std::scoped_lock lock(mutex_);
  const auto sent = gaps_.add({.start = start, .end = start + duration});
  if (!sent) return GST_PAD_PROBE_DROP;
  GstEvent* gap = gst_event_new_gap(sent->start, sent->end - sent->start);
  gst_event_set_seqnum(gap, gst_event_get_seqnum(event));
  gst_event_unref(event);
  info->data = gap;
  return GST_PAD_PROBE_OK;
}

void VideoRepair::sink_event(GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
    reset();
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
    const std::scoped_lock lock(mutex_);
    gaps_.reset();
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    const std::scoped_lock lock(mutex_);
    changes_.push_back({n_in_, caps_of(event)});
  }
}

GstPadProbeReturn VideoRepair::on_src(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto& repair = *static_cast<VideoRepair*>(self);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
    const bool drop = GST_EVENT_TYPE(event) == GST_EVENT_CAPS && repair.is_early(event);
    return drop ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  }
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (is_gap(buffer)) {
    gst_pad_push_event(pad, gst_event_new_gap(GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer)));
    return GST_PAD_PROBE_DROP;
  }
  if (const CapsPtr caps = repair.caps_of_next_frame()) {
    gst_pad_push_event(pad, gst_event_new_caps(caps.get()));
  }
  return GST_PAD_PROBE_OK;
}

// Returns true if the first frame with these caps has not left cccombiner yet. In this case,
// on_src() sends the caps right before that frame. Returns false for the caps of the very first
// frame.
bool VideoRepair::is_early(GstEvent* caps_event) {
  const CapsPtr caps = caps_of(caps_event);
  const std::scoped_lock lock(mutex_);
  return std::any_of(changes_.begin(), changes_.end(), [&caps](const Change& change) {
    return change.first_frame > 0 && gst_caps_is_equal(change.caps.get(), caps.get()) != FALSE;
  });
}

// Counts a frame that leaves cccombiner. Returns the caps to send before the frame. Returns nullptr
// if the caps are unchanged or if the frame is the first one.
CapsPtr VideoRepair::caps_of_next_frame() {
  const std::scoped_lock lock(mutex_);
  CapsPtr caps;
  while (!changes_.empty() && changes_.front().first_frame <= n_out_) {
    if (n_out_ > 0) caps = std::move(changes_.front().caps);
    changes_.pop_front();
  }
  ++n_out_;
  return caps;
}

}  // namespace npuwhisper
