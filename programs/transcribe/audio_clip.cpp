// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio_clip.h"

#include <gst/audio/audio.h>
#include <npuwhisper/transcriber.h>

namespace npuwhisper::cli {

AudioClip::AudioClip(const TimeSpan& span, GstPad* sink, int bytes_per_sample)
    : bytes_per_sample_(bytes_per_sample) {
  gst_segment_init(&part_, GST_FORMAT_TIME);
  part_.start = static_cast<GstClockTime>(span.start.count());
  if (span.end) part_.stop = static_cast<GstClockTime>(span.end->count());
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
}

GstPadProbeReturn AudioClip::on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer user_data) {
  auto& self = *static_cast<AudioClip*>(user_data);
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  const GstClockTime start = GST_BUFFER_PTS(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(start)) return GST_PAD_PROBE_OK;
  self.audio_end_ = start + gst_util_uint64_scale_int(gst_buffer_get_size(buffer), GST_SECOND,
                                                      kSampleRate * self.bytes_per_sample_);
  const bool is_after = GST_CLOCK_TIME_IS_VALID(self.part_.stop) && start >= self.part_.stop;
  buffer = gst_audio_buffer_clip(buffer, &self.part_, kSampleRate, self.bytes_per_sample_);
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  if (buffer != nullptr) {
    self.found_audio_ = true;
    return GST_PAD_PROBE_OK;
  }
  if (is_after) {
    gst_pad_send_event(pad, gst_event_new_eos());
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_EOS;
  }
  return GST_PAD_PROBE_HANDLED;
}

}  // namespace npuwhisper::cli
