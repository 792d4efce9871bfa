// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pass_turns.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <utility>

namespace npuwhisper {
namespace {

using std::chrono::milliseconds;

class PassTurnsTest : public testing::Test {
 protected:
  /// Asks for the turn of `stream` at the time `now`. All times are in milliseconds.
  std::optional<PassTurns::Turn> ask(std::size_t stream, int deadline, int now = 0) {
    return turns_.ask(&streams_.at(stream), milliseconds(deadline), milliseconds(now));
  }
  PassTurns::Turn take(std::size_t stream) { return turns_.take(&streams_.at(stream)); }

  PassTurns turns_{4};
  std::array<int, 4> streams_ = {};
};

TEST_F(PassTurnsTest, TwoStreamsRunAndOthersWait) {
  std::optional first(ask(0, 1000));
  const auto second = ask(1, 1000);
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(ask(2, 1000));
  first.reset();
  EXPECT_TRUE(ask(2, 1000));
}

TEST_F(PassTurnsTest, TheEarliestDeadlineIsFirst) {
  std::optional first(ask(0, 1000));
  const auto second = ask(1, 1000);
  EXPECT_FALSE(ask(2, 1700));
  EXPECT_FALSE(ask(3, 1500));
  first.reset();
  EXPECT_FALSE(ask(2, 1700)) << "stream 3 is due earlier";
  EXPECT_TRUE(ask(3, 1500));
}

TEST_F(PassTurnsTest, AStreamWithoutCompetitorsRunsAtOnce) {
  const auto first = ask(0, 1000);
  EXPECT_TRUE(ask(1, 1700));
  EXPECT_TRUE(ask(2, 1500)) << "the turn of stream 1 has ended";
}

TEST_F(PassTurnsTest, AStreamThatDoesNotAskAgainIsForgotten) {
  std::optional first(ask(0, 1000));
  const auto second = ask(1, 1000);
  EXPECT_FALSE(ask(2, 1200, 0));
  first.reset();
  EXPECT_FALSE(ask(3, 1500, 90));
  EXPECT_TRUE(ask(3, 1500, 110)) << "stream 2 has not asked for 110 ms";
}

TEST_F(PassTurnsTest, AStreamThatLeavesIsForgotten) {
  std::optional first(ask(0, 1000));
  const auto second = ask(1, 1000);
  EXPECT_FALSE(ask(2, 1200));
  first.reset();
  EXPECT_FALSE(ask(3, 1500));
  turns_.leave(&streams_[2]);
  EXPECT_TRUE(ask(3, 1500));
}

TEST_F(PassTurnsTest, TakenTurnsDoNotWaitButCount) {
  const auto first = ask(0, 1000);
  {
    const auto second = ask(1, 1000);
    const auto third = take(2);
    EXPECT_FALSE(ask(3, 1500));
  }
  EXPECT_TRUE(ask(3, 1500));
}

TEST_F(PassTurnsTest, AnOverdueStreamMayUseOneTurnMore) {
  const auto first = ask(0, 1000);
  const auto second = ask(1, 1000);
  EXPECT_FALSE(ask(2, 1100, 1099));
  const auto third = ask(2, 1100, 1100);
  EXPECT_TRUE(third);
  EXPECT_FALSE(ask(3, 1000, 1100));
}

TEST_F(PassTurnsTest, ATurnEndsOnceWhenItWasMoved) {
  std::optional first(ask(0, 1000));
  {
    const PassTurns::Turn moved = std::move(*first);
    first.reset();
    const auto second = ask(1, 1000);
    EXPECT_FALSE(ask(2, 1000)) << "the moved turn is in use";
  }
  const auto second = ask(1, 1000);
  const auto third = ask(2, 1000);
  EXPECT_TRUE(second);
  EXPECT_TRUE(third);
  EXPECT_FALSE(ask(3, 1000)) << "two turns are in use, not fewer";
}

TEST_F(PassTurnsTest, NoTurnIsNeededByDefault) {
  const PassTurns::Turn none;
  const auto first = ask(0, 1000);
  EXPECT_TRUE(ask(1, 1000));
}

}  // namespace
}  // namespace npuwhisper
