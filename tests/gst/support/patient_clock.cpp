// SPDX-License-Identifier: LGPL-2.1-or-later
#include "patient_clock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace npuwhisper::test {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// The clock advances by at most kLongestStep at once. Threads whose timeouts expire can thus start
// to run before the clock advances much further.
constexpr auto kStep = 2ms;
constexpr auto kLongestStep = 4ms;

std::atomic<GstTestClock*> living = nullptr;

/// Returns the state of a thread of this process, as in proc(5), or 0 if the thread has ended.
char state_of(const std::string& thread) {
  std::ifstream file("/proc/self/task/" + thread + "/stat");
  std::string stat;
  std::getline(file, stat);
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

/// Returns whether another thread is running, ready to run, or waiting for a disk.
bool is_anybody_busy() {
  const std::string self = std::to_string(gettid());
  std::error_code ended;
  std::filesystem::directory_iterator threads("/proc/self/task", ended);
  for (; !ended && threads != end(threads); threads.increment(ended)) {
    const std::string thread = threads->path().filename();
    const char state = thread == self ? '\0' : state_of(thread);
    if (state == 'R' || state == 'D') return true;
  }
  return false;
}

void wake_who_is_due(GstTestClock* clock) {
  while (const GstClockID id = gst_test_clock_process_next_clock_id(clock)) gst_clock_id_unref(id);
}

}  // namespace

PatientClock::PatientClock()
    : clock_(GST_TEST_CLOCK(gst_test_clock_new_with_start_time(GST_SECOND))) {
  GstTestClock* none = nullptr;
  EXPECT_TRUE(living.compare_exchange_strong(none, clock_)) << "one at a time";
  gst_system_clock_set_default(GST_CLOCK(clock_));
  thread_ = std::jthread([this](const std::stop_token& stop) { go(stop); });
}

PatientClock::~PatientClock() {
  thread_.request_stop();
  thread_.join();
  gst_system_clock_set_default(nullptr);
  living = nullptr;
  gst_object_unref(clock_);
}

std::chrono::nanoseconds PatientClock::now() {
  GstTestClock* clock = living;
  return std::chrono::nanoseconds(clock == nullptr ? 0 : gst_clock_get_time(GST_CLOCK(clock)));
}

void PatientClock::sleep(std::chrono::nanoseconds duration) {
  const auto end = now() + duration;
  while (living != nullptr && now() < end) std::this_thread::sleep_for(kStep);
}

void PatientClock::go(const std::stop_token& stop) {
  auto last = Clock::now();
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(kStep);
    const auto now = Clock::now();
    const auto passed = std::min<Clock::duration>(now - last, kLongestStep);
    last = now;
    if (!is_anybody_busy()) {
      gst_test_clock_advance_time(clock_, std::chrono::nanoseconds(passed).count());
    }
    wake_who_is_due(clock_);
  }
}

}  // namespace npuwhisper::test
