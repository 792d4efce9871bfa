// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>

namespace npuwhisper {

/// Keeps serialized queries (ALLOCATION, DRAIN) out of a queue that holds data.
///
/// A queue answers a serialized query after everything before it has been pushed. In PAUSED the
/// sink takes no more than its first buffer, so the query waits for preroll. In this bin the
/// preroll of the video waits for text, and text waits for audio: if an audio decoder sends a
/// second ALLOCATION query, the pipeline never starts.
///
/// The guard lets a query pass while nothing that a sink may hold has entered the queue: since
/// reset(), or since the last flush. Allocators and pools that downstream offers reach upstream
/// that way. Later queries are refused. Peers have to accept that: upstream then uses a pool of its
/// own.
///
/// attach() and reset() are for state changes. The guard must live until nothing flows any more.
class QueryGuard {
 public:
  QueryGuard() = default;
  QueryGuard(const QueryGuard&) = delete;
  QueryGuard& operator=(const QueryGuard&) = delete;

  /// Guards the sink pad of `queue`; nullptr: does nothing.
  void attach(GstElement* queue);
  /// The queue is empty, and a stream is about to begin.
  void reset() { may_wait_ = false; }

 private:
  static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void note_event(GstEvent* event);

  std::atomic<bool> may_wait_{false};  // A sink may hold what is in the queue or behind it.
};

}  // namespace npuwhisper
