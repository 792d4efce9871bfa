// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/occupancy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace npuwhisper::emu {
namespace {

constexpr double kHertz = 1e9;

/// Returns a trace of two cores of one column and a channel of the shim over 1000 cycles.
/// Core (0, 2) multiplies in the first half and waits in the next quarter. Core (0, 3) runs
/// "finish" in the last tenth.
Trace two_cores() {
  Trace trace(true);
  const auto lower = trace.track({0, 2}, "core");
  const auto upper = trace.track({0, 3}, "core");
  const auto channel = trace.track({0, 0}, "MM2S 0");
  trace.track({0, 0}, "MM2S 1");
  trace.span(lower, "multiply", 0, 500);
  trace.span(lower, "wait for a_full", 500, 750);
  trace.span(upper, "finish", 900, 1000);
  trace.span(channel, "descriptor 3", 0, 200);
  trace.span(channel, "wait for lock", 200, 250);
  trace.span(channel, "wait for stream", 250, 1000);
  trace.span(trace.controller(), "sync", 0, 1000);
  return trace;
}

TEST(Occupancy, DividesTimeAmongWhatHappened) {
  const Occupancy occupancy = make_occupancy(two_cores(), kHertz, 10);
  EXPECT_DOUBLE_EQ(occupancy.seconds, 1e-6);
  EXPECT_EQ(occupancy.activities,
            (std::vector<std::string>{"multiply", "finish", "wait for a_full"}));
  EXPECT_EQ(occupancy.n_functions, 2U);
  ASSERT_EQ(occupancy.cores.size(), 2U);
  const Shares& lower = occupancy.cores[0].shares;
  EXPECT_NEAR(lower.at(0, 0), 1, 1e-9);
  EXPECT_NEAR(lower.at(5, 0), 0, 1e-9);
  EXPECT_NEAR(lower.at(5, 2), 1, 1e-9);
  EXPECT_NEAR(lower.at(7, 2), 0.5, 1e-9);
  EXPECT_NEAR(occupancy.cores[1].shares.at(9, 1), 1, 1e-9);
  EXPECT_NEAR(occupancy.cores[1].shares.at(8, 1), 0, 1e-9);
}

TEST(Occupancy, CountsTheChannelsThatDidAnything) {
  const Occupancy occupancy = make_occupancy(two_cores(), kHertz, 10);
  const auto line = std::find_if(occupancy.dma.begin(), occupancy.dma.end(),
                                 [](const auto& dma) { return dma.n_channels > 0; });
  ASSERT_NE(line, occupancy.dma.end());
  EXPECT_EQ(line->name, "host to array");
  EXPECT_EQ(line->n_channels, 1U);
  EXPECT_NEAR(line->shares.at(1, 0), 1, 1e-9);
  EXPECT_NEAR(line->shares.at(2, 1), 0.5, 1e-9);
  EXPECT_NEAR(line->shares.at(9, 2), 1, 1e-9);
}

TEST(Occupancy, TakesTheLeastFunctionsTogether) {
  Trace trace(true);
  const auto core = trace.track({0, 2}, "core");
  Cycles at = 0;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    const Cycles time = 800 - at / 10;  // Each span is shorter than the one before.
    trace.span(core, name, at, at + time);
    at += time;
  }
  const Occupancy occupancy = make_occupancy(trace, kHertz, 4);
  EXPECT_EQ(occupancy.activities,
            (std::vector<std::string>{"a", "b", "c", "d", "e", "other functions"}));
  for (std::size_t bin = 0; bin < 4; ++bin) {
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i) sum += occupancy.cores[0].shares.at(bin, i);
    EXPECT_NEAR(sum, 1, 1e-9) << bin;
  }
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Occupancy, IsDrawnAsAPicture) {
  const std::string svg =
      draw_occupancy(make_occupancy(two_cores(), kHertz, 10), "NPU <Strix> (emulated)");
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1600 "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_NE(
      svg.find("NPU &lt;Strix> (emulated): activity of 2 cores and the DMA in 0.001 ms, predicted"),
      std::string::npos);
  // The legend shows shares of both cores' time.
  EXPECT_NE(svg.find(">multiply 25 %</text>"), std::string::npos);
  EXPECT_NE(svg.find(">finish 5 %</text>"), std::string::npos);
  EXPECT_NE(svg.find(">a_full 12 %</text>"), std::string::npos);
  EXPECT_NE(svg.find(">cores of row 3</text>"), std::string::npos);
  // All cores together have three areas. The DMA also has three areas: moving data and two kinds of
  // waiting. Each core's line has one path for each activity that is the core's most frequent
  // activity in at least one bin.
  EXPECT_EQ(count(svg, "<path fill="), 3U + 3U);
  EXPECT_EQ(count(svg, "<path stroke="), 3U);
  // Core (0, 2) multiplies in the first five of the ten bins. Each bin is 3 pixels wide.
  EXPECT_NE(svg.find("d=\"M150 306h15\""), std::string::npos) << svg;
  EXPECT_EQ(count(svg, "<text"), count(svg, "</text>"));
}

TEST(Occupancy, OfNothingIsStillAPicture) {
  const std::string svg = draw_occupancy(make_occupancy(Trace(true), kHertz, 10), "NPU");
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::emu
