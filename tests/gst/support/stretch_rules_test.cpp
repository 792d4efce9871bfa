// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/support/stretch_rules.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace npuwhisper {
namespace {

using Kind = StretchRules::GapStep::Kind;

constexpr std::int64_t kSecond = 16000;

/// A stretch of 2 s of audio from 1 s to 3 s.
class StretchRulesTest : public ::testing::Test {
 protected:
  StretchRulesTest() {
    timeline_.restart(GST_SECOND);
    timeline_.append(GST_SECOND, 2 * kSecond);
  }

  Timeline timeline_;
  StretchRules rules_;
};

TEST_F(StretchRulesTest, AudioWithoutAHoleContinues) {
  for (const GstClockTime start : std::initializer_list<GstClockTime>{
           GST_CLOCK_TIME_NONE, 3 * GST_SECOND, 3 * GST_SECOND + Timeline::kDiscontinuity,
           3 * GST_SECOND - 200 * GST_MSECOND}) {
    const auto step = rules_.next_audio(timeline_, start, false);
    EXPECT_EQ(step.n_missing, 0) << start;
    EXPECT_FALSE(step.begins_stretch) << start;
  }
}

TEST_F(StretchRulesTest, SilenceReplacesFewMissingSamples) {
  const auto step = rules_.next_audio(timeline_, 3400 * GST_MSECOND, false);
  EXPECT_EQ(step.n_missing, kSecond * 4 / 10);
  EXPECT_FALSE(step.begins_stretch);
}

TEST_F(StretchRulesTest, ALargeHoleOrAStepBackBeginsAStretch) {
  for (const GstClockTime start : {3401 * GST_MSECOND, 2799 * GST_MSECOND, 0 * GST_SECOND}) {
    const auto step = rules_.next_audio(timeline_, start, false);
    EXPECT_EQ(step.n_missing, 0) << start;
    EXPECT_TRUE(step.begins_stretch) << start;
  }
}

TEST_F(StretchRulesTest, DroppedAudioIsNotReplaced) {
  const auto step = rules_.next_audio(timeline_, 3200 * GST_MSECOND, true);
  EXPECT_EQ(step.n_missing, 0);
  EXPECT_TRUE(step.begins_stretch);
}

TEST_F(StretchRulesTest, AShortGapIsSilenceAndALongGapEndsTheStretch) {
  const auto brief = rules_.next_gap(timeline_, 3 * GST_SECOND, GST_SECOND);
  EXPECT_EQ(brief.kind, Kind::Silence);
  EXPECT_EQ(brief.start, 3 * GST_SECOND);
  EXPECT_EQ(brief.n_samples, kSecond);
  const auto longer = rules_.next_gap(timeline_, 3 * GST_SECOND, GST_SECOND + GST_MSECOND);
  EXPECT_EQ(longer.kind, Kind::NewStretch);
  EXPECT_EQ(longer.end, 4 * GST_SECOND + GST_MSECOND);
  EXPECT_EQ(rules_.next_gap(Timeline(), 0, GST_SECOND).kind, Kind::NewStretch);
}

TEST_F(StretchRulesTest, ManyShortGapsEndTheStretchUntilAudioArrives) {
  for (int i = 0; i < 30; ++i) {
    const auto step = rules_.next_gap(timeline_, timeline_.end(), GST_SECOND);
    ASSERT_EQ(step.kind, Kind::Silence) << i;
    timeline_.append(step.start, step.n_samples);
  }
  const auto last = rules_.next_gap(timeline_, timeline_.end(), GST_SECOND);
  EXPECT_EQ(last.kind, Kind::NewStretch);
  timeline_.restart(last.end);
  (void)rules_.next_audio(timeline_, last.end, false);
  timeline_.append(last.end, kSecond);
  EXPECT_EQ(rules_.next_gap(timeline_, timeline_.end(), GST_SECOND).kind, Kind::Silence);
}

TEST_F(StretchRulesTest, GapsThatOverlapAudioAreShortened) {
  EXPECT_EQ(rules_.next_gap(timeline_, 3 * GST_SECOND, GST_SECOND).kind, Kind::Silence);
  // The audio begins 500 ms before the end of the GAP.
  (void)rules_.next_audio(timeline_, 3500 * GST_MSECOND, false);
  EXPECT_EQ(rules_.next_gap(timeline_, 3 * GST_SECOND, 500 * GST_MSECOND).kind, Kind::Ignored);
  const auto step = rules_.next_gap(timeline_, 3 * GST_SECOND, GST_SECOND);
  EXPECT_EQ(step.n_samples, kSecond / 2);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  rules_.begin_segment(segment);
  EXPECT_EQ(rules_.next_gap(timeline_, 3 * GST_SECOND, GST_SECOND).n_samples, kSecond);
}

}  // namespace
}  // namespace npuwhisper
