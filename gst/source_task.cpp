// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_task.h"

#include <utility>
#include <vector>

#include <npuwhisper/guarded.h>

#include "gsterror.h"

namespace npuwhisper {
namespace {

bool is_fatal(GstFlowReturn flow) {
  return flow == GST_FLOW_NOT_NEGOTIATED || flow <= GST_FLOW_ERROR;
}

/// Takes from `pad` a task that got no thread. GStreamer takes it for started, so the pad could not
/// start again, and keeps it in the queue of its threads: the next one runs it, finds that it is
/// stopped and lets it go. It has the pad's lock, so the pad lives until then.
void abandon_task(GstPad* pad) {
  GST_OBJECT_LOCK(pad);
  GstTask* task = GST_PAD_TASK(pad);
  GST_PAD_TASK(pad) = nullptr;
  GST_OBJECT_UNLOCK(pad);
  if (task == nullptr) return;
  gst_task_stop(task);
  g_object_set_data_full(G_OBJECT(task), "pad", gst_object_ref(pad), gst_object_unref);
  gst_object_unref(task);
}

/// Resumes the paused task of `pad`. A pad without a task is about to start one, so nothing is done
/// for it. Unlike gst_pad_start_task(), this never makes a task, and posts no message.
void resume_task(GstPad* pad) {
  GST_OBJECT_LOCK(pad);
  if (GstTask* task = GST_PAD_TASK(pad)) gst_task_start(task);
  GST_OBJECT_UNLOCK(pad);
}

}  // namespace

void SourceTask::attach(GstPad* pad) {
  PadPtr old(GST_PAD(gst_object_ref(pad)));
  const std::scoped_lock lock(mutex_);
  std::swap(pad_, old);
}

PadPtr SourceTask::ref_pad() const {
  const std::scoped_lock lock(mutex_);
  return PadPtr(pad_ ? GST_PAD(gst_object_ref(pad_.get())) : nullptr);
}

bool SourceTask::activate(bool active) {
  const Result<bool> done = guarded("source pad", [&]() -> Result<bool> {
    prepare(active);
    if (active) return start_task(pad_.get());
    const bool stopped = gst_pad_stop_task(pad_.get()) != FALSE;
    thread_ = nullptr;  // It is the pool's, for the task of another.
    return stopped;
  });
  if (!done) fail_task(done.error());
  return done && *done;
}

void SourceTask::prepare(bool active) {
  const std::scoped_lock lock(mutex_);
  active_ = active;
  forget_all();
  if (active) {
    begins_ = true;  // Until the task has begun, even if it first runs while the pad is stopped.
    error_told_ = false;
    for (const EventPtr& event : written_.all()) queue_event(share(event));
  }
  last_flow_ = active ? GST_FLOW_OK : GST_FLOW_FLUSHING;
  missed_ = false;
  changed_.notify_all();
}

bool SourceTask::active() const {
  const std::scoped_lock lock(mutex_);
  return active_;
}

void SourceTask::set_epoch(std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  epoch_ = epoch;
  flushing_ = false;
  written_.clear();
  forget_epoch();
}

void SourceTask::wake() {
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

void SourceTask::flush_start(GstEvent* event) {
  {
    const std::scoped_lock lock(mutex_);
    flushing_ = true;
    changed_.notify_all();
  }
  if (const PadPtr pad = ref_pad()) gst_pad_push_event(pad.get(), gst_event_ref(event));
}

void SourceTask::flush_stop(GstEvent* event, std::uint64_t epoch) {
  PadPtr pad = ref_pad();
  {
    const std::scoped_lock lock(mutex_);
    flushing_ = true;  // Also where no FLUSH_START came before.
    changed_.notify_all();
  }
  // The task ends by itself: downstream is flushing, and so are we.
  if (pad && active()) gst_pad_pause_task(pad.get());
  if (pad) gst_pad_push_event(pad.get(), gst_event_ref(event));
  {
    const std::scoped_lock lock(mutex_);
    epoch_ = epoch;
    flushing_ = false;
    written_.flush();
    forget_epoch();
    if (!active_) return;
    last_flow_ = GST_FLOW_OK;
    begins_ = true;
    // With the mutex held, because activate() could otherwise stop the pad before this.
    resume_task(pad_.get());
  }
}

void SourceTask::run(gpointer self) {
  auto& task = *static_cast<SourceTask*>(self);
  task.thread_ = g_thread_self();
  const Result<void> done = guarded("source pad", [&]() -> Result<void> {
    if (task.begins_.exchange(false)) task.begin_task();
    if (task.tells_again_.exchange(false)) task.tell_again();
    task.iterate();
    return {};
  });
  if (done) return;
  task.fail_task(done.error());
  task.wait_until_told();
}

// Upstream gets ERROR with the next buffer. Says it once until the pad is activated again.
void SourceTask::fail_task(const Error& error) noexcept {
  last_flow_ = GST_FLOW_ERROR;
  if (error_told_.exchange(true)) return;
  {
    const std::scoped_lock lock(mutex_);
    is_telling_ = true;
  }
  post_error(element_, error, [this] {
    const std::scoped_lock lock(mutex_);
    is_telling_ = false;
    changed_.notify_all();
  });
}

// A program that ends at EOS would take what has come by then for all. Who handles the ERROR may
// stop the pad while the task waits.
void SourceTask::wait_until_told() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_telling_ || is_idle(); });
}

