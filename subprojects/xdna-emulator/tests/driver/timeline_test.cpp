// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/timeline.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <vector>

namespace npuwhisper::emu {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

int wait_for(const std::shared_ptr<Timeline>& timeline, std::uint64_t point,
             std::chrono::milliseconds time, bool for_submit = true) {
  const Timeline::Wait wait{.timeline = timeline, .point = point};
  std::uint32_t first = 0;
  return Timeline::wait({&wait, 1}, true, for_submit, Clock::now() + time, first);
}

TEST(Timeline, APointIsDoneWhenItIsSignaled) {
  const auto timeline = std::make_shared<Timeline>();
  timeline->submit(0);
  timeline->submit(1);
  EXPECT_EQ(wait_for(timeline, 1, 1ms), ETIME);
  timeline->signal(0);
  EXPECT_EQ(wait_for(timeline, 1, 1ms), ETIME);
  timeline->signal(1);
  EXPECT_EQ(wait_for(timeline, 1, 0ms), 0);
  EXPECT_EQ(timeline->signaled(), 1u);
}

TEST(Timeline, PointZeroIsTheLastThatIsSubmitted) {
  const auto timeline = std::make_shared<Timeline>();
  EXPECT_EQ(wait_for(timeline, 0, 1ms), ETIME);
  timeline->submit(0);
  timeline->submit(1);
  timeline->signal(0);
  EXPECT_EQ(wait_for(timeline, 0, 1ms), ETIME);
  timeline->signal(1);
  EXPECT_EQ(wait_for(timeline, 0, 0ms), 0);
}

TEST(Timeline, WhatIsNotSubmittedCanBeWaitedForOrNot) {
  const auto timeline = std::make_shared<Timeline>();
  EXPECT_EQ(wait_for(timeline, 3, 1ms, false), EINVAL);
  std::jthread later([&] {
    std::this_thread::sleep_for(20ms);
    timeline->signal(3);
  });
  EXPECT_EQ(wait_for(timeline, 3, 10s, true), 0);
}

TEST(Timeline, WaitsForAnyOrAll) {
  const std::vector<Timeline::Wait> waits = {{std::make_shared<Timeline>(), 1},
                                             {std::make_shared<Timeline>(), 1}};
  std::uint32_t first = 99;
  waits[1].timeline->signal(1);
  EXPECT_EQ(Timeline::wait(waits, true, true, Clock::now() + 1ms, first), ETIME);
  EXPECT_EQ(Timeline::wait(waits, false, true, Clock::now() + 1ms, first), 0);
  EXPECT_EQ(first, 1u);
  waits[0].timeline->signal(2);
  EXPECT_EQ(Timeline::wait(waits, true, true, std::nullopt, first), 0);
}

TEST(TimelineTable, HandlesEnd) {
  TimelineTable table;
  const std::uint32_t handle = table.insert(std::make_shared<Timeline>());
  EXPECT_NE(handle, 0u);
  EXPECT_TRUE(table.find(handle));
  EXPECT_EQ(table.close(handle), 0);
  EXPECT_FALSE(table.find(handle));
  EXPECT_EQ(table.close(handle), EINVAL);
}

}  // namespace
}  // namespace npuwhisper::emu
