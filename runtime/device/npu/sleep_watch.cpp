// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/sleep_watch.h"

#include <ctime>

namespace npuwhisper::npu_device {
namespace {

std::chrono::nanoseconds now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

std::chrono::nanoseconds SleepWatch::total_sleep() {
  // While the computer is suspended, CLOCK_BOOTTIME advances and CLOCK_MONOTONIC does not.
  const auto awake = now(CLOCK_MONOTONIC);
  return now(CLOCK_BOOTTIME) - awake;
}

std::string SleepWatch::describe() const {
  const auto slept = std::chrono::duration_cast<std::chrono::seconds>(total_() - begin_);
  if (slept < std::chrono::seconds(1)) return {};
  return "; the computer was suspended for " + std::to_string(slept.count()) +
         " s since the NPU's context was opened, and a context may not survive this (if new "
         "contexts "
         "fail too, run `modprobe -r amdxdna && modprobe amdxdna` as root, or restart)";
}

}  // namespace npuwhisper::npu_device
