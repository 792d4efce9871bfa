// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

#include "../gst_ptr.h"

namespace npuwhisper {

/// Repairs the video around cccombiner (as seen in GStreamer 1.22).
///
/// cccombiner passes new caps on at once, also while it holds a frame that waits for its captions.
/// That frame then leaves with caps that are not its own, and downstream reads its pixels in the
/// wrong size. Here the caps leave right before the first frame that has them.
///
/// cccombiner also turns GAPs, with which demuxers bridge the time after the last frame, into empty
/// frames. Here they become GAPs again. GAPs that come before any segment, as behind a flush, make
/// it print a CRITICAL, and before any caps they may end the program. Such GAPs say nothing; they
/// are dropped here.
///
/// It ends the program when the timestamp and the duration of a frame have no sum in 64 bits.
/// Frames with such times are dropped here, with one WARNING, and GAPs with such times without one.
/// Frames outside of their segment are dropped here, too, because cccombiner would drop them and
/// the frames that enter and leave it are counted.
///
/// attach() and start() are for state changes. The pads must outlive the data flow.
class VideoRepair {
 public:
  VideoRepair() = default;
  VideoRepair(const VideoRepair&) = delete;
  VideoRepair& operator=(const VideoRepair&) = delete;

  /// The pads by which video enters and leaves cccombiner.
  void attach(GstPad* sink, GstPad* src);
  /// READY to PAUSED: nothing flows yet.
  void start();

 private:
  struct Change {
    std::uint64_t first_frame;  ///< The number of the first frame with these caps.
    CapsPtr caps;
  };

  static GstPadProbeReturn on_sink(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_src(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void reset();
  void sink_event(GstEvent* event);
  void refuse(GstPad* pad, GstClockTime time);
  bool is_early(GstEvent* caps_event);
  CapsPtr caps_of_next_frame();

  std::atomic<bool> was_told_{false};
  std::mutex mutex_;  // A leaf. Guards what follows.
  std::uint64_t n_in_ = 0;
  std::uint64_t n_out_ = 0;
  std::deque<Change> changes_;  // Of frames that have not left.
};

}  // namespace npuwhisper
