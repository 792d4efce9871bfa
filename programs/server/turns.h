// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <npuwhisper/result.h>

namespace npuwhisper::server {

/// Work that is done in turns.
class TurnTask {
 public:
  virtual ~TurnTask() = default;
  /// Does the next part of the work. Returns whether more work remains. Called by one thread at a
  /// time. Must not throw.
  virtual bool take_turn() noexcept = 0;
  /// Returns the amount of work done, in samples of audio. Called between turns.
  virtual std::int64_t work_done() const = 0;
  /// Returns the amount of work of the whole task, in samples of audio. Never changes.
  virtual std::int64_t work_in_total() const = 0;
};

/// Threads that let tasks take turns. The next turn goes to the task that has done the least work;
/// of several, to the shortest. So a short task finishes soon even if long tasks were added before
/// it. Every kOldestEvery-th turn goes to the task that has waited longest, so a long task finishes
/// even if short tasks keep arriving. Thread-safe.
class Turns {
 public:
  static constexpr int kOldestEvery = 4;

  /// Starts `n_threads` threads. Errors: Unavailable (no thread could be created).
  static Result<std::unique_ptr<Turns>> create(unsigned n_threads);
  /// Waits for the turns that have begun. Drops the other tasks.
  ~Turns();
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  void add(std::shared_ptr<TurnTask> task);
  /// Returns the number of tasks that wait for a turn.
  std::size_t n_waiting() const;
  /// Returns the sum of the durations of all turns.
  std::chrono::nanoseconds working_time() const;

 private:
  struct Waiting {
    std::shared_ptr<TurnTask> task;
    std::uint64_t arrival;  ///< Smaller numbers have waited longer.
  };

  Turns() = default;
  void run();
  Waiting take_next();

  mutable std::mutex mutex_;  // Guards the members below, except threads_.
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;
  std::size_t n_tasks_ = 0;  ///< Tasks that wait or whose turn has begun.
  std::uint64_t n_arrivals_ = 0;
  std::uint64_t n_turns_ = 0;
  std::chrono::nanoseconds working_time_{0};
  bool stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace npuwhisper::server
