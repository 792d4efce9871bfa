// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

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

TEST(Progress, NoneIsSilent) {
  std::ostringstream out;
  Progress progress(Progress::Style::None, out, kStart);
  progress.update("a.wav", kPoint, kStart + 1h);
  progress.clear();
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, LogWritesALineEachFiveSecondsAcrossFiles) {
  std::ostringstream out;
  Progress progress(Progress::Style::Log, out, kStart);
  progress.update("a.wav", kPoint, kStart + 4s);
  EXPECT_EQ(out.str(), "");
  progress.update("a.wav", kPoint, kStart + 5s);
  progress.clear();
  progress.update("b.wav", kPoint, kStart + 9s);
  progress.update("b.wav", {.position = 5, .duration = {}, .wall = 1}, kStart + 10s);
  EXPECT_EQ(out.str(),
            "01:30 / 10:00  15 %  45x real time  a.wav\n"
            "00:05  5.0x real time  b.wav\n");
}

TEST(Progress, TerminalDrawsOverItsLineAndClearsItOnce) {
  std::ostringstream out;
  Progress progress(Progress::Style::Terminal, out, kStart);
  progress.clear();
  EXPECT_EQ(out.str(), "");
  progress.update("a.wav", kPoint, kStart + 1s);
  const std::string drawn = out.str();
  EXPECT_EQ(drawn.rfind("\r\033[K", 0), 0U);
  EXPECT_NE(drawn.find("01:30 / 10:00"), std::string::npos);
  EXPECT_EQ(drawn.find('\n'), std::string::npos);
  progress.clear();
  progress.clear();
  EXPECT_EQ(out.str(), drawn + "\r\033[K");
}

}  // namespace
}  // namespace npuwhisper::cli
