// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <mutex>

#include "../gst_ptr.h"

namespace npuwhisper {

/// Stands in for the text while its audio is unlinked, so that the captioner does not hold up the
/// video: GAPs go to the captioner in step with the video until the audio is linked again.
///
/// EOS could not be taken back without loss: a queue that has EOS in it besides other data stops,
/// and a flush discards the text that is on its way or shown, and flushes the sink of the video. If
/// no stream has come to the captioner yet, this class begins one.
///
/// A flush of the text voids its end: another end_event() has to follow. end_event() and resume()
/// are for one thread at a time; set_lead() is thread-safe. The pads must outlive the data flow.
/// mutex_ is a leaf.
class AbsentText {
 public:
  /// `sink` and `src` belong to the queue of text before the captioner, `video` is the pad by which
  /// video enters the captioner.
  void attach(GstPad* sink, GstPad* src, GstPad* video);
  /// READY to PAUSED: nothing flows yet.
  void start();
  /// How far beyond the video the captioner wants to know the text.
  void set_lead(GstClockTime lead) { lead_ = lead; }

  /// Returns the event to send behind the last audio. Once it arrives at `src`, the text is absent.
  EventPtr end_event();
  /// The audio is linked again; an end_event() that is on its way becomes void. To be called before
  /// audio flows.
  void resume();

  /// In a probe on `sink`: what passes is a GAP of this class.
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
  std::atomic<guint32> end_{GST_SEQNUM_INVALID};  // The seqnum of the newest end_event().
  std::atomic<bool> absent_{false};               // GAPs are to be sent.
  std::atomic<GstClockTime> video_position_{0};   // A running time.
  GstSegment video_segment_{};                    // Of the video's thread.
  GstSegment text_segment_{};                     // Of the thread of `src`.
  bool filling_ = false;                          // The stream lock of `sink` guards it.

  std::mutex mutex_;                // Guards the next, and the change of absent_ to true.
  GstClockTime text_position_ = 0;  // A running time.
  GstSegment gap_segment_{};        // While absent_.
};

}  // namespace npuwhisper
