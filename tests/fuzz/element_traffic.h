// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "decisions.h"

namespace npuwhisper::fuzz {

/// Makes buffers, events and queries as an input says, sane ones more often than others.
class Traffic {
 public:
  /// `is_text`: the element takes text, else audio.
  explicit Traffic(bool is_text) : is_text_(is_text) {}

  /// STREAM_START, CAPS and SEGMENT as every sane stream has them.
  void begin_stream(GstPad* upstream);
  void push_buffer(Decisions& input, GstPad* upstream);
  /// An event that comes from upstream.
  void send_event(Decisions& input, GstPad* upstream);
  /// An event that comes from downstream.
  void send_upstream(Decisions& input, GstPad* downstream);
  /// A query of the element, of a pad or of its peer.
  void query(Decisions& input, GstElement* element, GstPad* pad);

 private:
  GstBuffer* audio(Decisions& input) const;
  GstBuffer* text(Decisions& input) const;
  GstCaps* caps(Decisions& input);
  GstClockTime time(Decisions& input) const;
  GstEvent* event(Decisions& input);
  GstEvent* segment(Decisions& input);

  const bool is_text_;
  bool is_s16_ = false;
  GstClockTime now_ = 0;  ///< Where the next buffer of a sane stream begins.
};

}  // namespace npuwhisper::fuzz
