// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::cea608 {

/// Computes when the frames of a caption stream start, and which of them carry a pair of field 1.
/// Frame 0 starts at time 0. Times are computed from frame numbers, so they do not drift.
///
/// Line 21 carries one pair per field 29.97 times per second. Up to 30 frames per second, each
/// frame carries a pair of field 1. At higher rates, as in CTA-708, only every n-th frame carries a
/// pair of field 1. n is the smallest number for which at most 30 frames per second carry a pair: 2
/// up to 60 frames per second, 4 at 120. The frames with a pair are the slots of CaptionEncoder.
class FrameClock {
 public:
  /// Creates a clock of numerator / denominator frames per second; both must be at least 1.
  FrameClock(int numerator, int denominator);

  /// Returns the time at which `frame` starts.
  GstClockTime time_of(guint64 frame) const;
  /// Returns the first frame that starts at `time` or later.
  guint64 frame_at(GstClockTime time) const;
  /// Returns whether `frame` carries a pair of field 1.
  bool is_slot(guint64 frame) const { return frame % frames_per_slot_ == 0; }
  /// Returns the number of slots in the frames [first, last); 0 if `last` is not after `first`.
  guint64 slots_between(guint64 first, guint64 last) const;
  /// Returns the number of slots in `duration`, rounded up.
  guint64 slots_in(GstClockTime duration) const;
  /// Returns the number of slots per second, rounded, at least 1.
  guint64 slots_per_second() const;

  friend bool operator==(const FrameClock&, const FrameClock&) = default;

 private:
  guint64 numerator_;
  guint64 denominator_;
  guint64 frames_per_slot_;
};

}  // namespace npuwhisper::cea608
