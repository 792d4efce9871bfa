// SPDX-License-Identifier: LGPL-2.1-or-later
#include "absent_text.h"

namespace npuwhisper {
namespace {

// What one GAP covers beyond what is needed now. When audio comes back, text that falls into it may
// come too late for its video.
constexpr GstClockTime kStep = 200 * GST_MSECOND;

constexpr auto kData =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                 GST_PAD_PROBE_TYPE_EVENT_FLUSH);

bool is_buffer(const GstPadProbeInfo* info) {
  return (info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0;
}

}  // namespace

void AbsentText::attach(GstPad* sink, GstPad* src, GstPad* video) {
  sink_ = sink;
  src_ = src;
  gst_pad_add_probe(src, kData, on_text, this, nullptr);
  gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_seek, this, nullptr);
  gst_pad_add_probe(video, kData, on_video, this, nullptr);
}

void AbsentText::start() {
  end_ = GST_SEQNUM_INVALID;
  absent_ = false;
  eos_sent_ = false;
  flushed_ = false;
  flush_passed_ = false;
  restart_ = false;
  video_position_ = 0;
  text_position_ = 0;
  gst_segment_init(&video_segment_, GST_FORMAT_UNDEFINED);
  gst_segment_init(&text_segment_, GST_FORMAT_UNDEFINED);
}

// The element takes it as the end of the audio.
EventPtr AbsentText::end_event() {
  EventPtr event(gst_event_new_stream_group_done(gst_util_group_id_next()));
  end_ = gst_event_get_seqnum(event.get());
  return event;
}

void AbsentText::resume() {
  end_ = GST_SEQNUM_INVALID;
  absent_ = false;
  if (eos_sent_.exchange(false)) flush_captioner();
}

void AbsentText::flush_captioner() {
  flush(gst_event_new_flush_start());
  flush(gst_event_new_flush_stop(TRUE));
}

void AbsentText::flush(GstEvent* event) {
  flushed_ = true;
  gst_pad_push_event(src_, event);
}

// There is nobody upstream to seek. cccombiner wants a seek to succeed on both of its pads.
GstPadProbeReturn AbsentText::on_seek(GstPad*, GstPadProbeInfo* info, gpointer self) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  const bool absent = static_cast<AbsentText*>(self)->end_ != GST_SEQNUM_INVALID;
  if (!absent || GST_EVENT_TYPE(event) != GST_EVENT_SEEK) return GST_PAD_PROBE_OK;
  gst_event_unref(event);
  return GST_PAD_PROBE_HANDLED;
}

GstPadProbeReturn AbsentText::on_video(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& text = *static_cast<AbsentText*>(self);
  if (is_buffer(info)) {
    text.follow_video(GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
    return GST_PAD_PROBE_OK;
  }
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &text.video_segment_);
      break;
    // cccombiner flushes what is behind it when both of its pads are flushed alike.
    case GST_EVENT_FLUSH_START:
      if (!text.absent_) break;
      text.flush_passed_ = true;
      text.flush(gst_event_ref(event));
      break;
    case GST_EVENT_FLUSH_STOP:
      text.video_position_ = 0;
      // The audio may have come back since FLUSH_START.
      if (text.flush_passed_.exchange(false)) {
        text.restart_ = true;
        text.flush(gst_event_ref(event));
      }
      break;
    case GST_EVENT_GAP: {
      GstClockTime start = GST_CLOCK_TIME_NONE;
      GstClockTime duration = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(event, &start, &duration);
      text.follow_video(GST_CLOCK_TIME_IS_VALID(duration) ? start + duration : start);
      break;
    }
    default:
      break;
  }
  return GST_PAD_PROBE_OK;
}

void AbsentText::follow_video(GstClockTime pts) {
  if (video_segment_.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(pts)) return;
  const GstClockTime time = gst_segment_to_running_time(&video_segment_, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(time)) return;
  video_position_ = time;
  fill();
}

GstPadProbeReturn AbsentText::on_text(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& text = *static_cast<AbsentText*>(self);
  if (is_buffer(info)) {
    const GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    text.follow_text(GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
    return GST_PAD_PROBE_OK;
  }
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  text.text_event(event);
  // A captioner would hand it on as the end of the video's group.
  return GST_EVENT_TYPE(event) == GST_EVENT_STREAM_GROUP_DONE ? GST_PAD_PROBE_DROP
                                                              : GST_PAD_PROBE_OK;
}

void AbsentText::text_event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &text_segment_);
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_segment_init(&text_segment_, GST_FORMAT_UNDEFINED);
      text_position_ = 0;
      break;
    case GST_EVENT_GAP: {
      if (absent_) break;  // Our own.
      GstClockTime start = GST_CLOCK_TIME_NONE;
      GstClockTime duration = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(event, &start, &duration);
      follow_text(start, duration);
      break;
    }
    case GST_EVENT_STREAM_GROUP_DONE:
      end(gst_event_get_seqnum(event));
      break;
    default:
      break;
  }
}

void AbsentText::follow_text(GstClockTime start, GstClockTime duration) {
  if (!GST_CLOCK_TIME_IS_VALID(start) || text_segment_.format != GST_FORMAT_TIME) return;
  const GstClockTime end = GST_CLOCK_TIME_IS_VALID(duration) ? start + duration : start;
  const GstClockTime time = gst_segment_to_running_time(&text_segment_, GST_FORMAT_TIME, end);
  if (GST_CLOCK_TIME_IS_VALID(time)) text_position_ = time;
}

void AbsentText::end(guint32 seqnum) {
  if (end_ != seqnum) return;        // The audio is back.
  if (absent_ || eos_sent_) return;  // A pad offers a sticky event that was dropped again.
  if (text_segment_.format != GST_FORMAT_TIME) {
    end_without_segment(seqnum);
    return;
  }
  gap_segment_ = text_segment_;
  absent_ = true;
  if (end_ != seqnum) absent_ = false;  // resume() came in between.
  fill();
}

void AbsentText::end_without_segment(guint32 seqnum) {
  eos_sent_ = true;
  gst_pad_push_event(src_, gst_event_new_eos());
  // resume() may have flushed before the EOS.
  if (end_ != seqnum && eos_sent_.exchange(false)) flush_captioner();
}

// Runs in the video's thread, or, where the text ends behind the video, in that of `src`. Neither
// may wait for the stream lock of `sink`: if somebody holds it, text comes again, or the other
// thread is filling and looks at the video's position once more.
void AbsentText::fill() {
  while (absent_ && (restart_ || text_position_ < wanted())) {
    if (!GST_PAD_STREAM_TRYLOCK(sink_)) return;
    if (absent_) {
      if (restart_.exchange(false)) restart();
      const auto position = [this](GstClockTime running) {
        return gst_segment_position_from_running_time(&gap_segment_, GST_FORMAT_TIME, running);
      };
      const GstClockTime start = position(text_position_);
      text_position_ = wanted() + kStep;
      const GstClockTime end = position(text_position_);
      if (GST_CLOCK_TIME_IS_VALID(start) && GST_CLOCK_TIME_IS_VALID(end)) {
        send(gst_event_new_gap(start, end - start));
      }
    }
    GST_PAD_STREAM_UNLOCK(sink_);
  }
}

// The video was flushed, so that its running time begins anew, and the text's with it.
void AbsentText::restart() {
  gst_segment_init(&gap_segment_, GST_FORMAT_TIME);
  text_position_ = 0;
  send(gst_event_new_segment(&gap_segment_));
}

void AbsentText::send(GstEvent* event) {
  filling_ = true;
  gst_pad_send_event(sink_, event);
  filling_ = false;
}

}  // namespace npuwhisper
