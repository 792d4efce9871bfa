// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/segment.h>

#include <string>
#include <string_view>
#include <vector>

#include "timeline.h"

namespace npuwhisper {

/// What one text buffer holds.
enum class OutputMode { Segment, Word };

/// A text with its time in the input's buffer timestamps. start < end.
struct Cue {
  GstClockTime start = 0;
  GstClockTime end = 0;
  std::string text;  ///< Plain UTF-8.
};

/// Turns the transcriber's segments into cues that never overlap and never go back, whatever the
/// word times say: a cue that would start before the last one ended starts there, and every cue
/// lasts at least kShortest. Reentrant.
class CueMaker {
 public:
  static constexpr GstClockTime kShortest = 20 * GST_MSECOND;

  /// Cues start at or after the segment's start and, where it has one, end at its stop.
  void set_segment(const GstSegment& segment);
  /// The time from which the next cue may start.
  GstClockTime earliest() const { return earliest_; }

  /// The cues of one segment: one, or one for each word where `mode` asks for it and the segment
  /// has words. Text that is only white space gives none.
  std::vector<Cue> make(const Segment& segment, const Timeline& timeline, OutputMode mode);

 private:
  void add(std::vector<Cue>& cues, GstClockTime start, GstClockTime end, std::string_view text);

  GstClockTime earliest_ = 0;
  GstClockTime stop_ = GST_CLOCK_TIME_NONE;
};

/// `text` without white space at its ends.
std::string_view trim(std::string_view text);
/// `text` with the characters that Pango markup reserves written as entities.
std::string escape_markup(std::string_view text);

}  // namespace npuwhisper
