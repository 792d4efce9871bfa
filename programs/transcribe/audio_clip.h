// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "time_span.h"

namespace npuwhisper::cli {

/// Limits the decoded audio that enters a pad to one part, exact to the sample. Drops the audio
/// outside the part, and ends the stream after the part. Buffers without a timestamp pass
/// unchanged. Does not seek, and therefore also works on files with poor seeking support.
/// Timestamps stay those of the file.
class AudioClip {
 public:
  /// Probes `sink` until the pipeline is stopped. Stop the pipeline before this object is
  /// destroyed. The audio of the pad has one channel and `bytes_per_sample` bytes per sample at 16
  /// kHz.
  AudioClip(const TimeSpan& span, GstPad* sink, int bytes_per_sample);
  AudioClip(const AudioClip&) = delete;
  AudioClip& operator=(const AudioClip&) = delete;

  /// Returns true if some audio was within the part. Thread-safe.
  bool found_audio() const { return found_audio_; }
  /// Returns the end of the last buffer that has arrived, even if the buffer is outside the part.
  /// Thread-safe.
  GstClockTime audio_end() const { return audio_end_; }

 private:
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstSegment part_;
  int bytes_per_sample_;
  std::atomic<bool> found_audio_ = false;
  std::atomic<GstClockTime> audio_end_ = 0;
};

}  // namespace npuwhisper::cli
