// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>

#include "../gst_ptr.h"

namespace npuwhisper {

/// How far the video that enters the captioner is ahead of the audio that leaves the bin.
///
/// A frame waits for the text of its time, and text needs audio. Where the audio's sink takes no
/// more audio, the audio's queue has to hold the distance between both streams, or the frame never
/// leaves the bin and the pipeline hangs: where the video begins later than the audio, where a
/// video sink that does not wait for the clock pauses, where an encoder delays the video that a
/// muxer wants.
///
/// The distance has a bound, since it may grow without end while video is taken and audio is not.
/// The bound is higher while the bin does not play: a sink takes one frame then, which it must get.
///
/// start() and set_playing() are for state changes, room() is thread-safe. The queues must live
/// until nothing flows any more.
class VideoLead {
 public:
  /// Looks at what leaves the two queues. `on_change` is called by streaming threads when room()
  /// gives another value. A queue may be nullptr: room() is 0 then.
  void attach(GstElement* audio_queue, GstElement* video_queue, std::function<void()> on_change);
  /// READY to PAUSED: nothing flows yet.
  void start();
  /// The bin plays from now on, or does not.
  void set_playing(bool playing) { playing_ = playing; }

  /// How much more audio is to be queued, in running time: whole seconds.
  GstClockTime room();

 private:
  struct Stream {
    VideoLead* owner = nullptr;
    PadPtr pad;
    std::atomic<GstClockTime> position{GST_CLOCK_TIME_NONE};  // Running time of what left last.
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
