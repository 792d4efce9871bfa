// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include <npuwhisper/result.h>

#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// Something that acts on its own: a core, a DMA channel, the controller that executes an
/// instruction stream. Between two of its acts it is either in the scheduler's queue, or it waits
/// for another actor, which will schedule it.
class Actor {
 public:
  Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  virtual ~Actor() = default;

  /// Acts at the scheduler's present time. An error ends the simulation.
  virtual Result<void> act() = 0;

 private:
  friend class Scheduler;
  bool queued_ = false;
};

/// Runs actors in the order of their times; equal times in the order in which they were scheduled,
/// so that a simulation always takes the same course.
class Scheduler {
 public:
  static constexpr Cycles kNever = ~Cycles{0};

  Cycles now() const { return now_; }

  /// Puts an actor into the queue, at `at` or now, whichever is later. An actor that is queued
  /// already stays where it is.
  void schedule(Actor& actor, Cycles at);

  /// Time of the next act; kNever if nothing is queued.
  Cycles next() const { return queue_.empty() ? kNever : queue_.top().at; }

  /// Goes on to `at` on behalf of the actor that is acting, if no other actor comes first. Saves
  /// the way through the queue.
  bool advance(Cycles at);

  /// Lets the earliest actor act. Call only if something is queued.
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
