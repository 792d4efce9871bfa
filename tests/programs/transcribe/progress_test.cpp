// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace npuwhisper::cli {
namespace {

using namespace std::chrono_literals;
constexpr Progress::TimePoint kStart{};
constexpr ProgressPoint kPoint{.position = 90, .duration = 600, .wall = 2};

TEST(Progress, ClockText) {
  EXPECT_EQ(clock_text(-1), "00:00");
  EXPECT_EQ(clock_text(83.9), "01:23");
  EXPECT_EQ(clock_text(3661), "1:01:01");
}

TEST(Progress, SpeedText) {
  EXPECT_EQ(speed_text(0, 1), "");
  EXPECT_EQ(speed_text(1, 0), "");
  EXPECT_EQ(speed_text(1.5, 1), "1.5x real time");
  EXPECT_EQ(speed_text(300, 2), "150x real time");
}

TEST(Progress, LeftTextIsWhatTheMeanSpeedLeaves) {
  EXPECT_EQ(left_text(kPoint), "00:12 left");  // 510 s at 45x real time take 11.3 s.
  EXPECT_EQ(left_text({.position = 0, .duration = 600, .wall = 2}), "");
  EXPECT_EQ(left_text({.position = 1, .duration = {}, .wall = 2}), "");
  EXPECT_EQ(left_text({.position = 601, .duration = 600, .wall = 2}), "00:00 left");
}

TEST(Progress, WritesNothingWithoutATerminal) {
  std::ostringstream out;
  Progress progress(false, out, kStart);
  progress.update("a.wav", kPoint, kStart + 1h);
  progress.clear();
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, TerminalDrawsOverItsLineAndClearsItOnce) {
  std::ostringstream out;
  Progress progress(true, out, kStart);
  progress.clear();
  EXPECT_EQ(out.str(), "");
  progress.update("a.wav", kPoint, kStart + 1s);
  const std::string drawn = out.str();
  EXPECT_EQ(drawn.rfind("\r\033[K", 0), 0U);
  EXPECT_NE(drawn.find("01:30 / 10:00  15 %  45x real time  00:12 left  a.wav"), std::string::npos);
  // This update comes too soon after the previous drawing.
  progress.update("a.wav", kPoint, kStart + 1050ms);
  EXPECT_EQ(out.str(), drawn);
  EXPECT_EQ(drawn.find('\n'), std::string::npos);
  progress.clear();
  progress.clear();
  EXPECT_EQ(out.str(), drawn + "\r\033[K");
}

}  // namespace
}  // namespace npuwhisper::cli
