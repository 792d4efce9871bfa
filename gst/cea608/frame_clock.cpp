// SPDX-License-Identifier: LGPL-2.1-or-later
#include "frame_clock.h"

#include <algorithm>

namespace npuwhisper::cea608 {
namespace {

constexpr guint64 kMaxSlotsPerSecond = 30;

guint64 divide_up(guint64 a, guint64 b) {
  return (a + b - 1) / b;
}

}  // namespace

FrameClock::FrameClock(int numerator, int denominator)
    : numerator_(static_cast<guint64>(numerator)),
      denominator_(static_cast<guint64>(denominator)),
      frames_per_slot_(
          std::max<guint64>(1, divide_up(numerator_, denominator_ * kMaxSlotsPerSecond))) {}

GstClockTime FrameClock::time_of(guint64 frame) const {
  return gst_util_uint64_scale(frame, denominator_ * GST_SECOND, numerator_);
}

guint64 FrameClock::frame_at(GstClockTime time) const {
  return gst_util_uint64_scale_ceil(time, numerator_, denominator_ * GST_SECOND);
}

guint64 FrameClock::slots_between(guint64 first, guint64 last) const {
  if (last <= first) return 0;
  return divide_up(last, frames_per_slot_) - divide_up(first, frames_per_slot_);
}

guint64 FrameClock::slots_in(GstClockTime duration) const {
  return gst_util_uint64_scale_ceil(duration, numerator_,
                                    denominator_ * frames_per_slot_ * GST_SECOND);
}

guint64 FrameClock::slots_per_second() const {
  return std::max<guint64>(
      1, gst_util_uint64_scale_round(1, numerator_, denominator_ * frames_per_slot_));
}

}  // namespace npuwhisper::cea608
