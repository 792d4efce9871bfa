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
#include "gst_ptr.h"
#include "output_pad.h"
#include "timeline.h"

namespace npuwhisper {

/// The source pads as the worker sees them.
struct SourcePads {
  OutputPad& text;
  OutputPad& json;
  AudioOutput& audio;
};

/// Where the worker's results go: cues to `src`, JSON to `unsynced_src`, metas to `audio_src`,
/// messages to the bus, and events to the first two. For the worker's thread alone.
class TextOutput {
 public:
  struct Format {
    CueFormat cues;
    bool post_messages = false;
  };

  TextOutput(GstElement* element, const SourcePads& pads);

  /// After a flush, or at the start: nothing is known of the stream, except as sticky events.
  void begin_epoch(std::uint64_t epoch);
  /// Forwards an event. SEGMENT must be in TIME format.
  void event(EventPtr event);
  /// Marks (is_mark) that were dropped before the event that comes next.
  void skip_marks(std::size_t n);
  /// One final segment of the transcriber.
  void segment(const Segment& segment, const Timeline& timeline, const Format& format);
  /// Live: the words that were heard but may still change, in place of the last ones. Sent, to
  /// `unsynced_src` alone, when they differ from those.
  void draft(std::vector<Word> words, const Timeline& timeline);
  /// No more text starts before `to`; captions that begin by `due` cannot wait for more of it.
  void advance(GstClockTime to, GstClockTime due = 0);
  /// Tags the stream with a language (Whisper's code), once per stream and language.
  void language(const std::string& code);
  /// The next cue does not follow what came before.
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
  GstClockTime told_ = 0;  ///< Of the last advance().
  GstClockTime due_ = 0;   ///< Likewise.
  guint32 seqnum_ = GST_SEQNUM_INVALID;

  bool in_segment_ = false;
  TagListPtr tags_;  ///< Upstream's stream tags that also hold for the text, and the language.
  std::string language_;
  std::vector<Word> draft_;  ///< As last sent.
};

}  // namespace npuwhisper
