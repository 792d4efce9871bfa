// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "time_span.h"

namespace npuwhisper::cli {

/// Cuts a part out of the decoded audio that flows into a pad, exact to the sample: drops what is
/// outside, and ends the stream after it. Needs no seek, so it does not matter how well the file
/// can be sought. Timestamps stay those of the file.
class AudioClip {
 public:
  /// Watches `sink`, whose audio has one channel and `bytes_per_sample` at 16 kHz, until the
  /// pipeline has been stopped; that must be before the end of this object.
  AudioClip(const TimeSpan& span, GstPad* sink, int bytes_per_sample);
  AudioClip(const AudioClip&) = delete;
  AudioClip& operator=(const AudioClip&) = delete;

  /// True if some audio was within the part. Thread-safe.
  bool found_audio() const { return found_audio_; }
  /// End of the last buffer so far, within the part or not. Thread-safe.
  GstClockTime audio_end() const { return audio_end_; }

 private:
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstSegment part_;
  int bytes_per_sample_;
  std::atomic<bool> found_audio_ = false;
  std::atomic<GstClockTime> audio_end_ = 0;
};

}  // namespace npuwhisper::cli
