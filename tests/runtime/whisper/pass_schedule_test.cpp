// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/pass_schedule.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSecond = 16'000;

TEST(PassScheduleTest, FreePassesRunEvery400Milliseconds) {
  PassSchedule schedule(2000ms);
  EXPECT_EQ(schedule.hop(), kSecond * 2 / 5);
  EXPECT_EQ(schedule.cost(), 0);
  schedule.took(60ms);
  EXPECT_EQ(schedule.hop(), kSecond * 2 / 5) << "a machine that is fast stays cool";
}

TEST(PassScheduleTest, PassesAreCloserWhereWordsMustNotWait) {
  const PassSchedule schedule(700ms);
  EXPECT_EQ(schedule.hop(), kSecond * 3 / 10);
}

TEST(PassScheduleTest, UsesAtMostHalfOfTheTime) {
  PassSchedule schedule(5000ms);
  schedule.took(400ms);
  EXPECT_EQ(schedule.hop(), kSecond * 8 / 10);
}

TEST(PassScheduleTest, UsesMoreThanHalfIfWordsWouldBeLate) {
  PassSchedule schedule(2000ms);
  schedule.took(400ms);
  EXPECT_EQ(schedule.hop(), kSecond / 2) << "a third of 2 s - 0.4 s - 0.1 s";
}

TEST(PassScheduleTest, PassesNeverOverlap) {
  PassSchedule schedule(1000ms);
  schedule.took(400ms);
  EXPECT_EQ(schedule.hop(), kSecond * 44 / 100);
}

TEST(PassScheduleTest, OverloadedPassDoesNotAffectLaterPlans) {
  PassSchedule schedule(1000ms);
  schedule.took(30s);
  EXPECT_EQ(schedule.cost(), kSecond / 2);
}

TEST(PassScheduleTest, ASlowPassCountsAtOnceAndIsForgottenByAndBy) {
  PassSchedule schedule(5000ms);
  schedule.took(100ms);
  schedule.took(900ms);
  EXPECT_EQ(schedule.cost(), kSecond * 9 / 10);
  schedule.took(100ms);
  EXPECT_EQ(schedule.cost(), kSecond * 8 / 10);
  for (int i = 0; i < 60; ++i) schedule.took(100ms);
  EXPECT_NEAR(static_cast<double>(schedule.cost()), 1600, 20);
}

TEST(PassScheduleTest, AWordIsDueWhenTheNextPassWouldBeTooLate) {
  PassSchedule schedule(2000ms);
  schedule.took(200ms);
  const std::int64_t heard = 10 * kSecond;
  const std::int64_t next = heard + schedule.hop() + kSecond * 2 / 10 + kSecond / 10;
  EXPECT_TRUE(schedule.is_due(next - 2 * kSecond - 1, heard, heard));
  EXPECT_FALSE(schedule.is_due(next - 2 * kSecond, heard, heard));
  EXPECT_TRUE(schedule.is_due(next - 2 * kSecond, heard, heard + kSecond))
      << "the live edge is further than the next pass";
}

TEST(PassScheduleTest, APassBeginsEarlyEnoughForTheWordsAfterThePreviousPass) {
  PassSchedule schedule(2000ms);
  EXPECT_EQ(schedule.latest_start(kSecond), kSecond * 24 / 10)
      << "2 s later, without 0.1 s and the 0.5 s that a first pass may take";
  schedule.took(300ms);
  EXPECT_EQ(schedule.latest_start(kSecond), kSecond * 26 / 10);
}

TEST(PassScheduleTest, PaceOfAudioDependsOnTheLatencyAlone) {
  PassSchedule schedule(3000ms, Pace::Audio);
  const std::int64_t hop = schedule.hop();
  EXPECT_EQ(hop, 3 * kSecond * 6 / 10);
  schedule.took(5s);
  EXPECT_EQ(schedule.hop(), hop);
  const std::int64_t heard = 10 * kSecond;
  for (const bool ends_phrase : {false, true}) {
    const std::int64_t behind = 3 * kSecond * (ends_phrase ? 2 : 3) / 10;
    EXPECT_TRUE(schedule.is_settled(heard - behind, heard, ends_phrase));
    EXPECT_FALSE(schedule.is_settled(heard - behind + 1, heard, ends_phrase));
  }
  const std::int64_t late = heard + hop - 3 * kSecond;
  EXPECT_TRUE(schedule.is_due(late - 1, heard, heard + 5 * kSecond));
  EXPECT_FALSE(schedule.is_due(late, heard, heard + 5 * kSecond));
}

TEST(PassScheduleTest, OverloadIsMoreThanTheLatency) {
  const PassSchedule schedule(2000ms);
  EXPECT_FALSE(schedule.is_overloaded(2 * kSecond));
  EXPECT_TRUE(schedule.is_overloaded(2 * kSecond + 1));
}

}  // namespace
}  // namespace npuwhisper
