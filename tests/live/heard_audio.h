// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <mutex>
#include <vector>

namespace npuwhisper::test {

/// Records the audio that reaches a sink pad of npuwhisper: F32LE or S16LE, 16 kHz, mono. Each hole
/// is filled with silence of at most one second. Thread-safe.
class HeardAudio {
 public:
  /// Records the audio of the element's pad `sink`.
  explicit HeardAudio(GstElement* whisper);
  ~HeardAudio();
  HeardAudio(const HeardAudio&) = delete;
  HeardAudio& operator=(const HeardAudio&) = delete;

  std::vector<float> samples() const;
  /// Returns the end of the last sample in the pad's timestamps, or 0 if no sample has arrived.
  GstClockTime end() const;
  /// Returns how often the timestamps jumped by more than 40 ms, forwards (a hole) or backwards.
  int n_holes() const;

 private:
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void add(const std::vector<float>& samples, GstClockTime pts);

  GstPad* pad_;
  gulong probe_;
  mutable std::mutex mutex_;  // Guards all members below.
  std::vector<float> samples_;
  GstClockTime end_ = 0;
  int n_holes_ = 0;
};

}  // namespace npuwhisper::test
