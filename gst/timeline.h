// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>

namespace npuwhisper {

/// Duration of n samples at 16 kHz, rounded down; n >= 0.
GstClockTime samples_to_time(std::int64_t n);
/// Samples at 16 kHz in `time`, rounded to the nearest.
std::int64_t time_to_samples(GstClockTime time);

/// How far `a` and `b` are apart; for all values, since it has no sign.
GstClockTime distance(GstClockTime a, GstClockTime b);

/// True if both give the same times the same meaning; the position within them does not matter.
bool same_timing(const GstSegment& a, const GstSegment& b);

/// Maps the sample index since Transcriber::reset() to a buffer time (PTS) and back to "does this
/// buffer follow?". Nothing else in the project turns samples into GstClockTime.
///
/// Audio is one stretch as long as each buffer starts within kDiscontinuity of where the last one
/// ended; beyond that the caller drains and calls restart(). Smaller errors (a capture clock that
/// drifts, times rounded to milliseconds) are followed by a new anchor once they pass kDrift, so a
/// day of audio does not drift away from its timestamps. Reentrant.
class Timeline {
 public:
  static constexpr GstClockTime kDiscontinuity = 40 * GST_MSECOND;
  static constexpr GstClockTime kDrift = 10 * GST_MSECOND;

  /// Index 0 is at `start` from now on; everything before is forgotten.
  void restart(GstClockTime start);
  /// True if audio that starts at `pts` belongs to this stretch; so does audio without a timestamp.
  bool continues(GstClockTime pts) const;
  /// Takes n samples that start at `pts` (GST_CLOCK_TIME_NONE: where the last ones ended).
  void append(GstClockTime pts, std::int64_t n_samples);

  /// Samples taken since restart().
  std::int64_t n_samples() const { return n_samples_; }
  /// Buffer time of the sample after the last one.
  GstClockTime end() const { return time_of(n_samples_); }
  /// Buffer time of a sample; indices that were forgotten count from the oldest anchor kept. Never
  /// goes back as the index grows, though timestamps may.
  GstClockTime time_of(std::int64_t index) const;
  /// Nobody will ask for samples before `index` any more.
  void forget_before(std::int64_t index);

 private:
  struct Anchor {
    std::int64_t index;
    GstClockTime time;
  };
  std::deque<Anchor> anchors_{{0, 0}};  ///< Ascending; never empty.
  std::int64_t n_samples_ = 0;
};

}  // namespace npuwhisper
