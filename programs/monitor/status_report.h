// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "live_captions.h"
#include "load_meter.h"

namespace npuwhisper::monitor {

/// The status that the page shows beside the text, as JSON on one line: {"state", "source", "clock"
/// (UTC), "uptime", "device", "kernels", "position", "delay" (mean of the last 20 pieces of text),
/// "longest_delay", "cores" (CPU use of this process over the last ten seconds, LoadMeter),
/// "skipped", "unread", "browsers", "warnings" (their number), "message" (the last warning, or the
/// error)}. Times are in seconds. Reentrant.
class StatusReport {
 public:
  explicit StatusReport(std::string source);

  void set_state(const char* state) { state_ = state; }
  void add_delay(double seconds);
  void warn(const std::string& message);
  /// Sets the state to "failed".
  void set_error(const std::string& message);

  /// Returns the seconds since the construction.
  double uptime() const;

  std::string json(const Readings& readings, std::size_t n_browsers);

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::string source_;
  std::string state_ = "loading";
  std::deque<double> delays_;
  double longest_delay_ = 0;
  std::uint64_t n_warnings_ = 0;
  std::string message_;
  LoadMeter load_;
};

}  // namespace npuwhisper::monitor
