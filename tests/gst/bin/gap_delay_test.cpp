// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/bin/gap_delay.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

GapDelay::Gap gap(GstClockTime start, GstClockTime end) {
  return {.start = start * GST_SECOND, .end = end * GST_SECOND};
}

TEST(GapDelay, AFrameMakesAGapObsolete) {
  GapDelay delay;
  for (GstClockTime start = 0; start < 100; ++start) {
    EXPECT_FALSE(delay.add(gap(start, start + 3)));
    delay.reset();
  }
}

TEST(GapDelay, GapsWithoutFramesAreSentLate) {
  GapDelay delay;
  EXPECT_FALSE(delay.add(gap(1, 4)));
  EXPECT_FALSE(delay.add(gap(4, 11)));
  EXPECT_EQ(delay.add(gap(11, 14)), gap(1, 4));
  EXPECT_EQ(delay.add(gap(14, 17)), gap(4, 7));
  EXPECT_FALSE(delay.add(gap(14, 16))) << "it ends before the previous one";
}

TEST(GapDelay, ALongGapIsSentInPart) {
  GapDelay delay;
  EXPECT_EQ(delay.add(gap(0, 60)), gap(0, 50));
}

}  // namespace
}  // namespace npuwhisper
