// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

#include "gap_delay.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Works around problems of cccombiner with video (as seen in GStreamer 1.22).
///
/// cccombiner forwards new caps immediately, even while it holds a frame that waits for its
/// captions. That frame then leaves with the caps of a later frame, and downstream reads its pixels
/// in the wrong size. This class sends new caps right before the first frame to which they apply.
///
/// Demuxers send GAPs for the time after the last frame. cccombiner turns these GAPs into empty
/// frames, and this class turns the empty frames back into GAPs. A GAP before any segment, for
/// example after a flush, makes cccombiner print a CRITICAL. A GAP before any caps may make
/// cccombiner abort the program. GAPs without segment or caps carry no information, so this class
/// drops them. For a GAP in the middle of the frames, cccombiner takes all captions of the GAP's
/// time and discards most of them. If the rate is not 1, such GAPs may be wrong, so this class
/// delays them (GapDelay).
///
/// cccombiner aborts the program if the sum of a frame's timestamp and duration exceeds 64 bits.
/// This class drops frames with such times and posts one WARNING. It drops GAPs with such times
/// silently. It also drops frames outside their segment. cccombiner would drop these frames too,
/// but then the numbers of frames that enter and leave cccombiner would not match.
///
/// attach() and start() must be called before data flows. The pads must outlive the data flow.
class VideoRepair {
 public:
  VideoRepair() = default;
  VideoRepair(const VideoRepair&) = delete;
  VideoRepair& operator=(const VideoRepair&) = delete;

  /// Adds the probes. Video enters cccombiner through `sink` and leaves it through `src`.
  void attach(GstPad* sink, GstPad* src);
  /// Resets the state. Must be called for READY to PAUSED, before data flows.
  void start();

 private:
  struct Change {
    std::uint64_t first_frame;  ///< Number of the first frame with these caps, from 0.
    CapsPtr caps;
  };

  static GstPadProbeReturn on_sink(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_src(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void reset();
  void sink_event(GstEvent* event);
  GstPadProbeReturn delay_gap(GstPad* pad, GstPadProbeInfo* info);
  void refuse(GstPad* pad, GstClockTime time);
  bool is_early(GstEvent* caps_event);
  CapsPtr caps_of_next_frame();

  std::atomic<bool> was_told_{false};
  std::mutex mutex_;  // Guards the members below. No other lock is taken while it is held.
  GapDelay gaps_;
  std::uint64_t n_in_ = 0;
  std::uint64_t n_out_ = 0;
  std::deque<Change> changes_;  // Caps whose first frame has not left cccombiner yet.
};

}  // namespace npuwhisper
