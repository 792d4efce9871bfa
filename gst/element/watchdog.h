// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/result.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "engine_loader.h"
#include "gst/output/latency.h"
#include "gst/output/source_task.h"
#include "gst/support/counters.h"
#include "gst/support/watched_call.h"

namespace npuwhisper {

/// A thread that detects calls that do not return: a run of the device, the decoding of a piece of
/// audio, or, when live and in PLAYING, a push downstream. For each such call it increments
/// `stalls` and posts one WARNING that names what the element waits for. The watchdog does not end
/// the call. The thread runs from READY->PAUSED to PAUSED->READY.
///
/// All functions must be called from state changes.
class Watchdog {
 public:
  using Clock = WatchedCall::Clock;

  /// The time a call may take before the WARNING is posted.
  struct Limits {
    /// The limit for a run of the device. A run of an NPU is abandoned earlier, after 2 s.
    Clock::duration device = std::chrono::seconds(10);
    /// The limit for each part of a call of the transcriber: a window of up to 30 s of audio, which
    /// is decoded at all fallback temperatures.
    Clock::duration decoding = std::chrono::seconds(60);
    /// The limit for a push, in addition to the time that a sink in sync may hold the push.
    Clock::duration push = std::chrono::seconds(10);
  };

  Watchdog(GstElement* element, const EngineLoader& loader, const Latency& latency,
           Counters& counters, const WatchedCall& decoding,
           const std::array<const SourceTask*, 3>& pads);

  /// Sets the limits for the next start().
  void set_limits(const Limits& limits) { limits_ = limits; }
  /// Starts the thread. Errors: Unavailable (the thread cannot be started).
  Result<void> start();
  /// Stops the thread and waits for it.
  void stop();
  /// Sets whether the element is in PLAYING. In other states, sinks may hold a push for ever.
  void set_playing(bool playing);

 private:
  void run(const std::stop_token& stop);
  void check_decoding();
  void check_push(std::size_t pad);
  Clock::duration push_limit() const;
  template <typename... Parts>
  void tell(const char* format, Parts... parts);

  GstElement* const element_;
  const EngineLoader& loader_;
  const Latency& latency_;
  Counters& counters_;
  const WatchedCall& decoding_;
  const std::array<const SourceTask*, 3> pads_;
  Limits limits_;

  std::mutex mutex_;  // Guards playing_since_. No other lock is taken while it is held.
  std::optional<Clock::time_point> playing_since_;
  std::condition_variable_any stopped_;

  // Start times of the calls that were reported last, so that no call is reported twice. Accessed
  // only by the thread.
  Clock::time_point told_decoding_;
  std::array<Clock::time_point, 3> told_pushes_{};

  std::jthread thread_;
};

}  // namespace npuwhisper
