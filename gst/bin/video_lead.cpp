// SPDX-License-Identifier: LGPL-2.1-or-later
#include "video_lead.h"

#include <algorithm>
#include <utility>

#include "gst/support/callback.h"
#include "gst/support/sticky_events.h"

namespace npuwhisper {
namespace {

// The limit of room() while the bin is playing. 60 s of stereo audio at 48 kHz with 32-bit samples
// take 23 MB.
constexpr GstClockTime kMostWhilePlaying = 60 * GST_SECOND;
// The limit of room() while the bin is not playing. It is higher than the limit during playback,
// because each pause needs space for one more frame, which may last a few seconds.
constexpr GstClockTime kMostWhilePaused = 120 * GST_SECOND;
constexpr GstClockTime kStep = GST_SECOND;

}  // namespace

void VideoLead::attach(GstElement* audio_queue, GstElement* video_queue,
                       std::function<void()> on_change) {
  on_change_ = std::move(on_change);
  watch(audio_, audio_queue);
  watch(video_, video_queue);
}

void VideoLead::watch(Stream& stream, GstElement* queue) {
  if (queue == nullptr) return;
  stream.owner = this;
  stream.pad.reset(gst_element_get_static_pad(queue, "src"));
  constexpr auto kData =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  gst_pad_add_probe(stream.pad.get(), kData, probe<on_data>, &stream, nullptr);
}

void VideoLead::start() {
  audio_.position = GST_CLOCK_TIME_NONE;
  video_.position = GST_CLOCK_TIME_NONE;
  playing_ = false;
  room_ = 0;
}

GstClockTime VideoLead::distance() const {
  const GstClockTime audio = audio_.position;
  const GstClockTime video = video_.position;
  if (!GST_CLOCK_TIME_IS_VALID(audio) || !GST_CLOCK_TIME_IS_VALID(video) || video <= audio)
    return 0;
  return std::min(video - audio, playing_ ? kMostWhilePlaying : kMostWhilePaused);
}

GstClockTime VideoLead::room() {
  const GstClockTime room = (distance() + kStep - 1) / kStep * kStep;
  room_ = room;
  return room;
}

GstPadProbeReturn VideoLead::on_data(GstPad*, GstPadProbeInfo* info, gpointer stream) {
  auto& self = *static_cast<Stream*>(stream);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    self.owner->note(self, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
    return GST_PAD_PROBE_OK;
  }
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) self.position = GST_CLOCK_TIME_NONE;
  if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
    GstClockTime start = GST_CLOCK_TIME_NONE;
    gst_event_parse_gap(event, &start, nullptr);
    self.owner->note(self, start);
  }
  return GST_PAD_PROBE_OK;
}

// Records the position of a stream and calls on_change_ if room() must change. Runs in the stream's
// thread.
void VideoLead::note(Stream& stream, GstClockTime pts) {
  const auto segment = segment_of(stream.pad.get());
  if (!segment || segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(pts)) return;
  const GstClockTime time = gst_segment_to_running_time(&*segment, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(time)) return;
  stream.position = time;
  // Reduces the queue's capacity only if it is more than two seconds too large, so that the
  // capacity does not change with each buffer.
  const GstClockTime wanted = distance();
  if (wanted > room_ || wanted + 2 * kStep < room_) on_change_();
}

}  // namespace npuwhisper
