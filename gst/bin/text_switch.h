// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "../gst_ptr.h"
#include "captioner.h"
#include "text_gate.h"

namespace npuwhisper {

/// Lets text flow while both inputs of the bin are linked, and ends it when one of them is
/// unlinked.
///
/// The branch of the text reaches from the tee of the audio to the captioner. All its flushes go
/// through this class, so that no flush overtakes another one or the end of the text:
///   - While text flows, the branch is flushed with the audio.
///   - While text is ended, the branch is flushed with the video: the text that is still on its way
///     belongs to the time before the flush, and cccombiner wants both of its pads flushed alike.
///
/// Thread-safe. One thread at a time works. It also does what other threads ask for meanwhile. A
/// thread that brings a flush waits for it, takes over its work, and returns when the flush is
/// done. follow_links() never waits. mutex_ is a leaf and not held while pads are called. The pads
/// must outlive the data flow.
class TextSwitch {
 public:
  TextSwitch(GstElement* bin, TextGate& gate) : bin_(bin), gate_(gate) {}
  TextSwitch(const TextSwitch&) = delete;
  TextSwitch& operator=(const TextSwitch&) = delete;

  /// `source` is the pad of the tee, `sink` the beginning of the branch, `audio` and `video` are
  /// the inputs of the bin. Without `source` or `sink` no text ever flows.
  void attach(GstPad* source, GstPad* sink, GstPad* audio, GstPad* video);
  /// nullptr: text stops flowing. In READY or below.
  void set_captioner(Captioner* captioner);

  /// READY to PAUSED, before the elements follow.
  void start();
  /// READY to PAUSED, after the elements: an end that they could not take yet is sent again.
  void started();
  /// PAUSED to READY, after the elements.
  void stop();

  /// An input was linked or unlinked.
  void follow_links();
  /// The video is flushed by `event`: FLUSH_START or FLUSH_STOP.
  void follow_video(GstEvent* event);

 private:
  struct VideoFlush {
    guint32 seqnum = GST_SEQNUM_INVALID;
    bool is_on = false;  ///< FLUSH_STOP has yet to come.
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

  // Of the thread that works.
  Captioner* captioner_ = nullptr;
  bool is_captioner_linked_ = false;              // It waits for text, or for the text's end.
  bool runs_ = false;                             // PAUSED or PLAYING, or on the way there.
  bool flows_ = false;                            // The branch is linked to the tee.
  bool flushing_ = false;                         // The branch got FLUSH_START last.
  guint32 flush_seqnum_ = GST_SEQNUM_INVALID;     // Of the newest flush of the branch.
  guint32 followed_seqnum_ = GST_SEQNUM_INVALID;  // Of the video's newest that it needs no more.
  EventPtr end_;                                  // The end of the text, to be sent.
  gulong idle_probe_ = 0;

  std::mutex mutex_;  // Guards the next.
  std::condition_variable changed_;
  std::thread::id worker_;     // None: nobody works.
  bool is_asked_ = false;      // There may be something to do that the worker has not looked for.
  int n_waiting_flushes_ = 0;  // Threads that wait in flush_alone().
  std::deque<EventPtr> audio_flushes_;
  VideoFlush video_flush_;
  std::uint64_t n_unlinked_ = 0;  // How often the branch was.
  bool is_idle_ = false;          // Nothing has been on its way into it since then.
};

}  // namespace npuwhisper
