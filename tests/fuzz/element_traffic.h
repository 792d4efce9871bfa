// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "decisions.h"

namespace npuwhisper::fuzz {

/// Creates and sends buffers, events and queries as the input chooses. Most of the data are valid.
class Traffic {
 public:
  /// `is_text`: true if the element accepts text, false if it accepts audio.
  explicit Traffic(bool is_text) : is_text_(is_text) {}

  /// Sends the STREAM_START, CAPS and SEGMENT of a valid stream.
  void begin_stream(GstPad* upstream);
  void push_buffer(Decisions& input, GstPad* upstream);
  /// Sends an event from upstream.
  void send_event(Decisions& input, GstPad* upstream);
  /// Sends an event from downstream.
  void send_upstream(Decisions& input, GstPad* downstream);
  /// Sends a query to the element, a pad or the pad's peer.
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
  GstClockTime now_ = 0;  ///< Start of the next buffer in a valid stream.
};

}  // namespace npuwhisper::fuzz
