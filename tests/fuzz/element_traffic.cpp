// SPDX-License-Identifier: LGPL-2.1-or-later
#include "element_traffic.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace npuwhisper::fuzz {
namespace {

constexpr std::int64_t kMostSamples = 1600;  // 0.1 s
constexpr std::size_t kMaxText = 100;
constexpr guint kRate = 16000;

/// Returns a buffer with a copy of the bytes. If there are no bytes, the buffer has no memory.
GstBuffer* buffer_of(const void* data, std::size_t n_bytes) {
  return n_bytes > 0 ? gst_buffer_new_memdup(data, n_bytes) : gst_buffer_new();
}

GstEvent* stream_start(const char* name) {
  return gst_event_new_stream_start(name);
}

GstCaps* audio_caps(bool is_s16) {
  return gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, is_s16 ? "S16LE" : "F32LE",
                             "rate", G_TYPE_INT, kRate, "channels", G_TYPE_INT, 1, "layout",
                             G_TYPE_STRING, "interleaved", nullptr);
}

GstCaps* text_caps(bool is_markup) {
  return gst_caps_new_simple("text/x-raw", "format", G_TYPE_STRING,
                             is_markup ? "pango-markup" : "utf8", nullptr);
}

GstTagList* tags(Decisions& input) {
  return gst_tag_list_new(GST_TAG_LANGUAGE_CODE, input.yes() ? "de" : "", nullptr);
}

GstStructure* structure() {
  return gst_structure_new_empty("fuzz");
}

}  // namespace

GstClockTime Traffic::time(Decisions& input) const {
  switch (input.choice(8)) {
    case 0:
      return GST_CLOCK_TIME_NONE;
    case 1:
      return input.word();
    case 2:
      return now_ + static_cast<GstClockTime>(input.between(0, 8)) * GST_SECOND;
    case 3:
      return now_ - std::min<GstClockTime>(now_, input.byte() * 100 * GST_MSECOND);
    default:
      return now_;
  }
}

GstBuffer* Traffic::audio(Decisions& input) const {
  const auto n = static_cast<std::size_t>(input.between(0, kMostSamples));
  const bool is_loud = input.yes();
  if (is_s16_) {
    const std::vector<gint16> samples(n, is_loud ? 16000 : 0);
    return buffer_of(samples.data(), n * sizeof samples[0]);
  }
  const std::vector<float> samples(n, is_loud ? 0.5F : 0.0F);
  return buffer_of(samples.data(), n * sizeof samples[0]);
}

GstBuffer* Traffic::text(Decisions& input) const {
  const std::string text = input.text(kMaxText);
  return buffer_of(text.data(), text.size());
}

void Traffic::push_buffer(Decisions& input, GstPad* upstream) {
  GstBuffer* buffer = is_text_ ? text(input) : audio(input);
  if (input.choice(16) == 15) {
    gst_buffer_resize(buffer, 0,
                      static_cast<gssize>(std::min<gsize>(gst_buffer_get_size(buffer), 3)));
  }
  const GstClockTime duration =
      is_text_ ? GST_SECOND
               : gst_util_uint64_scale(gst_buffer_get_size(buffer) / (is_s16_ ? 2 : 4), GST_SECOND,
                                       kRate);
  GST_BUFFER_PTS(buffer) = time(input);
  const int sanity = input.choice(8);
  GST_BUFFER_DURATION(buffer) = sanity == 0   ? GST_CLOCK_TIME_NONE
                                : sanity == 1 ? input.word()
                                              : duration;
  if (input.choice(8) == 7) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  if (input.choice(16) == 15) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_GAP);
  now_ += duration;
  gst_pad_push(upstream, buffer);
}

GstCaps* Traffic::caps(Decisions& input) {
  if (input.choice(8) == 7) {
    return gst_caps_new_simple("audio/x-raw", "format", G_TYPE_STRING, "S16LE", "rate", G_TYPE_INT,
                               static_cast<int>(input.between(0, 1 << 20)), "channels", G_TYPE_INT,
                               static_cast<int>(input.between(0, 255)), nullptr);
  }
  if (is_text_) return text_caps(input.yes());
  is_s16_ = input.yes();
  return audio_caps(is_s16_);
}

