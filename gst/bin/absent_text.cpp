// SPDX-License-Identifier: LGPL-2.1-or-later
#include "absent_text.h"

#include "gst/support/callback.h"

namespace npuwhisper {
namespace {

// Duration that each GAP covers beyond the time that the captioner currently needs. After audio is
// linked again, text within this duration may be too late for its video.
constexpr GstClockTime kStep = 200 * GST_MSECOND;

// Pause between two attempts to take the stream lock, in microseconds.
constexpr gulong kRetry = 1000;

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
  gst_pad_add_probe(src, kData, probe<on_text>, this, nullptr);
  gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, probe<on_seek>, this, nullptr);
  gst_pad_add_probe(video, kData, probe<on_video>, this, nullptr);
}

void AbsentText::start() {
  end_ = GST_SEQNUM_INVALID;
  absent_ = false;
  video_position_ = 0;
  gst_segment_init(&video_segment_, GST_FORMAT_UNDEFINED);
  gst_segment_init(&text_segment_, GST_FORMAT_UNDEFINED);
  const std::scoped_lock lock(mutex_);
  text_position_ = 0;
}

// npuwhisper treats STREAM_GROUP_DONE as the end of the audio.
EventPtr AbsentText::end_event() {
  EventPtr event(gst_event_new_stream_group_done(gst_util_group_id_next()));
  end_ = gst_event_get_seqnum(event.get());
  return event;
}

void AbsentText::resume() {
  end_ = GST_SEQNUM_INVALID;
  absent_ = false;
}

// Makes seeks from downstream succeed between end_event() and resume(). During this time, no
// upstream element can seek, because the audio is unlinked. cccombiner requires a seek to succeed
// on both of its pads.
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
    case GST_EVENT_FLUSH_STOP:
      text.video_position_ = 0;
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
  // Drops STREAM_GROUP_DONE, because a captioner would forward it, and it would end the stream
  // group of the video.
  return GST_EVENT_TYPE(event) == GST_EVENT_STREAM_GROUP_DONE ? GST_PAD_PROBE_DROP
                                                              : GST_PAD_PROBE_OK;
}

void AbsentText::text_event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &text_segment_);
      break;
    case GST_EVENT_FLUSH_STOP:
      forget_text();
      break;
    case GST_EVENT_GAP: {
      if (absent_) break;  // The GAP comes from this class.
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
  if (!GST_CLOCK_TIME_IS_VALID(time)) return;
  const std::scoped_lock lock(mutex_);
  text_position_ = time;
}

void AbsentText::end(guint32 seqnum) {
  if (end_ != seqnum) return;  // resume() or a newer end_event() has voided this event.
  if (absent_) return;         // A pad resends a sticky event that a probe has dropped.
  const bool needs_segment = text_segment_.format != GST_FORMAT_TIME;
  if (needs_segment) {
    begin_stream();
    // In the default segment, timestamps equal running times. This is also true right after a
    // flush, because a flush restarts the running time at 0.
    gst_segment_init(&text_segment_, GST_FORMAT_TIME);
  }
  EventPtr gap = begin_gaps(seqnum);
  if (needs_segment) gst_pad_push_event(src_, gst_event_new_segment(&text_segment_));
  if (gap) gst_pad_push_event(src_, gap.release());
}

// Starts a stream with the events that npuwhisper would send, unless a stream has started.
void AbsentText::begin_stream() {
  if (EventPtr(gst_pad_get_sticky_event(src_, GST_EVENT_STREAM_START, 0))) return;
  gst_pad_push_event(src_, gst_event_new_stream_start("npuwhisper-absent-text"));
  const CapsPtr caps(gst_caps_new_simple("text/x-raw", "format", G_TYPE_STRING, "utf8", nullptr));
  gst_pad_push_event(src_, gst_event_new_caps(caps.get()));
}

// Marks the text as absent. Returns the first GAP, or nullptr if no GAP is due. The caller must
// push the GAP on `src`, in the thread of `src`, because the video may be waiting for the GAP.
// fill() may be unable to send the first GAP: the thread that sent the end_event() may still hold
// the stream lock of `sink`.
EventPtr AbsentText::begin_gaps(guint32 seqnum) {
  const std::scoped_lock lock(mutex_);
  gap_segment_ = text_segment_;
  absent_ = true;
  if (end_ != seqnum) absent_ = false;  // resume() has voided the event meanwhile.
  return gap_to_wanted();
}

// Returns the next GAP, or nullptr if none is due. The caller holds the mutex.
EventPtr AbsentText::gap_to_wanted() {
  const GstClockTime from = text_position_;
  if (!absent_ || from >= wanted()) return nullptr;
  text_position_ = wanted() + kStep;
  const auto position = [this](GstClockTime running) {
    return gst_segment_position_from_running_time(&gap_segment_, GST_FORMAT_TIME, running);
  };
  const GstClockTime start = position(from);
  const GstClockTime end = position(text_position_);
  if (!GST_CLOCK_TIME_IS_VALID(start) || !GST_CLOCK_TIME_IS_VALID(end)) return nullptr;
  return EventPtr(gst_event_new_gap(start, end - start));
}

bool AbsentText::is_gap_due() {
  const std::scoped_lock lock(mutex_);
  return absent_ && text_position_ < wanted();
}

EventPtr AbsentText::next_gap() {
  const std::scoped_lock lock(mutex_);
  return gap_to_wanted();
}

// Sends all due GAPs to `sink`. Runs in the video's thread, which must not block on the stream lock
// of `sink`: when text flows again, the text's thread may hold the lock until the video advances.
// In that case, the loop ends because the text is no longer absent. Every other thread releases the
// lock soon.
void AbsentText::fill() {
  while (is_gap_due()) {
    if (!GST_PAD_STREAM_TRYLOCK(sink_)) {
      g_usleep(kRetry);
      continue;
    }
    if (EventPtr gap = next_gap()) {
      filling_ = true;
      gst_pad_send_event(sink_, gap.release());
      filling_ = false;
    }
    GST_PAD_STREAM_UNLOCK(sink_);
  }
}

// Ends the absence and resets the position, because a flush has removed the text and its segment
// from the captioner.
void AbsentText::forget_text() {
  gst_segment_init(&text_segment_, GST_FORMAT_UNDEFINED);
  absent_ = false;
  const std::scoped_lock lock(mutex_);
  text_position_ = 0;
}

}  // namespace npuwhisper
