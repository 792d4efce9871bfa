// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_task.h"

#include <utility>
#include <vector>

#include <npuwhisper/guarded.h>

#include "gst/support/gsterror.h"

namespace npuwhisper {
namespace {

bool is_fatal(GstFlowReturn flow) {
  return flow == GST_FLOW_NOT_NEGOTIATED || flow <= GST_FLOW_ERROR;
}

/// Removes the task of `pad` after GStreamer could not start a thread for the task. GStreamer
/// considers such a task started, so the pad could not start again. GStreamer also keeps the task
/// in the queue of its thread pool. The next thread of the pool takes the task, finds it stopped
/// and releases it. Until then, the task holds a reference to the pad, because the task uses the
/// pad's lock.
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

/// Resumes the paused task of `pad`. Does nothing if the pad has no task, because such a pad is
/// about to start one. Unlike gst_pad_start_task(), this function never creates a task and posts no
/// message.
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
    thread_ = nullptr;  // The thread belongs to the pool and may serve other tasks.
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
    // begins_ stays true until the task has begun, even if the task first runs while the pad is
    // stopped.
    begins_ = true;
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
    flushing_ = true;  // flushing_ is false here if no FLUSH_START came before.
    changed_.notify_all();
  }
  // Waits for the end of the task's turn. The turn ends because both downstream and this pad are
  // flushing.
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
    // The mutex is held because activate() could otherwise stop the pad first.
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

// Makes upstream receive ERROR for its next buffer. Posts an ERROR at most once per activation of
// the pad.
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

// Waits until the ERROR is posted. Otherwise EOS could come first, and a program that ends at EOS
// would consider the incomplete output complete. The handler of the ERROR may stop the pad while
// the task waits.
void SourceTask::wait_until_told() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_telling_ || is_idle(); });
}

bool SourceTask::start_task(GstPad* pad) {
  if (gst_pad_start_task(pad, run, this, nullptr)) return true;
  abandon_task(pad);
  {
    const std::scoped_lock lock(mutex_);
    active_ = false;  // No task would take the queued items.
    changed_.notify_all();
  }
  fail_task({ErrorCode::Unavailable, "source pad: cannot start a thread"});
  return false;
}

// Pauses the task if it must be idle. Holds the mutex, because a thread that ends a flush at this
// moment could otherwise find the task running and not start it. Pausing takes only two of the
// pad's locks: the object lock, and the stream lock, which the task's thread already holds.
void SourceTask::pause() {
  const std::scoped_lock lock(mutex_);
  if (is_idle()) gst_pad_pause_task(pad_.get());
}

bool SourceTask::relinked() {
  // The counter comes first, because push_buffer() reads it after it has recorded a failure.
  ++n_relinked_;
  GstFlowReturn not_linked = GST_FLOW_NOT_LINKED;
  last_flow_.compare_exchange_strong(not_linked, GST_FLOW_OK);
  return missed_.exchange(false);
}

void SourceTask::linked() {
  const std::scoped_lock lock(mutex_);
  tells_again_ = true;
  changed_.notify_all();
}

// Sends the sticky events to a peer that was linked after EOS. A pad normally sends its sticky
// events with the next push, but after EOS it refuses every push except a STREAM_START. A
// STREAM_START ends this refusal, even if it is the same event as before.
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
  // A RECONFIGURE that came before the failure was recorded is sent again: upstream may have
  // stopped because of the failure.
  if (n_relinked_ != n_before) gst_pad_send_event(pad_.get(), gst_event_new_reconfigure());
}

bool SourceTask::push_event(GstEvent* event) {
  const WatchedCall::Scope scope(pushing_);
  return gst_pad_push_event(pad_.get(), event) != FALSE;
}

// Stores the result of a push and posts an ERROR if it is fatal. After a flush or a stop has begun,
// any failure counts as FLUSHING. For example, caps that can no longer leave the pad are reported
// as "not negotiated".
void SourceTask::note_flow(GstFlowReturn flow) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_idle()) flow = GST_FLOW_FLUSHING;
  }
  last_flow_ = flow;
  if (is_fatal(flow) && !error_told_.exchange(true)) post_flow_error(element_, flow);
}

}  // namespace npuwhisper
