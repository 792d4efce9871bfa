// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/support/timeline.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

constexpr std::int64_t kSecond = 16000;

TEST(Timeline, ConvertsSamples) {
  EXPECT_EQ(samples_to_time(16000), GST_SECOND);
  EXPECT_EQ(samples_to_time(1), 62500U);
  EXPECT_EQ(time_to_samples(GST_SECOND), 16000);
  EXPECT_EQ(time_to_samples(62500 * 3 - 1), 3);
  // A century does not overflow.
  EXPECT_EQ(samples_to_time(kSecond * 3'155'760'000), 3'155'760'000 * GST_SECOND);
}

TEST(Timeline, CountsFromItsStart) {
  Timeline timeline;
  timeline.restart(5 * GST_SECOND);
  timeline.append(5 * GST_SECOND, kSecond);
  timeline.append(GST_CLOCK_TIME_NONE, kSecond / 2);
  EXPECT_EQ(timeline.n_samples(), kSecond * 3 / 2);
  EXPECT_EQ(timeline.end(), 6500 * GST_MSECOND);
  EXPECT_EQ(timeline.time_of(0), 5 * GST_SECOND);
  EXPECT_EQ(timeline.time_of(kSecond), 6 * GST_SECOND);
}

TEST(Timeline, KnowsWhatFollows) {
  Timeline timeline;
  timeline.restart(GST_SECOND);
  EXPECT_TRUE(timeline.continues(GST_CLOCK_TIME_NONE));
  EXPECT_TRUE(timeline.continues(GST_SECOND + Timeline::kDiscontinuity));
  EXPECT_TRUE(timeline.continues(GST_SECOND - Timeline::kDiscontinuity));
  EXPECT_FALSE(timeline.continues(GST_SECOND + Timeline::kDiscontinuity + 1));
  EXPECT_FALSE(timeline.continues(GST_SECOND - Timeline::kDiscontinuity - 1));
}

TEST(Timeline, FollowsDriftWithoutMovingThePast) {
  Timeline timeline;
  timeline.restart(0);
  timeline.append(0, kSecond);
  timeline.append(1020 * GST_MSECOND, kSecond);
  EXPECT_EQ(timeline.time_of(kSecond / 2), 500 * GST_MSECOND);
  EXPECT_EQ(timeline.time_of(kSecond), 1020 * GST_MSECOND);
  EXPECT_EQ(timeline.end(), 2020 * GST_MSECOND);
}

TEST(Timeline, IgnoresJitter) {
  Timeline timeline;
  timeline.restart(0);
  timeline.append(0, kSecond);
  timeline.append(1001 * GST_MSECOND, kSecond);
  EXPECT_EQ(timeline.time_of(kSecond), GST_SECOND);
}

TEST(Timeline, ForgetsButStillAnswers) {
  Timeline timeline;
  timeline.restart(0);
  for (GstClockTime i = 0; i < 1000; ++i) timeline.append(i * 1020 * GST_MSECOND, kSecond);
  timeline.forget_before(999 * kSecond);
  EXPECT_EQ(timeline.time_of(999 * kSecond), 999 * 1020 * GST_MSECOND);
  EXPECT_EQ(timeline.time_of(998 * kSecond), 999 * 1020 * GST_MSECOND - GST_SECOND);
  EXPECT_EQ(timeline.time_of(0), 19980 * GST_MSECOND) << "counted back from what is kept";
}

TEST(Timeline, NeverGoesBackThoughTimestampsDo) {
  Timeline timeline;
  timeline.restart(0);
  timeline.append(0, kSecond);
  timeline.append(850 * GST_MSECOND, kSecond);
  EXPECT_EQ(timeline.time_of(kSecond / 2), 500 * GST_MSECOND);
  EXPECT_EQ(timeline.time_of(kSecond * 9 / 10), 850 * GST_MSECOND);
  EXPECT_EQ(timeline.time_of(kSecond), 850 * GST_MSECOND);
  EXPECT_EQ(timeline.end(), 1850 * GST_MSECOND);
}

TEST(Timeline, TimeBeforeZeroIsZero) {
  Timeline timeline;
  timeline.restart(GST_SECOND);
  EXPECT_EQ(timeline.time_of(-2 * kSecond), 0U);
}

TEST(Timeline, SegmentsAreComparedByTheirMeaning) {
  GstSegment a;
  gst_segment_init(&a, GST_FORMAT_TIME);
  GstSegment b = a;
  b.position = GST_SECOND;
  EXPECT_TRUE(same_timing(a, b));
  b.base = GST_SECOND;
  EXPECT_FALSE(same_timing(a, b));
}

}  // namespace
}  // namespace npuwhisper
