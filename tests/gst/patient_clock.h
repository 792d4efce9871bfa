// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/check/gsttestclock.h>

#include <chrono>
#include <thread>

namespace npuwhisper::test {

/// The clock of all pipelines that begin to play during its life, for tests of what is to be done in
/// time. It goes like the real one, but stands still while any other thread of this process has
/// something to do: so the work of a pipeline takes next to none of its time, however slow or busy
/// the machine is. What a thread waits for on its own account (a sleep, a timeout) takes its real time.
/// One at a time.
class PatientClock {
 public:
  PatientClock();
  ~PatientClock();
  PatientClock(const PatientClock&) = delete;
  PatientClock& operator=(const PatientClock&) = delete;

  /// By the one that lives. Thread-safe.
  static std::chrono::nanoseconds now();
  static void sleep(std::chrono::nanoseconds duration);

 private:
  void go(const std::stop_token& stop);

  GstTestClock* clock_;
  std::jthread thread_;
};

}  // namespace npuwhisper::test
