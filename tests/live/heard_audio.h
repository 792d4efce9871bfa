// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <vector>

namespace npuwhisper::test {

/// Writes down the audio that reaches a sink pad of npuwhisper: F32LE or S16LE, 16 kHz, mono.
/// Silence stands for holes, at most a second of it for each. Thread-safe.
class HeardAudio {
 public:
  /// Of the element's pad `sink`.
  explicit HeardAudio(GstElement* whisper);
  ~HeardAudio();
  HeardAudio(const HeardAudio&) = delete;
  HeardAudio& operator=(const HeardAudio&) = delete;

  std::vector<float> samples() const;
  /// The time of the last sample, in the pad's timestamps; 0: none has come.
  GstClockTime end() const;
  /// How many holes of more than 40 ms there were, and how often the timestamps went back.
  int n_holes() const;

 private:
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void add(const std::vector<float>& samples, GstClockTime pts);

  GstPad* pad_;
  gulong probe_;
  mutable std::mutex mutex_;  // Guards the rest.
  std::vector<float> samples_;
  GstClockTime end_ = 0;
  int n_holes_ = 0;
};

}  // namespace npuwhisper::test