GstEvent* Traffic::segment(Decisions& input) {
  constexpr std::array kFormats = {GST_FORMAT_TIME, GST_FORMAT_TIME, GST_FORMAT_TIME,
                                   GST_FORMAT_BYTES};
  constexpr std::array kRates = {1.0, 1.0, 1.0, 0.5, 2.0, -1.0, 1e-300};
  GstSegment segment;
  gst_segment_init(&segment, kFormats[static_cast<std::size_t>(input.choice(kFormats.size()))]);
  segment.rate = kRates[static_cast<std::size_t>(input.choice(kRates.size()))];
  segment.start = input.yes() ? now_ : time(input);
  if (!GST_CLOCK_TIME_IS_VALID(segment.start)) segment.start = 0;
  segment.time = segment.position = segment.start;
  segment.base = input.choice(8) == 7 ? input.word() : now_;
  segment.offset = input.choice(8) == 7 ? input.word() : 0;
  // GStreamer itself rejects a segment that ends before it starts.
  if (input.yes()) segment.stop = std::max(segment.start, time(input));
  return gst_event_new_segment(&segment);
}

void Traffic::begin_stream(GstPad* upstream) {
  gst_pad_push_event(upstream, stream_start("fuzz"));
  GstCaps* sane = is_text_ ? text_caps(false) : audio_caps(false);
  gst_pad_push_event(upstream, gst_event_new_caps(sane));
  gst_caps_unref(sane);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(upstream, gst_event_new_segment(&segment));
}

GstEvent* Traffic::event(Decisions& input) {
  switch (input.choice(14)) {
    case 0:
      return gst_event_new_eos();
    case 1:
      return gst_event_new_flush_start();
    case 2:
      return gst_event_new_flush_stop(input.yes());
    case 3:
      return stream_start(input.yes() ? "fuzz" : "other");
    case 4:
      return gst_event_new_tag(tags(input));
    case 5:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, structure());
    case 6:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure());
    case 7:
      return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB, structure());
    case 8:
      return gst_event_new_segment_done(GST_FORMAT_TIME, static_cast<gint64>(now_));
    case 9:
      return gst_event_new_stream_group_done(1);
    case 10: {
      GstCaps* chosen = caps(input);
      GstEvent* made = gst_event_new_caps(chosen);
      gst_caps_unref(chosen);
      return made;
    }
    case 11: {
      const GstClockTime at = time(input);
      return gst_event_new_gap(GST_CLOCK_TIME_IS_VALID(at) ? at : 0, time(input));
    }
    case 12:
      return gst_event_new_instant_rate_change(2.0, GST_SEGMENT_FLAG_NONE);
    default:
      return segment(input);
  }
}

void Traffic::send_event(Decisions& input, GstPad* upstream) {
  gst_pad_push_event(upstream, event(input));
}

void Traffic::send_upstream(Decisions& input, GstPad* downstream) {
  GstEvent* sent = nullptr;
  switch (input.choice(5)) {
    case 0:
      sent = gst_event_new_latency(static_cast<GstClockTime>(input.between(0, G_MAXINT64)));
      break;
    case 1:
      sent = gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, input.between(0, 1'000'000'000),
                               time(input));
      break;
    case 2:
      sent = gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                                static_cast<gint64>(input.word() >> 1), GST_SEEK_TYPE_NONE, -1);
      break;
    case 3:
      sent = gst_event_new_reconfigure();
      break;
    default:
      sent = gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, structure());
  }
  gst_pad_push_event(downstream, sent);
}

void Traffic::query(Decisions& input, GstElement* element, GstPad* pad) {
  GstQuery* query = nullptr;
  switch (input.choice(10)) {
    case 0:
      query = gst_query_new_latency();
      break;
    case 1:
      query = gst_query_new_position(GST_FORMAT_TIME);
      break;
    case 2:
      query = gst_query_new_duration(GST_FORMAT_TIME);
      break;
    case 3:
      query = gst_query_new_caps(nullptr);
      break;
    case 4:
      query = gst_query_new_seeking(GST_FORMAT_TIME);
      break;
    case 5:
      query = gst_query_new_segment(GST_FORMAT_TIME);
      break;
    case 6:
      query = gst_query_new_drain();
      break;
    case 7:
      query = gst_query_new_custom(GST_QUERY_CUSTOM, structure());
      break;
    default: {
      GstCaps* chosen = is_text_ ? text_caps(input.yes()) : audio_caps(input.yes());
      query = input.yes() ? gst_query_new_accept_caps(chosen)
                          : gst_query_new_allocation(chosen, input.yes());
      gst_caps_unref(chosen);
    }
  }
  switch (input.choice(3)) {
    case 0:
      gst_element_query(element, query);
      break;
    case 1:
      gst_pad_query(pad, query);
      break;
    default:
      gst_pad_peer_query(pad, query);
  }
  gst_query_unref(query);
}

}  // namespace npuwhisper::fuzz
