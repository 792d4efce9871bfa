// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/check/gsttestclock.h>

#include <chrono>
#include <thread>

namespace npuwhisper::test {

/// The clock of all pipelines that start playing during its lifetime, for tests with deadlines. It
/// advances like the real clock, but stops while any other thread of this process is busy. By this
/// clock, the work of a pipeline thus takes almost no time, however slow or busy the machine is.
/// Sleeps and timeouts that use other clocks take their real time. At most one instance may exist.
class PatientClock {
 public:
  PatientClock();
  ~PatientClock();
  PatientClock(const PatientClock&) = delete;
  PatientClock& operator=(const PatientClock&) = delete;

  /// Returns the time of the existing instance, or 0 if there is none. Thread-safe.
  static std::chrono::nanoseconds now();
  static void sleep(std::chrono::nanoseconds duration);

 private:
  void go(const std::stop_token& stop);

  GstTestClock* clock_;
  std::jthread thread_;
};

}  // namespace npuwhisper::test
