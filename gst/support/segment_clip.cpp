// SPDX-License-Identifier: LGPL-2.1-or-later
#include "segment_clip.h"

#include <gst/audio/audio.h>

#include <npuwhisper/transcriber.h>

#include "timeline.h"

namespace npuwhisper {
namespace {

bool reaches_beyond(const GstSegment& segment, GstClockTime start, GstClockTime duration) {
  if (start < segment.start) return true;
  return GST_CLOCK_TIME_IS_VALID(segment.stop) &&
         (start > segment.stop || duration > segment.stop - start);
}

}  // namespace

// gst_audio_buffer_clip() uses the buffer's duration, and fails if this duration exceeds the
// duration of the samples. Therefore, this function first corrects the duration.
GstBuffer* clip_to_segment(const GstSegment& segment, GstBuffer* buffer, gint bytes_per_sample) {
  if (segment.format != GST_FORMAT_TIME) return buffer;
  if (GST_BUFFER_PTS_IS_VALID(buffer) && GST_BUFFER_DURATION_IS_VALID(buffer) &&
      reaches_beyond(segment, GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer))) {
    buffer = gst_buffer_make_writable(buffer);
    const gsize n_samples = gst_buffer_get_size(buffer) / static_cast<gsize>(bytes_per_sample);
    GST_BUFFER_DURATION(buffer) = samples_to_time(static_cast<std::int64_t>(n_samples));
  }
  return gst_audio_buffer_clip(buffer, &segment, kSampleRate, bytes_per_sample);
}

}  // namespace npuwhisper
