// SPDX-License-Identifier: LGPL-2.1-or-later
#include "load_meter.h"

#include <sys/resource.h>

namespace npuwhisper::monitor {
namespace {

// Minimum time between stored readings, which limits their number.
constexpr std::chrono::milliseconds kBetween{500};

}  // namespace

void LoadMeter::add(Clock::time_point now, double cpu_seconds) {
  if (readings_.size() > 1 && now - readings_[readings_.size() - 2].at < kBetween) {
    readings_.pop_back();
  }
  readings_.push_back({now, cpu_seconds});
  while (readings_.size() > 2 && now - readings_[1].at >= kSpan) readings_.pop_front();
}

double LoadMeter::cores() const {
  if (readings_.size() < 2) return 0;
  const Reading& first = readings_.front();
  const Reading& last = readings_.back();
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  return seconds > 0 ? (last.cpu_seconds - first.cpu_seconds) / seconds : 0;
}

double process_cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace npuwhisper::monitor
