// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

namespace npuwhisper {

/// Joins text of several streams and segments into one: writes it in the times of the first
/// segment, and lets only the first STREAM_START and SEGMENT pass. Running times stay the same.
///
/// textoverlay drops the text that it shows when a STREAM_START comes, and computes its running
/// time from the newest SEGMENT. If text goes on in another stream or segment (chained Ogg,
/// concatenated MPEG-TS), the text of the one before would disappear at once.
///
/// A segment with another rate replaces the first one; behind an EOS everything begins anew.
/// on_data() is for the streaming thread; reset() is thread-safe.
class SegmentJoiner {
 public:
  /// The next segment is a first one again.
  void reset() { is_reset_ = true; }
  /// To be called by a pad probe on buffers, events and flushes; its result is the probe's.
  GstPadProbeReturn on_data(GstPadProbeInfo* info);

 private:
  GstPadProbeReturn on_segment(GstPadProbeInfo* info);
  GstPadProbeReturn on_buffer(GstPadProbeInfo* info);
  GstPadProbeReturn on_gap(GstPadProbeInfo* info);
  GstClockTime joined(GstClockTime time) const;

  std::atomic<bool> is_reset_{true};
  bool is_joining_ = false;  // `current_` is another one than `first_`.
  GstSegment first_{};
  GstSegment current_{};
};

}  // namespace npuwhisper
