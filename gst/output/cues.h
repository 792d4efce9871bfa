// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/captions.h>
#include <npuwhisper/segment.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gst/support/timeline.h"

namespace npuwhisper {

/// The unit of text in one buffer.
enum class OutputMode { Segment, Word };

/// Specifies how speech becomes cues. `captions` applies only to the mode Segment. In the mode
/// Word, words are sent unchanged.
struct CueFormat {
  OutputMode mode = OutputMode::Segment;
  CaptionLayout captions;

  bool operator==(const CueFormat&) const = default;
  bool makes_captions() const {
    return mode == OutputMode::Segment && captions.style != CaptionStyle::None;
  }
};

/// The speech of one segment of the transcriber, with times as buffer timestamps of the input.
/// `texts` contains the segment's words if `format` needs words and the segment has words.
/// Otherwise, `texts` contains the whole text.
struct Speech {
  std::vector<SpokenText> texts;
  std::string language;
  CueFormat format;
};
Speech speech_of(const Segment& segment, const Timeline& timeline, const CueFormat& format);

/// A text and its time, as buffer timestamps of the input; start < end.
struct Cue {
  GstClockTime start = 0;
  GstClockTime end = 0;
  /// End of the last word; NONE if the cue has no new word.
  GstClockTime spoken = GST_CLOCK_TIME_NONE;
  std::string text;  ///< Plain UTF-8; lines are separated by '\n'.
};

/// Turns speech into cues that never overlap and never go back in time, even if the word times do.
/// A cue that would start before the end of the last cue starts at that end, and every cue lasts at
/// least kShortest. Without captions, each text becomes a cue immediately. A caption waits for the
/// words that complete it (CaptionMaker), but no longer than until leave() returns it. Reentrant.
class CueMaker {
 public:
  static constexpr GstClockTime kShortest = 20 * GST_MSECOND;

  /// Discards waiting text. Later cues start at or after the segment's start. Later cues end by the
  /// segment's stop, unless kShortest makes them longer.
  void set_segment(const GstSegment& segment);
  /// Returns the earliest time at which the next cue may start.
  GstClockTime earliest() const { return earliest_; }
  /// Prevents cues from starting before `to`.
  void raise_earliest(GstClockTime to);
  /// Returns the start of the waiting text, or NONE if no text waits.
  GstClockTime pending() const;

  /// Adds speech and returns the cues that it completes. Ignores text that is only white space.
  std::vector<Cue> add(const Speech& speech);
  /// Returns the cues that are complete because no later text starts before `known`.
  std::vector<Cue> advance(GstClockTime known);
  /// Returns the captions that start at or before `due`, even if they are incomplete, because they
  /// must not wait longer.
  std::vector<Cue> leave(GstClockTime due);
  /// Returns all waiting text as cues.
  std::vector<Cue> flush();
  /// Returns all waiting text as cues. `next` is unrelated speech that follows. The cues are timed
  /// so that they delay `next` by at most half a second.
  std::vector<Cue> flush_before(const Speech& next);

 private:
  void change_format(const CueFormat& format);
  void take(std::vector<Cue>& cues, const std::vector<Caption>& captions);
  void add(std::vector<Cue>& cues, Cue cue);

  std::optional<CueFormat> format_;         ///< The format of the last speech.
  std::unique_ptr<CaptionMaker> captions_;  ///< nullptr if format_ needs no captions.
  GstClockTime known_ = 0;
  GstClockTime earliest_ = 0;
  GstClockTime stop_ = GST_CLOCK_TIME_NONE;
};

/// Returns `text` with entities in place of the characters that Pango markup reserves.
std::string escape_markup(std::string_view text);

}  // namespace npuwhisper
