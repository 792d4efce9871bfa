// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text_switch.h"

#include <utility>

#include "gst/support/callback.h"

namespace npuwhisper {
namespace {

EventPtr with_seqnum(GstEvent* event, guint32 seqnum) {
  gst_event_set_seqnum(event, seqnum);
  return EventPtr(event);
}

}  // namespace

void TextSwitch::attach(GstPad* source, GstPad* sink, GstPad* audio, GstPad* video) {
  source_ = source;
  sink_ = sink;
  audio_ = audio;
  video_ = video;
  if (source != nullptr) {
    gst_pad_add_probe(source, GST_PAD_PROBE_TYPE_EVENT_FLUSH, probe<on_flush>, this, nullptr);
  }
}

void TextSwitch::set_captioner(Captioner* captioner) {
  do_alone([&] {
    if (std::exchange(flows_, false)) gst_pad_unlink(source_, sink_);
    unlink_captioner();
    captioner_ = captioner;
  });
}

void TextSwitch::start() {
  do_alone([&] {
    runs_ = true;
    flushing_ = false;
    flush_seqnum_ = GST_SEQNUM_INVALID;
    followed_seqnum_ = GST_SEQNUM_INVALID;
    end_.reset();
    const std::scoped_lock lock(mutex_);
    video_flush_ = {};
  });
}

void TextSwitch::started() {
  do_alone([&] {
    if (!flows_ && is_captioner_linked_) end_ = gate_.end_event();
  });
}

void TextSwitch::stop() {
  do_alone([&] {
    runs_ = false;
    end_.reset();
    forget_idle();
    if (!flows_) unlink_captioner();
  });
}

void TextSwitch::follow_links() {
  {
    const std::scoped_lock lock(mutex_);
    is_asked_ = true;
  }
  work_if_idle();
}

void TextSwitch::follow_video(GstEvent* event) {
  flush_alone([&] {
    video_flush_ = {gst_event_get_seqnum(event), GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START};
  });
}

// Takes over a flush of the audio from the tee. The probe drops the event, and step() sends the
// event to the branch. Runs in the thread that flushes the audio.
GstPadProbeReturn TextSwitch::on_flush(GstPad*, GstPadProbeInfo* info, gpointer self) {
  EventPtr event(gst_event_ref(GST_PAD_PROBE_INFO_EVENT(info)));
  static_cast<TextSwitch*>(self)->flush_with_audio(std::move(event));
  return GST_PAD_PROBE_DROP;
}

void TextSwitch::flush_with_audio(EventPtr event) {
  flush_alone([&] { audio_flushes_.push_back(std::move(event)); });
}

// Records a flush with `note` and carries it out on the calling thread. Upstream sends data as soon
// as FLUSH_STOP returns, and expects FLUSH_START to have woken every thread. cccombiner does not
// support a flush that starts while another thread ends the previous one. Therefore, this function
// waits for the working thread to stop and does the remaining work.
//
// The working thread must not flush for another thread, because of the pipeline's state lock. A
// flushed sink makes the pipeline distribute its latency, which takes the state lock. A seek that
// waits in this function holds the state lock. If the working thread's own work causes a flush,
// this function only records the flush, and work_off() carries it out afterwards.
template <typename Note>
void TextSwitch::flush_alone(const Note& note) {
  const std::thread::id self = std::this_thread::get_id();
  {
    std::unique_lock lock(mutex_);
    ++n_waiting_flushes_;
    changed_.wait(lock, [&] { return worker_ == std::thread::id() || worker_ == self; });
    --n_waiting_flushes_;
    note();
    is_asked_ = true;
    if (worker_ == self) return;
    worker_ = self;
  }
  work_off(false);
}

// Waits for the working thread to stop, then does `work` and all requested work.
template <typename Work>
void TextSwitch::do_alone(const Work& work) {
  const std::thread::id self = std::this_thread::get_id();
  bool is_nested = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return worker_ == std::thread::id() || worker_ == self; });
    is_nested = worker_ == self;
    worker_ = self;
    is_asked_ = true;
  }
  work();
  // If this call is nested, the outer call does the requested work.
  if (!is_nested) work_off(true);
}

// If a working thread exists, leaves all requested work to that thread. Otherwise, does the work.
void TextSwitch::work_if_idle() {
  {
    const std::scoped_lock lock(mutex_);
    if (worker_ != std::thread::id()) return;
    worker_ = std::this_thread::get_id();
  }
  work_off(true);
}

// Does all requested work. The caller must be the working thread. On return, the caller is no
// longer the working thread. With `hands_over`, stops if another thread waits to flush. The waiting
// thread then does the remaining work.
void TextSwitch::work_off(bool hands_over) {
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      if (!std::exchange(is_asked_, false) || (hands_over && n_waiting_flushes_ > 0)) {
        worker_ = std::thread::id();
        changed_.notify_all();
        return;
      }
    }
    while (step() && !(hands_over && is_flush_waiting())) {
    }
  }
}

// Performs one step that is due: begins or ends the text, passes a flush of the audio, or calls
// end_in_order(). Returns false if no step is due.
bool TextSwitch::step() {
  const bool wanted = wants_text();
  if (wanted != flows_) {
    flows_ = wanted;
    wanted ? begin() : end();
    return true;
  }
  if (pass_audio_flush()) return true;
  return !flows_ && runs_ && is_captioner_linked_ && end_in_order();
}

