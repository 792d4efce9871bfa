// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/segment.h>

#include <cstdint>
#include <string>

#include "cues.h"
#include "gst_ptr.h"
#include "output_pad.h"
#include "timeline.h"

namespace npuwhisper {

/// Where the worker's results go: cues to `src`, JSON to `unsynced_src`, messages to the bus, and
/// events to both pads; a pad that was activated late gets the sticky ones first. For the worker's
/// thread alone.
class TextOutput {
 public:
  struct Format {
    CueFormat cues;
    bool post_messages = false;
  };

  TextOutput(GstElement* element, OutputPad& text, OutputPad& json);

  /// After a flush, or at the start: nothing is known of the stream, except as sticky events.
  void begin_epoch(std::uint64_t epoch);
  /// Forwards an event. SEGMENT must be in TIME format.
  void event(EventPtr event);
  /// One final segment of the transcriber.
  void segment(const Segment& segment, const Timeline& timeline, const Format& format);
  /// No more text starts before `to`.
  void advance(GstClockTime to);
  /// Tags the stream with a language (Whisper's code), once per stream and language.
  void language(const std::string& code);
  /// The next cue does not follow what came before.
  void discont() { discont_ = true; }

 private:
  void write(const OutputPad::Item& item);
  void write_to(OutputPad& pad, OutputPad::Item item);
  void post_segment(const Segment& segment, const Timeline& timeline, const std::string& json);
  void push_tags();

  GstElement* element_;
  OutputPad& text_;
  OutputPad& json_;
  std::uint64_t epoch_ = 0;
  CueMaker json_cues_;
  bool discont_ = true;
  GstClockTime told_ = 0;  ///< Of the last advance().
  guint32 seqnum_ = GST_SEQNUM_INVALID;

  EventPtr stream_start_;
  EventPtr segment_event_;
  TagListPtr tags_;  ///< Upstream's stream tags that also hold for the text, and the language.
  EventPtr tag_event_;
  std::string language_;
};

}  // namespace npuwhisper
