// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace npuwhisper::cli {

/// Detects that GStreamer has stalled: the program waits only for GStreamer, and no event occurs
/// for kLimit. For example, GStreamer stalls without an error if it cannot start a thread. Waiting
/// for the model never counts as a stall, because the waiting time depends on the model and the
/// machine. Reentrant.
class StallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kLimit{60};

  explicit StallWatch(Clock::time_point now) : last_event_(now) {}

  /// Records an event: a message on the bus.
  void note(Clock::time_point now) { last_event_ = now; }
  /// Returns true if the pipeline has stalled. `waits`: the program waits only for GStreamer.
  bool is_stalled(bool waits, Clock::time_point now) {
    if (!waits) last_event_ = now;
    return now - last_event_ >= kLimit;
  }

 private:
  Clock::time_point last_event_;
};

}  // namespace npuwhisper::cli