bool TextSwitch::wants_text() const {
  return captioner_ != nullptr && captioner_->missing().empty() && source_ != nullptr &&
         sink_ != nullptr && gate_.src() != nullptr && gst_pad_is_linked(audio_) &&
         gst_pad_is_linked(video_);
}

void TextSwitch::begin() {
  forget_idle();
  end_.reset();
  if (flushing_) stop_flush(with_seqnum(gst_event_new_flush_stop(TRUE), flush_seqnum_));
  gate_.resume();
  is_captioner_linked_ = captioner_->link_text(gate_.src());
  if (!is_captioner_linked_ || gst_pad_link(source_, sink_) != GST_PAD_LINK_OK) {
    GST_ELEMENT_ERROR(bin_, CORE, PAD, ("Cannot link the captions"), (nullptr));
  }
}

void TextSwitch::end() {
  gst_pad_unlink(source_, sink_);
  if (!runs_) {
    unlink_captioner();
    return;
  }
  // The text still flowed during the video's last flush, so the branch need not follow that flush.
  // A second flush would make cccombiner flush the video's sink again.
  if (const VideoFlush video = video_flush(); !video.is_on) followed_seqnum_ = video.seqnum;
  end_ = gate_.end_event();
  await_idle();
}

// Flushes the branch if the video was flushed, then sends the end of the text. Does one of these
// steps per call. Returns false if no step is due.
bool TextSwitch::end_in_order() {
  const VideoFlush video = video_flush();
  if (flushing_ && (!video.is_on || video.seqnum != flush_seqnum_)) {
    stop_flush(with_seqnum(gst_event_new_flush_stop(TRUE), flush_seqnum_));
    end_ = gate_.end_event();
    return true;
  }
  if (is_to_follow(video)) {
    start_flush(with_seqnum(gst_event_new_flush_start(), video.seqnum));
    return true;
  }
  if (flushing_ || !end_ || !is_idle()) return false;
  forget_idle();
  gst_pad_send_event(sink_, end_.release());
  return true;
}

// Returns whether the branch must still follow the newest flush of the video. A branch that was
// flushed with the video need not follow, even if a later flush came with the audio only.
bool TextSwitch::is_to_follow(const VideoFlush& video) const {
  return video.seqnum != GST_SEQNUM_INVALID && video.seqnum != flush_seqnum_ &&
         video.seqnum != followed_seqnum_;
}

bool TextSwitch::pass_audio_flush() {
  EventPtr event;
  {
    const std::scoped_lock lock(mutex_);
    if (audio_flushes_.empty()) return false;
    event = std::move(audio_flushes_.front());
    audio_flushes_.pop_front();
  }
  if (flows_) {
    if (GST_EVENT_TYPE(event.get()) == GST_EVENT_FLUSH_START) {
      start_flush(std::move(event));
    } else {
      stop_flush(std::move(event));
    }
  }
  return true;
}

void TextSwitch::start_flush(EventPtr event) {
  if (flush_seqnum_ == video_flush().seqnum) followed_seqnum_ = flush_seqnum_;
  flushing_ = true;
  flush_seqnum_ = gst_event_get_seqnum(event.get());
  gst_pad_send_event(sink_, event.release());
}

// Ends a flush of the branch. If no flush has started, starts one first: FLUSH_STOP waits for the
// threads of the branch, so FLUSH_START must wake them.
void TextSwitch::stop_flush(EventPtr event) {
  if (!flushing_) {
    start_flush(with_seqnum(gst_event_new_flush_start(), gst_event_get_seqnum(event.get())));
  }
  flushing_ = false;
  gst_pad_send_event(sink_, event.release());
}

// Adds a probe that reports when all buffers that have passed the tee's pad are in the branch. Such
// a buffer may still be waiting for space in the branch, and the end of the text must be sent after
// that buffer.
void TextSwitch::await_idle() {
  auto* unlinked = g_new0(Unlinked, 1);  // g_new0() does not throw, unlike new.
  unlinked->self = this;
  {
    const std::scoped_lock lock(mutex_);
    is_idle_ = false;
    unlinked->n = ++n_unlinked_;
  }
  idle_probe_ =
      gst_pad_add_probe(source_, GST_PAD_PROBE_TYPE_IDLE, probe<on_idle>, unlinked, g_free);
}

GstPadProbeReturn TextSwitch::on_idle(GstPad*, GstPadProbeInfo*, gpointer unlinked) {
  const auto [self, n] = *static_cast<Unlinked*>(unlinked);
  {
    const std::scoped_lock lock(self->mutex_);
    if (n != self->n_unlinked_) return GST_PAD_PROBE_OK;
    self->is_idle_ = true;
    self->is_asked_ = true;
  }
  self->work_if_idle();
  return GST_PAD_PROBE_OK;
}

void TextSwitch::forget_idle() {
  if (idle_probe_ != 0) gst_pad_remove_probe(source_, std::exchange(idle_probe_, 0));
}

bool TextSwitch::is_idle() {
  const std::scoped_lock lock(mutex_);
  return is_idle_;
}

bool TextSwitch::is_flush_waiting() {
  const std::scoped_lock lock(mutex_);
  return n_waiting_flushes_ > 0;
}

TextSwitch::VideoFlush TextSwitch::video_flush() {
  const std::scoped_lock lock(mutex_);
  return video_flush_;
}

void TextSwitch::unlink_captioner() {
  if (captioner_ != nullptr) captioner_->unlink_text();
  is_captioner_linked_ = false;
}

}  // namespace npuwhisper
