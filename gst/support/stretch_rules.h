// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>

#include "timeline.h"

namespace npuwhisper {

/// Decides how audio and GAPs continue the audio before them. Audio is one stretch of text as long
/// as nothing but short silence interrupts it. The caller owns the Timeline of the stretch and
/// appends to it. Reentrant.
class StretchRules {
 public:
  /// How audio follows the audio before it.
  struct AudioStep {
    std::int64_t n_missing = 0;  ///< Samples of silence to append to the timeline before the audio.
    /// The audio begins a new stretch. Never true if n_missing is not 0.
    bool begins_stretch = false;
  };
  /// How a GAP follows the audio before it.
  struct GapStep {
    enum class Kind {
      Ignored,     ///< The GAP has no effect.
      Silence,     ///< `n_samples` samples of silence from `start` belong to the stretch.
      NewStretch,  ///< The stretch ends, and a new one begins at the end of the GAP, `end`.
    };
    Kind kind = Kind::Ignored;
    GstClockTime start = 0;
    GstClockTime end = 0;
    std::int64_t n_samples = 0;
  };

  /// Begins a segment, whose timestamps have no relation to those before.
  void begin_segment(const GstSegment& segment);
  /// Forgets the GAPs since the last audio. Must be called after a flush.
  void forget_gaps();
  /// Returns how audio with the timestamp `start` (NONE: it follows the previous audio) continues
  /// `timeline`. `was_dropped`: audio right before it was dropped on purpose.
  AudioStep next_audio(const Timeline& timeline, GstClockTime start, bool was_dropped);
  /// Returns how a GAP continues `timeline`.
  GapStep next_gap(const Timeline& timeline, GstClockTime start, GstClockTime duration);

 private:
  void note_gap(GstClockTime start, GstClockTime end);
  void check_gaps(GstClockTime start);

  std::int64_t gap_samples_ = 0;  // Samples of silence for GAPs since the last audio.
  GstClockTime gap_start_ = 0;    // First time of the GAPs since the last audio.
  // End of the GAPs since the last audio; equals gap_start_ if there are none.
  GstClockTime gap_end_ = 0;
  // Duration by which GAPs of this segment reach beyond the start of the audio that follows: the
  // expected duration, or the largest one found so far. GAPs are shortened by this duration.
  GstClockTime gap_lead_ = 0;
};

}  // namespace npuwhisper
