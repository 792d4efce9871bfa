// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace npuwhisper::cli {

/// Finds out that GStreamer does not go on: the program waits for GStreamer alone, and nothing has
/// happened for kPatience. That is so where GStreamer could not start a thread, which it tells
/// nobody. How long a result takes is up to the model and the machine: while the program waits for
/// one, nothing counts as a stall. Reentrant.
class StallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPatience{60};

  explicit StallWatch(Clock::time_point now) : last_event_(now) {}

  /// Something happened: a message on the bus.
  void note(Clock::time_point now) { last_event_ = now; }
  /// `waits`: for GStreamer alone. True if the pipeline has stalled.
  bool is_stalled(bool waits, Clock::time_point now) {
    if (!waits) last_event_ = now;
    return now - last_event_ >= kPatience;
  }

 private:
  Clock::time_point last_event_;
};

}  // namespace npuwhisper::cli
