// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

namespace npuwhisper {

/// Joins text of several streams and segments into one segment: maps all timestamps to the first
/// segment, and lets only the first STREAM_START and SEGMENT pass. Running times stay the same.
///
/// textoverlay drops the text on screen when a STREAM_START arrives, and computes the running time
/// of that text from the newest SEGMENT. If text continued in another stream or segment (chained
/// Ogg, concatenated MPEG-TS), the text of the previous stream or segment would disappear
/// immediately.
///
/// A segment with another rate replaces the first one. After an EOS or a flush, the next segment
/// becomes the first one. Only the streaming thread may call on_data(); reset() is thread-safe.
class SegmentJoiner {
 public:
  /// Lets the next STREAM_START and SEGMENT pass. The next segment becomes the first segment.
  void reset() { is_reset_ = true; }
  /// Processes an item of a pad probe on buffers, events and flushes. May replace the item. Returns
  /// the probe's return value.
  GstPadProbeReturn on_data(GstPadProbeInfo* info);

 private:
  GstPadProbeReturn on_segment(GstPadProbeInfo* info);
  GstPadProbeReturn on_buffer(GstPadProbeInfo* info);
  GstPadProbeReturn on_gap(GstPadProbeInfo* info);
  GstClockTime joined(GstClockTime time) const;

  std::atomic<bool> is_reset_{true};
  bool is_joining_ = false;  // True if `current_` is joined to `first_`.
  GstSegment first_{};
  GstSegment current_{};
};

}  // namespace npuwhisper
