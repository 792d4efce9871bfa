// SPDX-License-Identifier: LGPL-2.1-or-later
#include "observer.h"

#include <algorithm>

namespace npuwhisper::media {
namespace {

/// Returns a checksum of all planes, row by row, from `from` / `parts` to `to` / `parts` of the
/// height.
std::string checksum(const GstVideoFrame& frame, int from, int to, int parts) {
  GChecksum* sum = g_checksum_new(G_CHECKSUM_MD5);
  for (guint component = 0; component < GST_VIDEO_FRAME_N_COMPONENTS(&frame); ++component) {
    const int height = GST_VIDEO_FRAME_COMP_HEIGHT(&frame, component);
    const int width = GST_VIDEO_FRAME_COMP_WIDTH(&frame, component);
    const int step = GST_VIDEO_FRAME_COMP_PSTRIDE(&frame, component);
    const int stride = GST_VIDEO_FRAME_COMP_STRIDE(&frame, component);
    const auto* data = static_cast<const guchar*>(GST_VIDEO_FRAME_COMP_DATA(&frame, component));
    for (int row = height * from / parts; row < height * to / parts; ++row) {
      // Ends with this component's byte of the last pixel. The bytes after it may lie beyond the
      // row.
      g_checksum_update(sum, data + static_cast<std::ptrdiff_t>(row) * stride,
                        std::min(width * step, stride) - step + 1);
    }
  }
  std::string text = g_checksum_get_string(sum);
  g_checksum_free(sum);
  return text.substr(0, 12);
}

/// Returns true if the first byte of a CEA-608 pair is a character, not a control code or padding.
bool is_character(guint8 byte) {
  return (byte & 0x7f) >= 0x20;
}

bool has_caption_text(GstBuffer* buffer) {
  gpointer state = nullptr;
  while (GstMeta* meta =
             gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_CAPTION_META_API_TYPE)) {
    const auto* captions = reinterpret_cast<GstVideoCaptionMeta*>(meta);
    const bool is_708 = captions->caption_type == GST_VIDEO_CAPTION_TYPE_CEA708_RAW;
    const bool is_s334 = captions->caption_type == GST_VIDEO_CAPTION_TYPE_CEA608_S334_1A;
    const gsize size = is_708 || is_s334 ? 3 : 2;
    for (gsize i = 0; i + size <= captions->size; i += size) {
      const guint8* pair = captions->data + i + (size - 2);
      // Skips triplets without cc_valid or with a type other than CEA-608.
      if (is_708 && (captions->data[i] & 0x06) != 0x04) continue;
      if (is_character(pair[0])) return true;
    }
  }
  return false;
}

}  // namespace

void Observer::watch(GstPad* pad) {
  constexpr auto kData =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  gst_pad_add_probe(pad, kData, on_data, this, nullptr);
}

GstPadProbeReturn Observer::on_data(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& observer = *static_cast<Observer*>(self);
  std::uint64_t n_buffers = 0;
  {
    const std::scoped_lock lock(observer.mutex_);
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
      observer.event(GST_PAD_PROBE_INFO_EVENT(info));
      return GST_PAD_PROBE_OK;
    }
    observer.buffer(GST_PAD_PROBE_INFO_BUFFER(info));
    n_buffers = ++observer.n_buffers_;
  }
  if (observer.callback_) observer.callback_(n_buffers);
  return GST_PAD_PROBE_OK;
}

void Observer::event(GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS: {
      GstCaps* new_caps = nullptr;
      gst_event_parse_caps(event, &new_caps);
      caps(new_caps);
      break;
    }
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &segment_);
      break;
    case GST_EVENT_FLUSH_STOP:
      n_buffers_ = 0;
      forget();
      break;
    default:
      break;
  }
}

std::int64_t Observer::stream_time(GstClockTime pts) const {
  if (!GST_CLOCK_TIME_IS_VALID(pts) || segment_.format != GST_FORMAT_TIME) return -1;
  guint64 time = 0;
  const int sign = gst_segment_to_stream_time_full(&segment_, GST_FORMAT_TIME, pts, &time);
  return sign * static_cast<std::int64_t>(time);
}

std::int64_t Observer::from() const {
  const std::scoped_lock lock(mutex_);
  return stream_time(segment_.start);
}

AudioObserver::AudioObserver() : sum_(g_checksum_new(G_CHECKSUM_MD5)) {}

AudioObserver::~AudioObserver() {
  g_checksum_free(sum_);
}

void AudioObserver::caps(const GstCaps* caps) {
  gchar* text = gst_caps_to_string(caps);
  if (formats_.empty() || formats_.back() != text) formats_.emplace_back(text);
  g_free(text);
}

void AudioObserver::buffer(GstBuffer* buffer) {
  if (n_bytes_ == 0) first_ = stream_time(GST_BUFFER_PTS(buffer));
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  g_checksum_update(sum_, map.data, static_cast<gssize>(map.size));
  n_bytes_ += map.size;
  gst_buffer_unmap(buffer, &map);
}

void AudioObserver::forget() {
  g_checksum_reset(sum_);
  n_bytes_ = 0;
  first_ = -1;
}

nlohmann::json AudioObserver::report() const {
  const std::scoped_lock lock(mutex_);
  GChecksum* sum = g_checksum_copy(sum_);
  nlohmann::json report = {
      {"bytes", n_bytes_}, {"md5", g_checksum_get_string(sum)}, {"first", first_}};
  report["formats"] = formats_;
  g_checksum_free(sum);
  return report;
}

void VideoObserver::caps(const GstCaps* caps) {
  gst_video_info_from_caps(&info_, caps);
}

void VideoObserver::buffer(GstBuffer* buffer) {
  Frame seen{stream_time(GST_BUFFER_PTS(buffer)), {}, {}, has_caption_text(buffer)};
  GstVideoFrame frame;
  if (gst_video_frame_map(&frame, &info_, buffer, GST_MAP_READ)) {
    seen.upper = checksum(frame, 0, 1, 2);
    seen.lower = checksum(frame, 1, 2, 2);
    gst_video_frame_unmap(&frame);
  }
  frames_.push_back(std::move(seen));
}

nlohmann::json VideoObserver::report() const {
  const std::scoped_lock lock(mutex_);
  nlohmann::json report = nlohmann::json::array();
  for (const Frame& frame : frames_) {
    report.push_back({frame.time, frame.upper, frame.lower, frame.has_captions});
  }
  return report;
}

void TextObserver::buffer(GstBuffer* buffer) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  const GstClockTime duration = GST_BUFFER_DURATION(buffer);
  const GstClockTime end = GST_CLOCK_TIME_IS_VALID(duration) ? pts + duration : pts;
  cues_.push_back({stream_time(pts), stream_time(end),
                   std::string(reinterpret_cast<const char*>(map.data), map.size)});
  gst_buffer_unmap(buffer, &map);
}

nlohmann::json TextObserver::report() const {
  const std::scoped_lock lock(mutex_);
  nlohmann::json report = nlohmann::json::array();
  for (const Cue& cue : cues_) report.push_back({cue.begin, cue.end, cue.text});
  return report;
}

}  // namespace npuwhisper::media
