// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/segment.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "audio_output.h"
#include "cues.h"
#include "gst/support/gst_ptr.h"
#include "gst/support/timeline.h"
#include "output_pad.h"

namespace npuwhisper {

/// The outputs of the source pads, to which the worker's results are written.
struct SourcePads {
  OutputPad& text;
  OutputPad& json;
  AudioOutput& audio;
};

/// Sends the worker's results to their destinations: cues to `src`, JSON to `unsynced_src`, metas
/// to `audio_src`, messages to the bus, and events to `src` and `unsynced_src`. Used only by the
/// worker's thread.
class TextOutput {
 public:
  struct Format {
    CueFormat cues;
    bool post_messages = false;
  };

  TextOutput(GstElement* element, const SourcePads& pads);

  /// Begins an epoch, at the start or after a flush. Forgets the segment and the draft, but not the
  /// tags of the stream.
  void begin_epoch(std::uint64_t epoch);
  /// Forwards an event. SEGMENT must be in TIME format.
  void event(EventPtr event);
  /// Sets the longest lag of the transcriber, for audio_src.
  void set_longest_lag(std::int64_t n_samples) { audio_.set_longest_lag(n_samples); }
  /// Reports to audio_src that the worker has passed `n` SEGMENT, EOS or SEGMENT_DONE events (see
  /// is_mark()) that the input queue dropped before the next item.
  void skip_marks(std::size_t n);
  /// Writes one final segment of the transcriber.
  void segment(const Segment& segment, const Timeline& timeline, const Format& format);
  /// In live mode, sets the draft: the words that are recognised but may still change. Sends the
  /// draft only to `unsynced_src`, and only if it differs from the previous draft.
  void draft(std::vector<Word> words, const Timeline& timeline);
  /// Reports that no later text starts before `to`, and that captions that begin by `due` must not
  /// wait for later text.
  void advance(GstClockTime to, GstClockTime due = 0);
  /// Tags the stream with a language (Whisper's code), unless it already has this tag.
  void language(const std::string& code);
  /// Marks the next cue as discontinuous.
  void discont() { discont_ = true; }

 private:
  void write(const OutputPad::Item& item);
  void post_segment(const Segment& segment, const Timeline& timeline, const std::string& json);
  void say(const Segment& segment, const Timeline& timeline);
  void push_tags();

  GstElement* element_;
  OutputPad& text_;
  OutputPad& json_;
  AudioOutput& audio_;
  std::uint64_t epoch_ = 0;
  CueMaker json_cues_;
  bool discont_ = true;
  GstClockTime told_ = 0;  ///< The latest `to` of advance().
  GstClockTime due_ = 0;   ///< Captions that begin by this time do not wait for later text.
  guint32 seqnum_ = GST_SEQNUM_INVALID;

  bool in_segment_ = false;
  TagListPtr tags_;          ///< Upstream's stream tags that also apply to the text.
  std::string language_;     ///< The language in the tags that were sent last.
  std::vector<Word> draft_;  ///< The draft sent last.
};

}  // namespace npuwhisper
