// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/stall_watch.h"

#include <gtest/gtest.h>

namespace npuwhisper::cli {
namespace {

using namespace std::chrono_literals;

class StallWatchTest : public testing::Test {
 protected:
  const StallWatch::Clock::time_point start_{};
  StallWatch watch_{start_};
};

TEST_F(StallWatchTest, APipelineThatDoesNothingHasStalled) {
  EXPECT_FALSE(watch_.is_stalled(true, start_ + StallWatch::kLimit - 1ms));
  EXPECT_TRUE(watch_.is_stalled(true, start_ + StallWatch::kLimit));
}

TEST_F(StallWatchTest, AMessageIsASignOfLife) {
  watch_.note(start_ + 30s);
  EXPECT_FALSE(watch_.is_stalled(true, start_ + StallWatch::kLimit + 29s));
  EXPECT_TRUE(watch_.is_stalled(true, start_ + StallWatch::kLimit + 30s));
}

TEST_F(StallWatchTest, TheModelMayTakeItsTime) {
  EXPECT_FALSE(watch_.is_stalled(false, start_ + 24h));
  EXPECT_FALSE(watch_.is_stalled(true, start_ + 24h + 59s));
  EXPECT_TRUE(watch_.is_stalled(true, start_ + 24h + 60s));
}

}  // namespace
}  // namespace npuwhisper::cli
