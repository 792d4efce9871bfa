// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "../gst_ptr.h"
#include "absent_text.h"
#include "element_group.h"
#include "query_guard.h"
#include "segment_joiner.h"

namespace npuwhisper {

/// A queue before the captioner ("cue_queue" in the bin) that is closed once the video has ended:
/// the captioner takes no more text then, so who pushes it would wait for ever, or be told that the
/// stream has ended, and with it the audio. What comes to a closed gate is dropped, but for the
/// events without which text could not go on when the video begins anew, and some of what comes
/// after a flush: a seek reaches audio and video one after the other.
///
/// While the audio is unlinked, the gate lets GAPs in instead of text (AbsentText). Text of several
/// segments leaves it in one (SegmentJoiner).
///
/// open() is for the streaming thread of the video, end_event() and resume() are for one thread at
/// a time; the pads are fixed from the constructor on. Nothing may flow any more when the gate
/// dies.
class TextGate {
 public:
  explicit TextGate(ElementGroup& elements);

  /// The way in, for text; nullptr where the queue is missing, as is the next.
  GstPad* sink() const { return sink_.get(); }
  GstPad* src() const { return src_.get(); }

  /// Opens when the video begins on `pad`, by which it goes into the captioner.
  void open_by(GstPad* pad);
  /// Closes when the video ends on `pad`, by which it leaves the captioner; going in does not do:
  /// a captioner may wait for the text of its last frames.
  void close_by(GstPad* pad);
  void open();
  /// READY to PAUSED: nothing flows yet.
  void start();

  /// How far beyond the video the captioner wants to know the text. Thread-safe.
  void set_lead(GstClockTime lead) { absent_text_.set_lead(lead); }
  /// The event to send behind the last audio when the audio is unlinked.
  EventPtr end_event() { return absent_text_.end_event(); }
  /// The audio is linked again. To be called before audio flows.
  void resume() { absent_text_.resume(); }

 private:
  void close();
  static GstPadProbeReturn on_video_in(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_video_out(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_text(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  GstElement* queue_;
  PadPtr sink_, src_;
  QueryGuard queries_;
  SegmentJoiner segments_;
  AbsentText absent_text_;
  std::atomic<bool> closed_{false};
  std::atomic<int> n_let_in_{0};  // Of a closed gate: how much more it lets in.
};

}  // namespace npuwhisper
