// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace npuwhisper::cea608 {

/// The frames of a stream of captions: where they begin, and which of them carry a pair of field 1.
/// Frame 0 begins at time 0. Times are calculated from frame numbers, so none drifts.
///
/// Line 21 carries a pair of each field 29.97 times a second. Up to 30 frames a second each frame
/// carries one; above, as in CTA-708, frames take turns, so that every other (at 50 to 60), every
/// fourth (at 100 to 120) carries one of field 1. These frames are the slots of CaptionEncoder.
class FrameClock {
 public:
  /// Both at least 1.
  FrameClock(int numerator, int denominator);

  GstClockTime time_of(guint64 frame) const;
  /// The first frame that begins at `time` or later.
  guint64 frame_at(GstClockTime time) const;
  bool is_slot(guint64 frame) const { return frame % frames_per_slot_ == 0; }
  /// Slots among the frames from `first` to before `last`; 0 if that is not after `first`.
  guint64 slots_between(guint64 first, guint64 last) const;
  guint64 slots_in(GstClockTime duration) const;
  /// Rounded, at least 1.
  guint64 slots_per_second() const;

  friend bool operator==(const FrameClock&, const FrameClock&) = default;

 private:
  guint64 numerator_;
  guint64 denominator_;
  guint64 frames_per_slot_;
};

}  // namespace npuwhisper::cea608
