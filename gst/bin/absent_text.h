// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>

#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Replaces the text while its audio is unlinked, because the captioner would otherwise block the
/// video. Sends GAPs to the captioner in step with the video until the audio is linked again.
///
/// An EOS event cannot replace the GAPs, because a queue stops at EOS even if more data follows. A
/// flush would undo EOS, but it discards the text that is in flight or on screen and also flushes
/// the video's sink. If no stream has reached the captioner yet, this class starts one.
///
/// A flush of the text voids an end_event() that was sent. After the flush, the caller must send a
/// new end_event(). end_event() and resume() must be called by one thread at a time; set_lead() is
/// thread-safe. The pads must outlive the data flow. No other lock is taken while mutex_ is held.
class AbsentText {
 public:
  /// Adds the probes. `sink` and `src` are the pads of the text queue before the captioner; video
  /// enters the captioner through `video`.
  void attach(GstPad* sink, GstPad* src, GstPad* video);
  /// Resets the state. Must be called for READY to PAUSED, before data flows.
  void start();
  /// Sets how far ahead of the video the captioner needs text or GAPs.
  void set_lead(GstClockTime lead) { lead_ = lead; }

  /// Returns a new event, which the caller must send after the last audio. The text is absent from
  /// the moment at which the event arrives at `src`.
  EventPtr end_event();
  /// Ends the absence of the text and voids an end_event() in flight. Must be called after the
  /// audio is linked again, before it flows.
  void resume();

  /// Returns true if the event that passes `sink` is a GAP of this class. Must be called in a probe
  /// on `sink`.
  bool is_filling() const { return filling_; }

 private:
  static GstPadProbeReturn on_video(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_seek(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_text(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void follow_video(GstClockTime pts);
  void follow_text(GstClockTime start, GstClockTime duration);
  void text_event(GstEvent* event);
  void end(guint32 seqnum);
  void begin_stream();
  void fill();
  EventPtr begin_gaps(guint32 seqnum);
  bool is_gap_due();
  EventPtr next_gap();
  EventPtr gap_to_wanted();
  void forget_text();
  GstClockTime wanted() const { return video_position_ + lead_; }

  GstPad* sink_ = nullptr;
  GstPad* src_ = nullptr;
  std::atomic<GstClockTime> lead_{0};
  std::atomic<guint32> end_{GST_SEQNUM_INVALID};  // Seqnum of the newest end_event().
  std::atomic<bool> absent_{false};               // True while this class sends GAPs.
  std::atomic<GstClockTime> video_position_{0};   // Running time that the video has reached.
  GstSegment video_segment_{};                    // Accessed only by the video's thread.
  GstSegment text_segment_{};                     // Accessed only by the thread of `src`.
  bool filling_ = false;                          // Guarded by the stream lock of `sink`.

  std::mutex mutex_;                // Guards the members below and changes of absent_ to true.
  GstClockTime text_position_ = 0;  // Running time of the end of the last text or GAP.
  GstSegment gap_segment_{};        // Segment of the GAPs. Valid while absent_ is true.
};

}  // namespace npuwhisper
