// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/device_counters.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

using std::chrono::milliseconds;
using Time = DeviceCounters::Clock::time_point;

Time at(int ms) {
  return Time() + milliseconds(1000 + ms);
}

TEST(DeviceCounters, AreZeroBeforeTheFirstCall) {
  const DeviceStats stats = DeviceCounters().stats(at(5));
  EXPECT_EQ(stats.calls, 0U);
  EXPECT_EQ(stats.since_first.count(), 0);
  EXPECT_EQ(stats.utilisation(), 0);
}

TEST(DeviceCounters, UtilisationIsTheShareOfTimeWithARunInFlight) {
  DeviceCounters counters;
  counters.submitted(at(10));
  counters.ended(at(20));
  counters.submitted(at(40));
  counters.ended(at(45));
  const DeviceStats stats = counters.stats(at(70));
  EXPECT_EQ(stats.calls, 2U);
  EXPECT_EQ(stats.busy_time, milliseconds(15));
  EXPECT_EQ(stats.since_first, milliseconds(60));
  EXPECT_DOUBLE_EQ(stats.utilisation(), 0.25);
}

TEST(DeviceCounters, RunsThatOverlapCountOnce) {
  DeviceCounters counters;
  counters.submitted(at(0));
  counters.submitted(at(5));
  counters.ended(at(10));
  counters.ended(at(20));
  EXPECT_EQ(counters.stats(at(40)).busy_time, milliseconds(20));
}

TEST(DeviceCounters, ARunInFlightCountsUpToNow) {
  DeviceCounters counters;
  counters.submitted(at(0));
  EXPECT_DOUBLE_EQ(counters.stats(at(8)).utilisation(), 1);
}

TEST(DeviceCounters, SyncsCountTheirBytes) {
  DeviceCounters counters;
  counters.synced_to_device(100);
  counters.synced_to_device(20);
  counters.synced_from_device(7);
  const DeviceStats stats = counters.stats(at(0));
  EXPECT_EQ(stats.dma_syncs, 3U);
  EXPECT_EQ(stats.bytes_to_device, 120U);
  EXPECT_EQ(stats.bytes_from_device, 7U);
}

}  // namespace
}  // namespace npuwhisper
