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

#include "timeline.h"

namespace npuwhisper {

/// What one text buffer holds.
enum class OutputMode { Segment, Word };

/// How speech becomes cues. The captions' style is that of segments; words are as they are.
struct CueFormat {
  OutputMode mode = OutputMode::Segment;
  CaptionLayout captions;

  bool operator==(const CueFormat&) const = default;
  bool makes_captions() const {
    return mode == OutputMode::Segment && captions.style != CaptionStyle::None;
  }
};

/// One segment of the transcriber in the input's buffer timestamps: what `format` wants of it,
/// which is its words, if it has any, or its text as a whole.
struct Speech {
  std::vector<SpokenText> texts;
  std::string language;
  CueFormat format;
};
Speech speech_of(const Segment& segment, const Timeline& timeline, const CueFormat& format);

/// A text with its time in the input's buffer timestamps. start < end.
struct Cue {
  GstClockTime start = 0;
  GstClockTime end = 0;
  GstClockTime spoken = GST_CLOCK_TIME_NONE;  ///< Where its last word ended; NONE: none is new.
  std::string text;                           ///< Plain UTF-8; lines are separated by '\n'.
};

/// Turns speech into cues that never overlap and never go back, whatever the word times say: a cue
/// that would start before the last one ended starts there, and every cue lasts at least kShortest.
/// Without captions each text is a cue at once. Captions wait for the words that complete them, for
/// as long as nobody needs them (CaptionMaker). Reentrant.
class CueMaker {
 public:
  static constexpr GstClockTime kShortest = 20 * GST_MSECOND;

  /// Forgets text that waits. Cues start at or after the segment's start and, where it has one, end
  /// at its stop.
  void set_segment(const GstSegment& segment);
  /// The time from which the next cue may start.
  GstClockTime earliest() const { return earliest_; }
  /// No cue may start before `to` any more.
  void raise_earliest(GstClockTime to);
  /// When the text begins that waits; NONE: none does.
  GstClockTime pending() const;

  /// The cues that are finished with this. Text that is only white space gives none.
  std::vector<Cue> add(const Speech& speech);
  /// No later text starts before `known`.
  std::vector<Cue> advance(GstClockTime known);
  /// What starts by `due` cannot wait any longer.
  std::vector<Cue> leave(GstClockTime due);
  /// All that waits.
  std::vector<Cue> flush();
  /// Likewise, before speech that has nothing to do with it, and is not to wait for it.
  std::vector<Cue> flush_before(const Speech& next);

 private:
  void change_format(const CueFormat& format);
  void take(std::vector<Cue>& cues, const std::vector<Caption>& captions);
  void add(std::vector<Cue>& cues, Cue cue);

  std::optional<CueFormat> format_;         ///< Of the last speech.
  std::unique_ptr<CaptionMaker> captions_;  ///< nullptr where format_ makes none.
  GstClockTime known_ = 0;
  GstClockTime earliest_ = 0;
  GstClockTime stop_ = GST_CLOCK_TIME_NONE;
};

/// `text` without white space at its ends.
std::string_view trim(std::string_view text);
/// `text` with the characters that Pango markup reserves written as entities.
std::string escape_markup(std::string_view text);

}  // namespace npuwhisper
