// SPDX-License-Identifier: LGPL-2.1-or-later
#include "black_picture.h"

#include <algorithm>
#include <string>

namespace npuwhisper::player {
namespace {

// Returns a description that ends with an element, because gst_parse_bin_from_description() accepts
// no caps at the end.
std::string description(int width, int height) {
  return "videotestsrc pattern=black ! capsfilter "
         "caps=video/x-raw,format=I420,framerate=25/1,width=" +
         std::to_string(width) + ",height=" + std::to_string(height);
}

constexpr auto kData =
    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                 GST_PAD_PROBE_TYPE_EVENT_FLUSH);

}  // namespace

Result<std::unique_ptr<BlackPicture>> BlackPicture::create(int width, int height) {
  GError* error = nullptr;
  GstElement* bin = gst_parse_bin_from_description_full(
      description(width, height).c_str(), TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (bin == nullptr) {
    const std::string message = std::string("cannot create the black video: ") + error->message;
    g_error_free(error);
    return fail(ErrorCode::InvalidArgument, message);
  }
  std::unique_ptr<BlackPicture> self(new BlackPicture);
  self->element_.reset(GST_ELEMENT(gst_object_ref_sink(bin)));
  gst_segment_init(&self->sound_segment_, GST_FORMAT_TIME);
  gst_segment_init(&self->picture_segment_, GST_FORMAT_TIME);
  return self;
}

void BlackPicture::end_with(GstPad* pad) {
  gst_pad_add_probe(pad, kData, on_sound, this, nullptr);
  const Owned<GstPad> src(gst_element_get_static_pad(element(), "src"));
  gst_pad_add_probe(src.get(), kData, on_picture, this, nullptr);
}

void BlackPicture::note_sound_until(GstClockTime start, GstClockTime duration) {
  if (!GST_CLOCK_TIME_IS_VALID(start) || sound_segment_.format != GST_FORMAT_TIME) return;
  const GstClockTime end = start + (GST_CLOCK_TIME_IS_VALID(duration) ? duration : 0);
  const guint64 stop = sound_segment_.stop;
  const guint64 time =
      gst_segment_to_running_time(&sound_segment_, GST_FORMAT_TIME, std::min<guint64>(end, stop));
  if (GST_CLOCK_TIME_IS_VALID(time)) sound_end_ = std::max(sound_end_, time);
}

GstPadProbeReturn BlackPicture::on_sound(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& picture = *static_cast<BlackPicture*>(self);
  const std::scoped_lock lock(picture.mutex_);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    const GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    picture.note_sound_until(GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
    return GST_PAD_PROBE_OK;
  }
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &picture.sound_segment_);
      break;
    case GST_EVENT_GAP: {
      GstClockTime start = GST_CLOCK_TIME_NONE;
      GstClockTime duration = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(event, &start, &duration);
      picture.note_sound_until(start, duration);
      break;
    }
    case GST_EVENT_EOS:
      picture.sound_ended_ = true;
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP:
      picture.sound_ended_ = false;
      if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) picture.sound_end_ = 0;
      break;
    default:
      break;
  }
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn BlackPicture::on_picture(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& picture = *static_cast<BlackPicture*>(self);
  const std::scoped_lock lock(picture.mutex_);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
      gst_event_copy_segment(event, &picture.picture_segment_);
    }
    return GST_PAD_PROBE_OK;
  }
  const GstClockTime time = gst_segment_to_running_time(
      &picture.picture_segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
  if (!picture.sound_ended_ || time < picture.sound_end_) return GST_PAD_PROBE_OK;
  gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_EOS;  // Makes the source send EOS.
  return GST_PAD_PROBE_HANDLED;
}

}  // namespace npuwhisper::player
