// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include <npuwhisper/device_stats.h>

namespace npuwhisper {

/// Counters for DeviceStats, shared by all contexts of a device. Thread-safe; allocates nothing.
class DeviceCounters {
 public:
  using Clock = std::chrono::steady_clock;

  void submitted(Clock::time_point at);
  /// Records that a submitted run has ended, successfully or not.
  void ended(Clock::time_point at);
  void synced_to_device(std::uint64_t n_bytes);
  void synced_from_device(std::uint64_t n_bytes);

  DeviceStats stats(Clock::time_point now) const;

 private:
  mutable std::mutex mutex_;  // guards all other members; no other lock is taken while it is held
  DeviceStats counted_;       // all counters except since_first, which stats() computes
  Clock::time_point first_{};
  Clock::time_point busy_since_{};  // valid while n_in_flight_ > 0
  int n_in_flight_ = 0;
};

}  // namespace npuwhisper
