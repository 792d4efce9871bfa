// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// A part of the array that acts on its own: a core, a DMA channel, a control port, or the
/// controller that executes an instruction stream. Between two acts, an actor is in the scheduler's
/// queue or waits for another actor to schedule it.
class Actor {
 public:
  Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  virtual ~Actor() = default;

  /// Acts at the scheduler's current time. An error ends the simulation.
  virtual Result<void> act() = 0;

 private:
  friend class Scheduler;
  bool queued_ = false;
};

/// Runs actors in the order of their times. Actors with equal times run in the order in which they
/// were scheduled, so that simulations are deterministic.
class Scheduler {
 public:
  static constexpr Cycles kNever = ~Cycles{0};

  Cycles now() const { return now_; }

  /// Queues an actor for `at` or now, whichever is later. Does not move an actor that is already
  /// queued.
  void schedule(Actor& actor, Cycles at);

  /// Returns the time of the next act; kNever if the queue is empty.
  Cycles next() const { return queue_.empty() ? kNever : queue_.top().at; }

  /// Advances the time to `at`, unless an actor is queued for `at` or earlier. Returns whether the
  /// time was advanced. On success, the acting actor can continue without a pass through the queue.
  bool advance(Cycles at);

  /// Lets the earliest actor act. The queue must not be empty.
  Result<void> step();

 private:
  struct Entry {
    Cycles at;
    std::uint64_t number;
    Actor* actor;
    bool operator>(const Entry& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  Cycles now_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace npuwhisper::emu
