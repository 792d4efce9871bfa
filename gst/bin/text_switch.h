// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "captioner.h"
#include "gst/support/gst_ptr.h"
#include "text_gate.h"

namespace npuwhisper {

/// Lets text flow while both inputs of the bin are linked, and ends the text when an input is
/// unlinked.
///
/// The text's branch reaches from the audio's tee to the captioner. All its flushes pass through
/// this class, so that no flush overtakes another one or the end of the text:
///   - While text flows, the branch is flushed with the audio.
///   - After text has ended, the branch is flushed with the video. The text that is still in flight
///     belongs to the time before the flush, and cccombiner requires the same flushes on both of
///     its pads.
///
/// Thread-safe. One thread works at a time. The working thread also does the work that other
/// threads request meanwhile. A thread that flushes the audio or the video waits for the working
/// thread to stop, does the remaining work, and returns when the flush is done. follow_links()
/// never waits for the working thread. While mutex_ is held, no other lock is taken and no function
/// of a pad is called. The pads must outlive the data flow.
class TextSwitch {
 public:
  TextSwitch(GstElement* bin, TextGate& gate) : bin_(bin), gate_(gate) {}
  TextSwitch(const TextSwitch&) = delete;
  TextSwitch& operator=(const TextSwitch&) = delete;

  /// Sets the pads: `source` of the tee, `sink` at the start of the branch, and the bin's inputs
  /// `audio` and `video`. If `source` or `sink` is nullptr, no text ever flows.
  void attach(GstPad* source, GstPad* sink, GstPad* audio, GstPad* video);
  /// Stops the text, sets the captioner and, if the inputs are linked, lets text flow to the
  /// captioner. If `captioner` is nullptr or lacks an element, no text flows. Must be called in
  /// READY or below.
  void set_captioner(Captioner* captioner);

  /// Resets the state for a new stream. Must be called for READY to PAUSED, before the elements
  /// change state.
  void start();
  /// If no text flows, sends the end of the text again, because the elements could not take the
  /// event before. Must be called for READY to PAUSED, after the elements have changed state.
  void started();
  /// Cancels the pending end and, if no text flows, unlinks the captioner. Must be called for
  /// PAUSED to READY, after the elements have changed state.
  void stop();

  /// Starts or ends the text as the links require. Must be called after an input was linked or
  /// unlinked.
  void follow_links();
  /// Flushes the branch with the video if text has ended. Must be called with each FLUSH_START and
  /// FLUSH_STOP of the video.
  void follow_video(GstEvent* event);

 private:
  struct VideoFlush {
    guint32 seqnum = GST_SEQNUM_INVALID;
    bool is_on = false;  ///< True until FLUSH_STOP arrives.
  };
  struct Unlinked {
    TextSwitch* self;
    std::uint64_t n;
  };

  template <typename Work>
  void do_alone(const Work& work);
  template <typename Note>
  void flush_alone(const Note& note);
  void work_if_idle();
  void work_off(bool hands_over);
  bool step();
  bool wants_text() const;
  void begin();
  void end();
  bool end_in_order();
  bool is_to_follow(const VideoFlush& video) const;
  bool pass_audio_flush();
  void start_flush(EventPtr event);
  void stop_flush(EventPtr event);
  void await_idle();
  void forget_idle();
  bool is_idle();
  bool is_flush_waiting();
  VideoFlush video_flush();
  void unlink_captioner();
  static GstPadProbeReturn on_flush(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_idle(GstPad* pad, GstPadProbeInfo* info, gpointer unlinked);
  void flush_with_audio(EventPtr event);

  GstElement* const bin_;
  TextGate& gate_;
  GstPad* source_ = nullptr;
  GstPad* sink_ = nullptr;
  GstPad* audio_ = nullptr;
  GstPad* video_ = nullptr;

  // Accessed only by the working thread.
  Captioner* captioner_ = nullptr;
  bool is_captioner_linked_ = false;  // True if the captioner waits for text or its end.
  bool runs_ = false;                 // True in PAUSED or PLAYING and on the way to PAUSED.
  bool flows_ = false;                // True if the branch is linked to the tee.
  bool flushing_ = false;             // True from FLUSH_START to FLUSH_STOP of the branch.
  guint32 flush_seqnum_ = GST_SEQNUM_INVALID;  // Seqnum of the branch's newest flush.
  // Seqnum of the newest video flush that the branch need not follow.
  guint32 followed_seqnum_ = GST_SEQNUM_INVALID;
  EventPtr end_;  // The event that ends the text, until it is sent.
  gulong idle_probe_ = 0;

  std::mutex mutex_;  // Guards the members below.
  std::condition_variable changed_;
  std::thread::id worker_;  // ID of the working thread. Empty if no thread works.
  bool is_asked_ = false;   // True if there may be work that the working thread has not seen yet.
  int n_waiting_flushes_ = 0;  // Number of threads that wait in flush_alone().
  std::deque<EventPtr> audio_flushes_;
  VideoFlush video_flush_;
  std::uint64_t n_unlinked_ = 0;  // Number of calls of await_idle().
  bool is_idle_ = false;  // True if all buffers from before the last unlink are in the branch.
};

}  // namespace npuwhisper
