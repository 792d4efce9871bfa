// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/server/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace npuwhisper::server {
namespace {

/// The names of the tasks in the order of their turns.
class Order {
 public:
  void add(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    names_.push_back(name);
  }
  std::vector<std::string> names() const {
    const std::scoped_lock lock(mutex_);
    return names_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
};

/// A task of `n_turns` turns, each of which does one unit of work.
class Work : public TurnTask {
 public:
  Work(std::string name, int n_turns, Order& order)
      : name_(std::move(name)), n_turns_(n_turns), order_(order) {}

  bool take_turn() noexcept override {
    order_.add(name_);
    if (++done_ < n_turns_) return true;
    ended_.set_value();
    return false;
  }
  std::int64_t work_done() const override { return done_; }
  std::int64_t work_in_total() const override { return n_turns_; }
  void wait() { ended_.get_future().wait(); }

 private:
  const std::string name_;
  const int n_turns_;
  Order& order_;
  int done_ = 0;
  std::promise<void> ended_;
};

/// A task that occupies a thread until open() is called, so that other tasks wait together.
class Gate : public TurnTask {
 public:
  bool take_turn() noexcept override {
    begun_.set_value();
    opened_.get_future().wait();
    return false;
  }
  std::int64_t work_done() const override { return 0; }
  std::int64_t work_in_total() const override { return 1; }
  void wait_for_turn() { begun_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> begun_, opened_;
};

class TurnsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto turns = Turns::create(1);
    ASSERT_TRUE(turns) << turns.error().message;
    turns_ = std::move(*turns);
    turns_->add(gate_);
    gate_->wait_for_turn();
  }
  std::shared_ptr<Work> add(const std::string& name, int n_turns) {
    auto work = std::make_shared<Work>(name, n_turns, order_);
    turns_->add(work);
    return work;
  }

  Order order_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::unique_ptr<Turns> turns_;
};

TEST_F(TurnsTest, TheTaskWithTheLeastWorkIsNext) {
  const auto a = add("a", 3);
  const auto b = add("b", 3);
  const auto c = add("c", 1);
  EXPECT_EQ(turns_->n_waiting(), 3U);
  gate_->open();
  for (const auto& work : {a, b, c}) work->wait();
  // The gate had the first turn. Turns 4 and 8 go to the task that has waited longest.
  EXPECT_EQ(order_.names(), (std::vector<std::string>{"c", "a", "b", "a", "b", "a", "b"}));
}

/// A task of one turn, which adds another task of this kind, `n_left` times.
class Spring : public TurnTask {
 public:
  Spring(Turns& turns, Order& order, int n_left) : turns_(turns), order_(order), n_left_(n_left) {}
  bool take_turn() noexcept override {
    order_.add("new");
    if (n_left_ > 0) turns_.add(std::make_shared<Spring>(turns_, order_, n_left_ - 1));
    return false;
  }
  std::int64_t work_done() const override { return 0; }
  std::int64_t work_in_total() const override { return 1; }

 private:
  Turns& turns_;
  Order& order_;
  const int n_left_;
};

TEST_F(TurnsTest, ALongTaskFinishesAlthoughShortTasksKeepArriving) {
  constexpr int kSprings = 100;
  const auto old = add("old", 5);
  turns_->add(std::make_shared<Spring>(*turns_, order_, kSprings));
  gate_->open();
  old->wait();
  const auto names = order_.names();
  const auto last = std::find(names.rbegin(), names.rend(), "old");
  // Every fourth turn goes to `old`, which has waited longest. Without such turns, `old` would get
  // its turns after all short tasks.
  EXPECT_LT(std::count(last, names.rend(), "new"), kSprings / 2);
}

TEST_F(TurnsTest, TheDestructorDropsWaitingTasks) {
  const auto waiting = add("waiting", 1);
  std::thread opener([this] { gate_->open(); });
  turns_.reset();
  opener.join();
  EXPECT_LE(order_.names().size(), 1U);
}

TEST(TurnThreadsTest, ThreadsShareTheTasks) {
  auto turns = Turns::create(4);
  ASSERT_TRUE(turns);
  Order order;
  std::vector<std::shared_ptr<Work>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_shared<Work>("x", 10, order));
    (*turns)->add(all.back());
  }
  for (const auto& work : all) work->wait();
  EXPECT_EQ(order.names().size(), 1000U);
  EXPECT_EQ((*turns)->n_waiting(), 0U);
}

}  // namespace
}  // namespace npuwhisper::server
