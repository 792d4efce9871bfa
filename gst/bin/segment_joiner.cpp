// SPDX-License-Identifier: LGPL-2.1-or-later
#include "segment_joiner.h"

namespace npuwhisper {

GstPadProbeReturn SegmentJoiner::on_data(GstPadProbeInfo* info) {
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) return on_buffer(info);
  switch (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info))) {
    case GST_EVENT_FLUSH_STOP:
    case GST_EVENT_EOS:
      reset();
      return GST_PAD_PROBE_OK;
    case GST_EVENT_STREAM_START:
      return is_reset_ ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
    case GST_EVENT_SEGMENT:
      return on_segment(info);
    case GST_EVENT_GAP:
      return on_gap(info);
    default:
      return GST_PAD_PROBE_OK;
  }
}

GstPadProbeReturn SegmentJoiner::on_segment(GstPadProbeInfo* info) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  gst_event_copy_segment(event, &current_);
  const bool same_rate =
      current_.rate == first_.rate && current_.applied_rate == first_.applied_rate;
  is_joining_ = !is_reset_.exchange(false) && same_rate;
  if (is_joining_) return GST_PAD_PROBE_DROP;
  first_ = current_;
  // Removes the stop of the segment, so that text of later segments does not fall beyond the stop.
  if (first_.rate > 0) first_.stop = GST_CLOCK_TIME_NONE;
  GstEvent* open = gst_event_new_segment(&first_);
  gst_event_set_seqnum(open, gst_event_get_seqnum(event));
  gst_event_unref(event);
  info->data = open;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn SegmentJoiner::on_buffer(GstPadProbeInfo* info) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (!is_joining_ || !GST_BUFFER_PTS_IS_VALID(buffer)) return GST_PAD_PROBE_OK;
  const GstClockTime time = joined(GST_BUFFER_PTS(buffer));
  if (!GST_CLOCK_TIME_IS_VALID(time)) return GST_PAD_PROBE_DROP;
  buffer = gst_buffer_make_writable(buffer);
  GST_BUFFER_PTS(buffer) = time;
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn SegmentJoiner::on_gap(GstPadProbeInfo* info) {
  if (!is_joining_) return GST_PAD_PROBE_OK;
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  GstClockTime start = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  gst_event_parse_gap(event, &start, &duration);
  const GstClockTime time = joined(start);
  if (!GST_CLOCK_TIME_IS_VALID(time)) return GST_PAD_PROBE_DROP;
  GstEvent* moved = gst_event_new_gap(time, duration);
  gst_event_set_seqnum(moved, gst_event_get_seqnum(event));
  gst_event_unref(event);
  info->data = moved;
  return GST_PAD_PROBE_OK;
}

// Maps `time` in `current_` to the time in `first_` that has the same running time. Returns NONE if
// there is no such time.
GstClockTime SegmentJoiner::joined(GstClockTime time) const {
  const GstClockTime running = gst_segment_to_running_time(&current_, GST_FORMAT_TIME, time);
  if (!GST_CLOCK_TIME_IS_VALID(running)) return GST_CLOCK_TIME_NONE;
  return gst_segment_position_from_running_time(&first_, GST_FORMAT_TIME, running);
}

}  // namespace npuwhisper
