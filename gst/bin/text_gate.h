// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

#include "absent_text.h"
#include "element_group.h"
#include "gst/support/gst_ptr.h"
#include "query_guard.h"
#include "segment_joiner.h"

namespace npuwhisper {

/// A queue before the captioner ("cue_queue" in the bin) that closes when the video has ended. The
/// captioner takes no text after the end of the video. A thread that pushed text would wait
/// forever, or would get GST_FLOW_EOS, which would end the audio too.
///
/// A closed gate drops all data except two kinds. It lets in the events that text needs when the
/// video starts again. After a flush of the text, it also lets in a limited number of texts and
/// GAPs, because a seek may reach the audio before it reaches the video.
///
/// While the audio is unlinked, the gate lets in GAPs instead of text (AbsentText). Text of several
/// segments leaves the gate in one segment (SegmentJoiner).
///
/// Only start() and the thread that carries the events of the video may call open(). end_event()
/// and resume() must be called by one thread at a time. The pads never change. The gate must
/// outlive the data flow.
class TextGate {
 public:
  explicit TextGate(ElementGroup& elements);

  /// Returns the input for text; nullptr if the queue element is missing.
  GstPad* sink() const { return sink_.get(); }
  /// Returns the output for text; nullptr if the queue element is missing.
  GstPad* src() const { return src_.get(); }

  /// Makes the gate open when video starts on `pad`, through which video enters the captioner.
  void open_by(GstPad* pad);
  /// Makes the gate close when video ends on `pad`, through which video leaves the captioner. The
  /// end at the captioner's input would be too early, because the captioner may still wait for the
  /// text of the last frames.
  void close_by(GstPad* pad);
  /// Opens the gate, if it is closed.
  void open();
  /// Resets the state and opens the gate. Must be called for READY to PAUSED, before data flows.
  void start();

  /// Sets how far ahead of the video the captioner needs text or GAPs. Thread-safe.
  void set_lead(GstClockTime lead) { absent_text_.set_lead(lead); }
  /// Returns a new event, which the caller must send after the last audio when the audio is
  /// unlinked.
  EventPtr end_event() { return absent_text_.end_event(); }
  /// Lets text in again. Must be called after the audio is linked again, before it flows.
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
  std::atomic<int> n_let_in_{0};  // Further texts and GAPs that the closed gate lets in.
};

}  // namespace npuwhisper
