// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>

namespace npuwhisper {

/// Returns the duration of n samples at 16 kHz, rounded down; n >= 0.
GstClockTime samples_to_time(std::int64_t n);
/// Returns the number of samples at 16 kHz in `time`, rounded to the nearest.
std::int64_t time_to_samples(GstClockTime time);

/// Returns the absolute difference of `a` and `b`; correct for all (unsigned) values.
GstClockTime distance(GstClockTime a, GstClockTime b);

/// Returns true if both segments give the same meaning to timestamps. Ignores the segments'
/// positions.
bool same_timing(const GstSegment& a, const GstSegment& b);

/// Maps a sample index, counted from Transcriber::reset(), to a buffer time (PTS). Reports whether
/// a buffer continues the audio before it. Only this file converts samples to GstClockTime.
///
/// Audio is one stretch as long as each buffer starts within kDiscontinuity of the end of the
/// previous buffer. Otherwise the caller drains and calls restart(). A smaller error (a capture
/// clock that drifts, times rounded to milliseconds) sets a new anchor once it exceeds kDrift, so
/// that a day of audio does not drift away from its timestamps. Reentrant.
class Timeline {
 public:
  static constexpr GstClockTime kDiscontinuity = 40 * GST_MSECOND;
  static constexpr GstClockTime kDrift = 10 * GST_MSECOND;

  /// Places index 0 at `start` and forgets all earlier audio.
  void restart(GstClockTime start);
  /// Returns true if audio that starts at `pts`, or has no timestamp, belongs to this stretch.
  bool continues(GstClockTime pts) const;
  /// Adds n samples that start at `pts` or, for GST_CLOCK_TIME_NONE, at the end of the previous
  /// samples.
  void append(GstClockTime pts, std::int64_t n_samples);

  /// Returns the number of samples added since restart().
  std::int64_t n_samples() const { return n_samples_; }
  /// Returns the buffer time of the sample after the last one.
  GstClockTime end() const { return time_of(n_samples_); }
  /// Returns the buffer time of a sample. An index before the oldest anchor kept is extrapolated
  /// from that anchor. The result never decreases as the index grows, even where timestamps step
  /// back.
  GstClockTime time_of(std::int64_t index) const;
  /// Forgets anchors that only samples before `index` need. The caller no longer needs these
  /// samples.
  void forget_before(std::int64_t index);

 private:
  struct Anchor {
    std::int64_t index;
    GstClockTime time;
  };
  std::deque<Anchor> anchors_{{0, 0}};  ///< Sorted by index; never empty.
  std::int64_t n_samples_ = 0;
};

}  // namespace npuwhisper
