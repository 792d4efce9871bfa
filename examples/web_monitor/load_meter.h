// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <deque>

namespace npuwhisper::monitor {

/// CPU time over time, in cores, of the last ten seconds (less before those have passed): text is
/// made in bursts, so that a shorter time says nothing. Reentrant.
class LoadMeter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kSpan{10};

  /// `cpu_seconds` until `now`; both never go back.
  void add(Clock::time_point now, double cpu_seconds);
  /// 0 until there are two readings.
  double cores() const;

 private:
  struct Reading {
    Clock::time_point at;
    double cpu_seconds;
  };
  std::deque<Reading> readings_;  // The first is kSpan old or older, if there is such a one.
};

/// The CPU time of all threads of this process.
double process_cpu_seconds();

}  // namespace npuwhisper::monitor
