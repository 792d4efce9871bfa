// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/monitor/load_meter.h"

#include <gtest/gtest.h>

namespace npuwhisper::monitor {
namespace {

using namespace std::chrono_literals;

class LoadMeterTest : public ::testing::Test {
 protected:
  double after(LoadMeter::Clock::duration time, double cpu_seconds) {
    now_ += time;
    cpu_seconds_ += cpu_seconds;
    meter_.add(now_, cpu_seconds_);
    return meter_.cores();
  }

  LoadMeter meter_;
  LoadMeter::Clock::time_point now_;
  double cpu_seconds_ = 100;
};

TEST_F(LoadMeterTest, IsTheShareOfACore) {
  EXPECT_EQ(after(0s, 0), 0);
  EXPECT_NEAR(after(1s, 0.4), 0.4, 1e-9);
  EXPECT_NEAR(after(1s, 1.8), 1.1, 1e-9);
}

TEST_F(LoadMeterTest, EvensOutBursts) {
  for (int i = 0; i < 20; ++i) after(1s, i % 2 == 0 ? 0.9 : 0.1);
  EXPECT_NEAR(meter_.cores(), 0.5, 1e-9);
  EXPECT_NEAR(after(1s, 0.9), 0.5, 0.09);
}

TEST_F(LoadMeterTest, ForgetsWhatIsOld) {
  for (int i = 0; i < 20; ++i) after(1s, 1);
  for (int i = 0; i < 10; ++i) after(1s, 0.25);
  EXPECT_NEAR(meter_.cores(), 0.25, 1e-9);
}

TEST_F(LoadMeterTest, TakesReadingsAtAnyRate) {
  for (int i = 0; i < 100'000; ++i) after(1ms, i < 89'000 ? 0 : 0.0005);
  EXPECT_NEAR(meter_.cores(), 0.5, 1e-6);
  EXPECT_EQ(after(0s, 0), meter_.cores());
}

TEST_F(LoadMeterTest, KnowsWhatThisProcessUses) {
  const double before = process_cpu_seconds();
  const auto end = LoadMeter::Clock::now() + 10s;
  while (process_cpu_seconds() - before < 0.02 && LoadMeter::Clock::now() < end) {
  }
  EXPECT_GE(process_cpu_seconds() - before, 0.02);
}

}  // namespace
}  // namespace npuwhisper::monitor
