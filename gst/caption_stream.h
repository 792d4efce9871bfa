// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>
#include <string_view>

#include "caption_settings.h"
#include "cea608/caption_encoder.h"
#include "cea608/frame_clock.h"

namespace npuwhisper {

/// Timed text in, closedcaption/x-cea-608 out: one buffer for each frame of the negotiated
/// framerate, from the segment's start to where the text and the GAPs have got to (less the
/// lookahead of pop-on). Frames without captions hold padding. Text and GAPs that come before any
/// segment have no time: they are dropped. Above 30 frames a second raw has a GAP in place of the
/// frames that are no slots of field 1.
///
/// A text or GAP says that everything before its end has been said, as their durations do anywhere
/// in GStreamer; text that comes for a time that has passed goes into the next free frames. A hole
/// of more than kLongestFill in which there is nothing to send becomes one GAP event, apart from
/// its last kLongestFill. A segment that plays backwards has no captions, only GAPs.
///
/// All functions but the settings', the latency's and the counters' belong to the streaming thread
/// (the sink pad's stream lock). The mutex is a leaf, and not held while anything is pushed.
class CaptionStream {
 public:
  static constexpr GstClockTime kLongestFill = 600 * GST_SECOND;

  /// `src` stays owned by the element.
  explicit CaptionStream(GstPad* src) : src_(src) {}

  CaptionSettings settings() const;
  /// Calls `change(CaptionSettings&)`, which must not call back, and returns what it does. The
  /// settings are taken over with the next text or GAP.
  template <typename Change>
  auto change_settings(Change change) {
    const std::scoped_lock lock(mutex_);
    changed_ = true;
    return change(settings_);
  }
  const cea608::EncoderCounters& counters() const { return encoder_.counters(); }
  /// How long after its own time a frame leaves: the lookahead, and the frame itself.
  GstClockTime latency() const;

  /// Agrees on caps with downstream if they never were or must be again; sends them.
  bool negotiate();
  /// Takes over a TIME segment and forwards it; what is held back goes out before.
  bool segment(GstEvent* event);
  /// NONE: now; without an end. A text lasts kLongestFill at most.
  GstFlowReturn text(std::string_view utf8, GstClockTime pts, GstClockTime duration);
  GstFlowReturn gap(GstClockTime pts, GstClockTime duration);
  /// Sends all text and erases it. The EOS itself is the caller's.
  GstFlowReturn drain();
  /// After a flush or a stop: no text, no segment. What is shown will be erased.
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

  // Of the streaming thread.
  cea608::CaptionEncoder encoder_;
  cea608::FrameClock clock_{30000, 1001};
  bool with_field_ = false;  // s334-1a: a byte before each pair.
  GstSegment segment_{};
  bool in_segment_ = false;
  GstClockTime lookahead_ = 0;
  GstClockTime position_ = 0;  // Everything before has been said.
  guint64 next_frame_ = 0;
  bool discont_ = true;
};

}  // namespace npuwhisper
