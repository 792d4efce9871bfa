// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "gst_ptr.h"

namespace npuwhisper {

/// A source pad with the task that pushes what others queue for it, so that a pad whose sink waits
/// (for preroll, for the clock) holds up nobody else. What is queued, and when it goes, is for the
/// classes derived from it.
///
/// Each flush begins a new epoch: what belongs to an older one is void. Thread-safe. One mutex, a
/// leaf; it is not held while anything is pushed.
class SourceTask {
 public:
  explicit SourceTask(GstElement* element) : element_(element) {}
  virtual ~SourceTask() = default;
  SourceTask(const SourceTask&) = delete;
  SourceTask& operator=(const SourceTask&) = delete;

  /// The pad to push on, while inactive; its activation must call activate().
  void attach(GstPad* pad);
  /// Starts or stops the task: the pad's activation function.
  bool activate(bool active);
  bool active() const;
  /// Before data flows.
  void set_epoch(std::uint64_t epoch);

  /// Forwards FLUSH_START and wakes everybody; waits for nobody of ours.
  void flush_start(GstEvent* event);
  /// Forwards FLUSH_STOP and goes on, with `epoch`.
  void flush_stop(GstEvent* event, std::uint64_t epoch);

  /// What the last push downstream returned.
  GstFlowReturn last_flow() const { return last_flow_; }
  /// The pad has a peer again. True: it had been missed.
  bool relinked();

 protected:
  /// One turn of the task. Waits on changed_ for something to push, and pushes it.
  virtual void iterate() = 0;
  /// Before the task runs: it knows of no segment. `activated`: nor has the pad sent anything.
  virtual void begin_task(bool activated) = 0;
  /// With the mutex held: forgets all that is queued.
  virtual void forget_all() = 0;
  /// With the mutex held: a new epoch begins; what a flush drops is forgotten.
  virtual void forget_epoch() = 0;

  /// With the mutex held: the task must pause.
  bool is_idle() const { return flushing_ || !active_; }
  /// The pad, with a reference; nullptr before attach().
  PadPtr ref_pad() const;
  /// From the task: ends it until it is started again.
  void pause();
  /// From the task: pushes, and keeps what came of it in last_flow(). Posts an ERROR if downstream
  /// failed without one.
  void push_buffer(GstBuffer* buffer);
  void note_flow(GstFlowReturn flow);

  GstElement* const element_;
  mutable std::mutex mutex_;  // Guards the next five; pad_ stays the same while active.
  std::condition_variable changed_;
  std::uint64_t epoch_ = 0;
  bool active_ = false;
  bool flushing_ = false;
  PadPtr pad_;

 private:
  static void run(gpointer self);

  std::atomic<GstFlowReturn> last_flow_{GST_FLOW_OK};
};

}  // namespace npuwhisper
