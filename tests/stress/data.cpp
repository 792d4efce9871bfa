// SPDX-License-Identifier: LGPL-2.1-or-later
#include "data.h"

#include <gst/app/gstappsrc.h>

#include <cstddef>
#include <string_view>

namespace npuwhisper::stress {
namespace {

GstClockTime some_time(Dice& dice) {
  if (dice.chance(0.02)) return GST_CLOCK_TIME_NONE;
  return static_cast<GstClockTime>(dice.number(0, 20'000)) * GST_MSECOND;
}

GstSegment some_segment(Dice& dice) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = static_cast<guint64>(dice.number(0, 5)) * GST_SECOND;
  segment.base = static_cast<guint64>(dice.number(0, 5)) * GST_SECOND;
  if (dice.chance(0.2)) segment.rate = dice.chance(0.5) ? -1.0 : 1.5;
  // GStreamer requires a stop position if the rate is negative.
  if (segment.rate < 0) segment.stop = segment.start + 10 * GST_SECOND;
  return segment;
}

GstCaps* some_caps(bool text, Dice& dice) {
  if (text) {
    return gst_caps_from_string(dice.chance(0.5) ? "text/x-raw,format=utf8"
                                                 : "text/x-raw,format=pango-markup");
  }
  return gst_caps_from_string(
      dice.chance(0.5) ? "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"
                       : "audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved");
}

GstBuffer* buffer_of(std::string_view bytes) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes.size(), nullptr);
  gst_buffer_fill(buffer, 0, bytes.data(), bytes.size());
  return buffer;
}

GstBuffer* some_text(Dice& dice) {
  static constexpr std::string_view kTexts[] = {
      "Good day.",
      "",
      "a",
      "\xC3\xA9t\xC3\xA9 \xE2\x99\xAA",
      "<b>bold</b> & <i",
      "\xFF\xFE",
      "A sentence that is longer than one row of thirty-two columns, and than two.\n!"};
  return buffer_of(dice.pick(kTexts));
}

// Returns loud or silent audio that is valid in both formats. Sometimes, it ends in the middle of a
// sample.
GstBuffer* some_audio(Dice& dice) {
  const auto n = static_cast<gsize>(dice.number(0, 4'000) * (dice.chance(0.05) ? 1 : 4));
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, n, nullptr);
  gst_buffer_memset(buffer, 0, dice.chance(0.5) ? 0 : 0x3E, n);
  return buffer;
}

}  // namespace

GstQuery* some_query(Dice& dice) {
  switch (dice.number(0, 8)) {
    case 0:
      return gst_query_new_latency();
    case 1:
      return gst_query_new_position(GST_FORMAT_TIME);
    case 2:
      return gst_query_new_duration(GST_FORMAT_TIME);
    case 3:
      return gst_query_new_seeking(GST_FORMAT_TIME);
    case 4:
      return gst_query_new_segment(GST_FORMAT_TIME);
    case 5:
      return gst_query_new_formats();
    case 6: {
      GstCaps* caps = some_caps(dice.chance(0.5), dice);
      GstQuery* query = gst_query_new_accept_caps(caps);
      gst_caps_unref(caps);
      return query;
    }
    case 7:
      return gst_query_new_custom(GST_QUERY_CUSTOM, gst_structure_new_empty("stress"));
    default:
      return gst_query_new_caps(nullptr);
  }
}

GstQuery* some_serialized_query(Dice& dice) {
  if (dice.chance(0.3)) return gst_query_new_drain();
  GstCaps* caps = some_caps(false, dice);
  GstQuery* query = gst_query_new_allocation(caps, dice.chance(0.5));
  gst_caps_unref(caps);
  return query;
}

GstEvent* some_upstream_event(Dice& dice) {
  switch (dice.number(0, 4)) {
    case 0:
      return gst_event_new_reconfigure();
    case 1:
      return gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.9, dice.number(-1'000'000, 1'000'000),
                               GST_SECOND);
    case 2:
      return gst_event_new_latency(static_cast<GstClockTime>(dice.number(0, 1000)) * GST_MSECOND);
    case 3:
      return gst_event_new_navigation(gst_structure_new_empty("application/x-gst-navigation"));
    default:
      return gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty("stress"));
  }
}

GstEvent* some_downstream_event(Dice& dice) {
  switch (dice.number(0, 7)) {
    case 0:
      return gst_event_new_gap(static_cast<GstClockTime>(dice.number(0, 20'000)) * GST_MSECOND,
                               some_time(dice));
    case 1:
      return gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "stress", nullptr));
    case 2: {
      const GstSegment segment = some_segment(dice);
      return gst_event_new_segment(&segment);
    }
    case 3:
      return gst_event_new_stream_start("stress");
    case 4:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
                                  gst_structure_new_empty("stress"));
    case 5:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
                                  gst_structure_new_empty("stress"));
    case 6:
      return gst_event_new_segment_done(GST_FORMAT_TIME, dice.number(0, 5) * GST_SECOND);
    default:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("stress"));
  }
}

void feed(GstElement* source, bool text, GstClockTime pts, GstClockTime duration, Dice& dice) {
  if (!GST_IS_APP_SRC(source)) return;
  auto* app = GST_APP_SRC(source);
  if (dice.chance(0.01)) {
    gst_app_src_end_of_stream(app);
    return;
  }
  if (dice.chance(0.03)) {
    GstCaps* caps = some_caps(text, dice);
    gst_app_src_set_caps(app, caps);
    gst_caps_unref(caps);
    return;
  }
  GstBuffer* buffer = text ? some_text(dice) : some_audio(dice);
  GST_BUFFER_PTS(buffer) = dice.chance(0.9) ? pts : some_time(dice);
  GST_BUFFER_DURATION(buffer) = dice.chance(0.9) ? duration : some_time(dice);
  if (dice.chance(0.05)) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  gst_app_src_push_buffer(app, buffer);
}

}  // namespace npuwhisper::stress
