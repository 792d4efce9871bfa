// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <npuwhisper/error.h>

#include "gst/support/gst_ptr.h"
#include "gst/support/sticky_events.h"
#include "gst/support/watched_call.h"

namespace npuwhisper {

/// A source pad with the task that pushes queued items, so that a pad whose sink waits (for preroll
/// or the clock) does not block other threads. Derived classes define what is queued and when it is
/// sent.
///
/// Each flush begins a new epoch and invalidates the items of older epochs. A pad that is activated
/// late, in the middle of a stream or after its end, first sends the earlier sticky events. A pad
/// that is activated during a flush waits for the flush to end. Thread-safe. While the mutex is
/// held, nothing is pushed, and no other lock is taken except those of the pad, its task and
/// released buffers.
class SourceTask {
 public:
  explicit SourceTask(GstElement* element) : element_(element) {}
  virtual ~SourceTask() = default;
  SourceTask(const SourceTask&) = delete;
  SourceTask& operator=(const SourceTask&) = delete;

  /// Sets the pad to push on. Must be called while inactive. The pad's activation function must
  /// call activate().
  void attach(GstPad* pad);
  /// Starts the task if `active` is true. Otherwise, stops the task and waits until a push in
  /// progress has returned. Returns false on failure. Called by the pad's activation function,
  /// never by the task itself.
  bool activate(bool active);
  /// Returns true in the task's own thread, for example in functions that a push calls.
  bool is_own_thread() const { return thread_ == g_thread_self(); }
  bool active() const;
  /// Sets the epoch and forgets recorded events. Must be called before data flows.
  void set_epoch(std::uint64_t epoch);

  /// Forwards FLUSH_START and wakes all waiting threads. Does not wait for any thread of the
  /// element.
  void flush_start(GstEvent* event);
  /// Waits until the current turn of the task has ended. Then forwards FLUSH_STOP and resumes with
  /// `epoch`.
  void flush_stop(GstEvent* event, std::uint64_t epoch);

  /// Wakes the task so that it checks its conditions again. Must be called after changes that queue
  /// no item, such as a change of liveness.
  void wake();

  /// Returns the result of the last push downstream.
  GstFlowReturn last_flow() const { return last_flow_; }
  /// Reports that downstream may be linked again. Returns true if a push had found no link. In this
  /// case, the caller must make upstream resume.
  bool relinked();
  /// Returns the record of pushes downstream, which holds the start time of a push in progress.
  const WatchedCall& pushing() const { return pushing_; }
  /// Returns the pad with a reference, or nullptr before attach().
  PadPtr ref_pad() const;
  /// Reports that the pad was linked. If the stream has ended, the task sends its sticky events to
  /// the new peer.
  void linked();

 protected:
  /// Runs one turn of the task: waits on changed_ for something to push, and pushes it.
  virtual void iterate() = 0;
  /// Runs in the task before its first turn after an activation or a flush, when no segment is
  /// known.
  virtual void begin_task() = 0;
  /// Queues an event. The caller holds the mutex.
  virtual void queue_event(EventPtr event) = 0;
  /// Drops everything that is queued. The caller holds the mutex.
  virtual void forget_all() = 0;
  /// Drops everything that a flush drops, for a new epoch. The caller holds the mutex.
  virtual void forget_epoch() = 0;

  /// Returns whether the task must pause. The caller holds the mutex.
  bool is_idle() const { return flushing_ || !active_; }
  /// Returns whether the task must pause or begin another turn. The caller holds the mutex.
  bool is_called() const { return is_idle() || tells_again_; }
  /// Pauses the task until it is started again. Called only by the task.
  void pause();
  /// Records `event`, so that a pad that is activated later can send it. The caller holds the
  /// mutex.
  void note_written(const EventPtr& event) { written_.note(event); }
  /// Pushes a buffer and keeps the result for last_flow(). Posts an ERROR if downstream failed, at
  /// most once per activation of the pad. Called only by the task.
  void push_buffer(GstBuffer* buffer);
  /// Pushes an event and takes ownership of it. Returns whether downstream accepted it. Called only
  /// by the task.
  bool push_event(GstEvent* event);
  void note_flow(GstFlowReturn flow);

  GstElement* const element_;
  // Guards epoch_, active_, flushing_, pad_, written_, is_telling_ and the queue of a derived
  // class. pad_ does not change while the pad is active.
  mutable std::mutex mutex_;
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
  // The stream's sticky events, recorded whether or not the pad is active.
  StickyEvents written_;
  std::atomic<bool> begins_{false};
  std::atomic<bool> tells_again_{false};
  std::atomic<GThread*> thread_{nullptr};
  std::atomic<std::uint64_t> n_relinked_{0};  // Number of calls of relinked().
  // Becomes true when a push finds no link. Stays true until relinked() or activate(), even if
  // pushes succeed again.
  std::atomic<bool> missed_{false};
  std::atomic<GstFlowReturn> last_flow_{GST_FLOW_OK};
  std::atomic<bool> error_told_{false};  // True if an ERROR was posted since the activation.
  bool is_telling_ = false;              // True while an ERROR is being posted. Guarded by mutex_.
};

}  // namespace npuwhisper
