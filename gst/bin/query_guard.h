// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

namespace npuwhisper {

/// Keeps serialized queries (ALLOCATION, DRAIN) out of a queue once data has entered it.
///
/// A queue answers a serialized query only after it has pushed all earlier data. In PAUSED, the
/// sink takes no more than its first buffer, so the query waits for preroll. In this bin, the
/// preroll of the video waits for text, and text waits for audio. Without the guard, the pipeline
/// would never start if an audio decoder sent a second ALLOCATION query.
///
/// After reset() or a flush, the guard lets queries pass until data at which a sink may block (a
/// buffer, GAP or EOS) enters the queue. These early queries let upstream use the allocators and
/// pools of downstream. The guard refuses later queries, so upstream must use a pool of its own.
///
/// attach() and reset() must be called before data flows. The guard must outlive the data flow.
class QueryGuard {
 public:
  QueryGuard() = default;
  QueryGuard(const QueryGuard&) = delete;
  QueryGuard& operator=(const QueryGuard&) = delete;

  /// Adds the guard to the sink pad of `queue`. Does nothing if `queue` is nullptr.
  void attach(GstElement* queue);
  /// Lets queries pass again. Must be called when the queue is empty, before a stream begins.
  void reset() { may_wait_ = false; }

 private:
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void note_event(GstEvent* event);

  // True if data at which a sink may block has entered the queue.
  std::atomic<bool> may_wait_{false};
};

}  // namespace npuwhisper
