// SPDX-License-Identifier: LGPL-2.1-or-later
#include "turns.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

namespace npuwhisper::server {

Result<std::unique_ptr<Turns>> Turns::create(unsigned n_threads) {
  std::unique_ptr<Turns> turns(new Turns);
  try {
    for (unsigned i = 0; i < n_threads; ++i) {
      turns->threads_.emplace_back([turns = turns.get()] { turns->run(); });
    }
  } catch (const std::system_error& error) {
    return fail(ErrorCode::Unavailable, std::string("cannot start a thread: ") + error.what());
  }
  return turns;
}

Turns::~Turns() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

void Turns::add(std::shared_ptr<TurnTask> task) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.reserve(n_tasks_ + 1);  // So run() need not allocate memory.
    waiting_.push_back({std::move(task), n_arrivals_++});
    ++n_tasks_;
  }
  changed_.notify_one();
}

std::size_t Turns::n_waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}

std::chrono::nanoseconds Turns::working_time() const {
  const std::scoped_lock lock(mutex_);
  return working_time_;
}

/// Removes and returns the task with the next turn. The caller holds mutex_.
Turns::Waiting Turns::take_next() {
  const auto rank = [](const Waiting& waiting) {
    return std::tuple(waiting.task->work_done(), waiting.task->work_in_total(), waiting.arrival);
  };
  const bool takes_oldest = ++n_turns_ % kOldestEvery == 0;
  const auto next = takes_oldest ? std::ranges::min_element(waiting_, {}, &Waiting::arrival)
                                 : std::ranges::min_element(waiting_, {}, rank);
  Waiting taken = std::move(*next);
  waiting_.erase(next);
  return taken;
}

void Turns::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Waiting taken = take_next();
    lock.unlock();
    const auto start = std::chrono::steady_clock::now();
    const bool remains = taken.task->take_turn();
    const auto duration = std::chrono::steady_clock::now() - start;
    if (!remains) taken.task.reset();  // Frees the task's memory without the lock.
    lock.lock();
    working_time_ += duration;
    if (remains) {
      waiting_.push_back({std::move(taken.task), n_arrivals_++});
    } else {
      --n_tasks_;
    }
  }
}

}  // namespace npuwhisper::server
