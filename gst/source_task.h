// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <npuwhisper/error.h>

#include "gst_ptr.h"
#include "sticky_events.h"
#include "watched_call.h"

namespace npuwhisper {

/// A source pad with the task that pushes what others queue for it, so that a pad whose sink waits
/// (for preroll, for the clock) holds up nobody else. What is queued, and when it goes, is for the
/// classes derived from it.
///
/// Each flush begins a new epoch: what belongs to an older one is void. A pad that is activated
/// late, in the middle of a stream or behind its end, gets the sticky events of before first; one
/// that is activated during a flush waits for its end. Thread-safe. One mutex, a leaf; it is not
/// held while anything is pushed.
class SourceTask {
 public:
  explicit SourceTask(GstElement* element) : element_(element) {}
  virtual ~SourceTask() = default;
  SourceTask(const SourceTask&) = delete;
  SourceTask& operator=(const SourceTask&) = delete;

  /// The pad to push on, while inactive; its activation must call activate().
  void attach(GstPad* pad);
  /// Starts the task, or stops it and waits until downstream has returned: the pad's activation
  /// function. Not from the task itself.
  bool activate(bool active);
  /// True in the task's own thread, as in what is called by a push.
  bool is_own_thread() const { return thread_ == g_thread_self(); }
  bool active() const;
  /// Before data flows.
  void set_epoch(std::uint64_t epoch);

  /// Forwards FLUSH_START and wakes everybody; waits for nobody of ours.
  void flush_start(GstEvent* event);
  /// Forwards FLUSH_STOP and goes on, with `epoch`.
  void flush_stop(GstEvent* event, std::uint64_t epoch);

  /// Something that the task goes by, and that is not queued, has changed: liveness, above all.
  void wake();

  /// What the last push downstream returned.
  GstFlowReturn last_flow() const { return last_flow_; }
  /// Downstream may be linked again. True: it had been missed, and upstream is to go on.
  bool relinked();
  /// What goes on downstream.
  const WatchedCall& pushing() const { return pushing_; }
  /// The pad, with a reference; nullptr before attach().
  PadPtr ref_pad() const;
  /// The pad was linked: where the stream has ended, the new peer is told of it.
  void linked();

 protected:
  /// One turn of the task. Waits on changed_ for something to push, and pushes it.
  virtual void iterate() = 0;
  /// In the task, before its first turn: it knows of no segment.
  virtual void begin_task() = 0;
  /// With the mutex held: queues an event.
  virtual void queue_event(EventPtr event) = 0;
  /// With the mutex held: forgets all that is queued.
  virtual void forget_all() = 0;
  /// With the mutex held: a new epoch begins; what a flush drops is forgotten.
  virtual void forget_epoch() = 0;

  /// With the mutex held: the task must pause.
  bool is_idle() const { return flushing_ || !active_; }
  /// With the mutex held: the task must pause, or begin another turn.
  bool is_called() const { return is_idle() || tells_again_; }
  /// From the task: ends it until it is started again.
  void pause();
  /// With the mutex held: `event` has been queued, or would have been if the pad were active.
  void note_written(const EventPtr& event) { written_.note(event); }
  /// From the task: pushes, and keeps what came of it in last_flow(). Posts an ERROR if downstream
  /// failed, once until it is activated again.
  void push_buffer(GstBuffer* buffer);
  /// From the task: pushes, and takes the event. Whether downstream took it.
  bool push_event(GstEvent* event);
  void note_flow(GstFlowReturn flow);

  GstElement* const element_;
  mutable std::mutex mutex_;  // Guards the next five and written_; pad_ stays while active.
  std::condition_variable changed_;
  std::uint64_t epoch_ = 0;
  bool active_ = false;
  bool flushing_ = false;
  PadPtr pad_;

 private:
  static void run(gpointer self);
  void prepare(bool active);
  bool start_task(GstPad* pad);
  void fail_task(const Error& error) noexcept;
  void wait_until_told();
  void tell_again();

  WatchedCall pushing_;
  StickyEvents written_;  // Of the stream, whether or not there was a pad for them.
  std::atomic<bool> begins_{false};
  std::atomic<bool> tells_again_{false};
  std::atomic<GThread*> thread_{nullptr};
  std::atomic<std::uint64_t> n_relinked_{0};  // How often that was said.
  std::atomic<bool> missed_{false};  // Even if pushes succeed again: upstream has yet to be told.
  std::atomic<GstFlowReturn> last_flow_{GST_FLOW_OK};
  std::atomic<bool> error_told_{false};  // Since the pad was activated.
  bool is_telling_ = false;              // An ERROR is on its way to the bus. Under mutex_.
};

}  // namespace npuwhisper
