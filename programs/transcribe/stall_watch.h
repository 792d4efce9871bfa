// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace npuwhisper::cli {

/// Detects that GStreamer has stalled: the program has waited only for GStreamer, and nothing has
/// happened for kPatience. One cause is a thread that GStreamer could not start, because GStreamer
/// does not report that failure. The time for a result depends on the model and the machine, so
/// waiting for a result never counts as a stall. Reentrant.
class StallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPatience{60};

  explicit StallWatch(Clock::time_point now) : last_event_(now) {}

  /// Records an event: a message on the bus.
  void note(Clock::time_point now) { last_event_ = now; }
  /// Returns true if the pipeline has stalled. `waits`: the program waits only for GStreamer.
  bool is_stalled(bool waits, Clock::time_point now) {
    if (!waits) last_event_ = now;
    return now - last_event_ >= kPatience;
  }

 private:
  Clock::time_point last_event_;
};

}  // namespace npuwhisper::cli
