// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/sleep_watch.h"

#include <gtest/gtest.h>

namespace npuwhisper::npu_device {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds slept_in_total{};
std::chrono::nanoseconds simulated_sleep() {
  return slept_in_total;
}

TEST(SleepWatch, ReportsTheTimeSinceItsStart) {
  slept_in_total = 1000s;
  SleepWatch watch(simulated_sleep);
  EXPECT_EQ(watch.describe(), "");
  slept_in_total += 75s;
  EXPECT_NE(watch.describe().find("was suspended for 75 s"), std::string::npos) << watch.describe();
  watch.restart();
  EXPECT_EQ(watch.describe(), "");
}

// The two clocks are read one after the other, so their difference changes a little.
TEST(SleepWatch, IgnoresTheDifferenceOfTwoReads) {
  slept_in_total = 1000s;
  const SleepWatch watch(simulated_sleep);
  slept_in_total += 999ms;
  EXPECT_EQ(watch.describe(), "");
}

TEST(SleepWatch, AnAwakeComputerHasNotSlept) {
  EXPECT_EQ(SleepWatch().describe(), "");
}

}  // namespace
}  // namespace npuwhisper::npu_device
