// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>

#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Measures how far the video entering the captioner is ahead of the audio leaving the bin.
///
/// A frame waits for the text of its time, and text needs audio. If the audio's sink takes no more
/// audio, the audio's queue must hold the distance between both streams. Otherwise, the frame never
/// leaves the bin and the pipeline hangs. The video gets ahead if it starts later than the audio,
/// if the pipeline pauses and the video sink does not wait for the clock, or if an encoder delays
/// the video that a muxer needs.
///
/// The distance is bounded, because it may grow without end while the sinks take video but no
/// audio. The bound is higher while the bin is not playing, because a paused sink takes one more
/// frame, and that frame must reach the sink.
///
/// start() and set_playing() must be called from state changes; room() is thread-safe. The queues
/// must outlive the data flow.
class VideoLead {
 public:
  /// Observes the data that leaves the two queues. Streaming threads call `on_change` when room()
  /// must be called and applied again. If a queue is nullptr, room() returns 0.
  void attach(GstElement* audio_queue, GstElement* video_queue, std::function<void()> on_change);
  /// Resets the state. Must be called for READY to PAUSED, before data flows.
  void start();
  /// Sets whether the bin is playing.
  void set_playing(bool playing) { playing_ = playing; }

  /// Returns the capacity that the audio's queue needs in addition to its capacity for the latency.
  /// The result is running time, rounded up to whole seconds.
  GstClockTime room();

 private:
  struct Stream {
    VideoLead* owner = nullptr;
    PadPtr pad;
    std::atomic<GstClockTime> position{GST_CLOCK_TIME_NONE};  // Running time of the last data.
  };
  void watch(Stream& stream, GstElement* queue);
  GstClockTime distance() const;
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer stream);
  void note(Stream& stream, GstClockTime pts);

  Stream audio_, video_;
  std::function<void()> on_change_;
  std::atomic<bool> playing_{false};
  std::atomic<GstClockTime> room_{0};
};

}  // namespace npuwhisper
