// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_task.h"

#include <utility>

#include "gsterror.h"

namespace npuwhisper {
namespace {

bool is_fatal(GstFlowReturn flow) {
  return flow == GST_FLOW_NOT_NEGOTIATED || flow <= GST_FLOW_ERROR;
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
  {
    const std::scoped_lock lock(mutex_);
    if (active) begin_task(true);  // The sticky events are owed before anybody can write.
    active_ = active;
    flushing_ = false;
    forget_all();
    last_flow_ = active ? GST_FLOW_OK : GST_FLOW_FLUSHING;
    changed_.notify_all();
  }
  if (!active) return gst_pad_stop_task(pad_.get()) != FALSE;
  return gst_pad_start_task(pad_.get(), run, this, nullptr) != FALSE;
}

bool SourceTask::active() const {
  const std::scoped_lock lock(mutex_);
  return active_;
}

void SourceTask::set_epoch(std::uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  epoch_ = epoch;
  forget_epoch();
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
  const PadPtr pad = ref_pad();
  {
    const std::scoped_lock lock(mutex_);
    flushing_ = true;  // Also where the pad is newer than the FLUSH_START.
    changed_.notify_all();
  }
  // The task ends by itself: downstream is flushing, and so are we.
  if (pad && active()) gst_pad_pause_task(pad.get());
  if (pad) gst_pad_push_event(pad.get(), gst_event_ref(event));
  {
    const std::scoped_lock lock(mutex_);
    epoch_ = epoch;
    flushing_ = false;
    forget_epoch();
    if (!active_) return;
    last_flow_ = GST_FLOW_OK;
  }
  begin_task(false);
  gst_pad_start_task(pad.get(), run, this, nullptr);
}

void SourceTask::run(gpointer self) {
  static_cast<SourceTask*>(self)->iterate();
}

void SourceTask::pause() {
  gst_pad_pause_task(pad_.get());
}

bool SourceTask::relinked() {
  GstFlowReturn missed = GST_FLOW_NOT_LINKED;
  return last_flow_.compare_exchange_strong(missed, GST_FLOW_OK);
}

void SourceTask::push_buffer(GstBuffer* buffer) {
  note_flow(gst_pad_push(pad_.get(), buffer));
  // Linked meanwhile: relinked() may have come before the failure was noted.
  if (gst_pad_is_linked(pad_.get())) relinked();
}

void SourceTask::note_flow(GstFlowReturn flow) {
  last_flow_ = flow;
  if (is_fatal(flow)) post_flow_error(element_, flow);
}

}  // namespace npuwhisper