bool SourceTask::start_task(GstPad* pad) {
  if (gst_pad_start_task(pad, run, this, nullptr)) return true;
  abandon_task(pad);
  {
    const std::scoped_lock lock(mutex_);
    active_ = false;  // Nobody would take what is queued.
    changed_.notify_all();
  }
  fail_task({ErrorCode::Unavailable, "cannot start a thread: source pad"});
  return false;
}

// Under the mutex, or who ends a flush meanwhile would find the task running still and not start
// it. The pad's locks that this takes are the task's own.
void SourceTask::pause() {
  const std::scoped_lock lock(mutex_);
  if (is_idle()) gst_pad_pause_task(pad_.get());
}

bool SourceTask::relinked() {
  ++n_relinked_;  // First: see push_buffer().
  GstFlowReturn not_linked = GST_FLOW_NOT_LINKED;
  last_flow_.compare_exchange_strong(not_linked, GST_FLOW_OK);
  return missed_.exchange(false);
}

void SourceTask::linked() {
  const std::scoped_lock lock(mutex_);
  tells_again_ = true;
  changed_.notify_all();
}

// Pads hand their sticky events to a new peer with what they push next. Behind EOS they push
// nothing, but for a STREAM_START, even if it is the same again.
void SourceTask::tell_again() {
  if (!GST_PAD_IS_EOS(pad_.get())) return;
  std::vector<EventPtr> told;
  gst_pad_sticky_events_foreach(
      pad_.get(),
      [](GstPad*, GstEvent** event, gpointer list) -> gboolean {
        static_cast<std::vector<EventPtr>*>(list)->emplace_back(gst_event_ref(*event));
        return TRUE;
      },
      &told);
  for (EventPtr& event : told) push_event(event.release());
}

void SourceTask::push_buffer(GstBuffer* buffer) {
  const std::uint64_t n_before = n_relinked_;
  const GstFlowReturn flow = [&] {
    const WatchedCall::Scope scope(pushing_);
    return gst_pad_push(pad_.get(), buffer);
  }();
  note_flow(flow);
  if (flow != GST_FLOW_NOT_LINKED) return;
  missed_ = true;
  // What came before the failure was noted comes again: upstream may have stopped for it.
  if (n_relinked_ != n_before) gst_pad_send_event(pad_.get(), gst_event_new_reconfigure());
}

bool SourceTask::push_event(GstEvent* event) {
  const WatchedCall::Scope scope(pushing_);
  return gst_pad_push_event(pad_.get(), event) != FALSE;
}

// What fails once a flush or a stop has begun fails because of it, whatever the failure is called:
// caps that do not leave the pad any more are "not negotiated".
void SourceTask::note_flow(GstFlowReturn flow) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_idle()) flow = GST_FLOW_FLUSHING;
  }
  last_flow_ = flow;
  if (is_fatal(flow) && !error_told_.exchange(true)) post_flow_error(element_, flow);
}

}  // namespace npuwhisper
