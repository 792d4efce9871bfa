// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>
#include <string_view>

#include "caption_encoder.h"
#include "caption_settings.h"
#include "frame_clock.h"

namespace npuwhisper {

/// Converts timed text to closedcaption/x-cea-608: one buffer for each frame of the negotiated
/// framerate, from the segment's start to the end of the text and GAPs received so far. In pop-on
/// mode, the output ends earlier, by the lookahead. Frames without captions hold padding. Text and
/// GAPs that arrive before any segment have no time and are dropped. Above 30 frames per second,
/// raw output has a GAP in place of each frame that is not a slot of field 1.
///
/// As everywhere in GStreamer, a text or GAP declares everything before its end complete. Text for
/// a time that has passed is sent in the next free frames. If there is nothing to send for longer
/// than kLongestFill, only the last kLongestFill of this time is filled with frames, and one GAP
/// event covers the time before. A segment that plays backwards has no captions, only GAPs.
///
/// The functions for settings, latency and counters are thread-safe. Only the streaming thread,
/// which holds the sink pad's stream lock, may call the other functions; reset() may also be called
/// while the pads are inactive. While mutex_ is held, no other lock is taken and nothing is pushed.
class CaptionStream {
 public:
  static constexpr GstClockTime kLongestFill = 600 * GST_SECOND;

  /// Creates a stream that pushes on `src`, which the element owns.
  explicit CaptionStream(GstPad* src) : src_(src) {}

  CaptionSettings settings() const;
  /// Calls `change(CaptionSettings&)`, which must not call this object, and returns its result. The
  /// new settings take effect with the next text or GAP.
  template <typename Change>
  auto change_settings(Change change) {
    const std::scoped_lock lock(mutex_);
    changed_ = true;
    return change(settings_);
  }
  const cea608::EncoderCounters& counters() const { return encoder_.counters(); }
  /// Returns the delay of a frame after its timestamp: the lookahead plus the frame's duration.
  GstClockTime latency() const;

  /// Negotiates caps with downstream. Sends the caps if the pad has no caps yet or if downstream
  /// requests new caps. Returns false on failure.
  bool negotiate();
  /// Applies a TIME segment and forwards `event`. Takes ownership of `event`. If the timing
  /// changes, first sends the frames that the lookahead holds back. Returns false if downstream
  /// refuses the event.
  bool segment(GstEvent* event);
  /// Adds a text. If `pts` is NONE, the text starts where the text and GAPs received so far end. If
  /// `duration` is NONE or 0, the text has no end. A duration above kLongestFill is reduced to
  /// kLongestFill.
  GstFlowReturn text(std::string_view utf8, GstClockTime pts, GstClockTime duration);
  /// Advances to the end of a GAP.
  GstFlowReturn gap(GstClockTime pts, GstClockTime duration);
  /// Sends all waiting text, then erases the screen. The caller must send the EOS itself.
  GstFlowReturn drain();
  /// Forgets the text and the segment after a flush or a stop. Captions on screen will be erased.
  void reset();

 private:
  void take_settings();
  void set_framerate(const cea608::FrameClock& clock);
  GstFlowReturn advance(GstClockTime to, GstClockTime lookahead);
  GstFlowReturn push_frame();
  GstFlowReturn skip(guint64 to_frame);
  GstFlowReturn push_gap(GstClockTime pts, GstClockTime duration);

  GstPad* src_;
  mutable std::mutex mutex_;  // Guards settings_ and changed_.
  CaptionSettings settings_;
  bool changed_ = true;
  std::atomic<GstClockTime> frame_duration_{GST_SECOND * 1001 / 30000};

  // Accessed only by the streaming thread.
  cea608::CaptionEncoder encoder_;
  cea608::FrameClock clock_{30000, 1001};
  bool with_field_ = false;  // True for s334-1a: a byte with the field precedes each pair.
  GstSegment segment_{};
  bool in_segment_ = false;
  GstClockTime lookahead_ = 0;
  GstClockTime position_ = 0;  // The text before this time is complete.
  guint64 next_frame_ = 0;
  bool discont_ = true;
};

}  // namespace npuwhisper
