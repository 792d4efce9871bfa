// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/lock_bank.h"

#include <gtest/gtest.h>

namespace npuwhisper::emu {
namespace {

class Counter final : public Actor {
 public:
  Result<void> act() override {
    ++n;
    return {};
  }
  int n = 0;
};

class LockBankTest : public ::testing::Test {
 protected:
  LockBankTest() : locks_({0, 2}, (*npu::find_array("npu1"))->core, scheduler_) {
    EXPECT_TRUE(locks_.declare(3, "full", 1));
  }
  void run() {
    while (scheduler_.next() != Scheduler::kNever) ASSERT_TRUE(scheduler_.step());
  }

  Scheduler scheduler_;
  LockBank locks_;
  Counter waiter_;
};

TEST_F(LockBankTest, CountsDownAndUp) {
  EXPECT_TRUE(*locks_.acquire(3, LockAction::AcquireAtLeast, 1, waiter_));
  EXPECT_EQ(*locks_.value(3), 0);
  ASSERT_TRUE(locks_.release(3, 5));
  EXPECT_TRUE(*locks_.acquire(3, LockAction::AcquireAtLeast, 2, waiter_));
  EXPECT_EQ(*locks_.value(3), 3);
}

TEST_F(LockBankTest, AcquiresEqualOnlyIfEqual) {
  ASSERT_TRUE(locks_.release(3, 2));
  EXPECT_FALSE(*locks_.acquire(3, LockAction::AcquireEqual, 2, waiter_));
  EXPECT_TRUE(*locks_.acquire(3, LockAction::AcquireEqual, 3, waiter_));
  EXPECT_EQ(*locks_.value(3), 0);
}

TEST_F(LockBankTest, WakesWhoWaits) {
  EXPECT_FALSE(*locks_.acquire(3, LockAction::AcquireAtLeast, 2, waiter_));
  run();
  EXPECT_EQ(waiter_.n, 0);
  ASSERT_TRUE(locks_.release(3, 1));
  run();
  EXPECT_EQ(waiter_.n, 1);
}

TEST_F(LockBankTest, RefusesOverflow) {
  ASSERT_TRUE(locks_.release(3, 62));
  const auto over = locks_.release(3, 1);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().message,
            "release of 1 overflows lock 3 'full' of tile (0, 2) (value 63): a lock holds 0 to 63");
}

TEST_F(LockBankTest, RefusesToTakeLessThanNothing) {
  EXPECT_EQ(
      locks_.acquire(3, LockAction::AcquireAtLeast, -1, waiter_).error().message,
      "acquire of -1 from lock 3 'full' of tile (0, 2) (value 1): the amount must be at least "
      "0");
}

TEST_F(LockBankTest, RefusesLocksThatNoOneInitialised) {
  EXPECT_EQ(locks_.release(4, 1).error().message,
            "lock 4 of tile (0, 2) is used but was never initialised");
  EXPECT_EQ(locks_.acquire(16, LockAction::AcquireEqual, 1, waiter_).error().message,
            "tile (0, 2) has no lock 16; it has 16");
  ASSERT_TRUE(locks_.set(4, 7));
  EXPECT_EQ(*locks_.value(4), 7);
  EXPECT_FALSE(locks_.set(4, 64));
}

}  // namespace
}  // namespace npuwhisper::emu
