// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>

namespace npuwhisper::npu_device {

/// Measures how long the computer has been suspended since the last start of the measurement.
/// Reentrant.
class SleepWatch {
 public:
  /// Returns the total time that the computer has been suspended since it was booted.
  using TotalSleep = std::chrono::nanoseconds (*)();

  /// Starts the measurement. `total`: by default, reads Linux's clocks; tests pass another
  /// function.
  explicit SleepWatch(TotalSleep total = total_sleep) : total_(total), begin_(total()) {}

  /// Starts the measurement again.
  void restart() { begin_ = total_(); }
  /// Returns the end of an error message if the computer has been suspended for at least a second
  /// since the last start of the measurement; else an empty text.
  std::string describe() const;

 private:
  static std::chrono::nanoseconds total_sleep();

  TotalSleep total_;
  std::chrono::nanoseconds begin_;
};

}  // namespace npuwhisper::npu_device
