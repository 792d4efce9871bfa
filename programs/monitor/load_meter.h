// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <deque>

namespace npuwhisper::monitor {

/// Computes the average CPU use, in cores, over the last ten seconds. If the first reading is less
/// than ten seconds old, computes the average since the first reading. Text is computed in bursts,
/// so averages over shorter periods vary widely. Reentrant.
class LoadMeter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kSpan{10};

  /// Adds a reading: `cpu_seconds` is the CPU time used until `now`. Neither value may be less than
  /// in an earlier call.
  void add(Clock::time_point now, double cpu_seconds);
  /// Returns the average, or 0 until there are two readings.
  double cores() const;

 private:
  struct Reading {
    Clock::time_point at;
    double cpu_seconds;
  };
  std::deque<Reading> readings_;  // Oldest first. Only the first may be older than kSpan.
};

/// Returns the CPU time of all threads of this process.
double process_cpu_seconds();

}  // namespace npuwhisper::monitor
