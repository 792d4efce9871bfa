// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/array/scheduler.h"
#include "emulator/core_program.h"

namespace npuwhisper::emu {

/// The semaphores of one tile. A lock that neither the design declares nor an instruction stream
/// has set is refused: its value on silicon is whatever was left there.
class LockBank {
 public:
  LockBank(npu::TileId tile, const npu::TileLimits& limits, Scheduler& scheduler);

  /// A lock of the design. Errors: InvalidArgument (no such lock, or a value out of range).
  Result<void> declare(int lock, const std::string& name, int value);

  /// Takes `amount` from the lock if its value is at least, or exactly, that. Else returns false,
  /// and `waiter` is scheduled when the lock changes.
  Result<bool> acquire(int lock, LockAction action, int amount, Actor& waiter);

  /// Adds `amount`. Errors: DeviceError where the value would pass what a lock holds.
  Result<void> release(int lock, int amount);

  /// As an instruction stream reads and writes the lock's register.
  Result<int> value(int lock) const;
  Result<void> set(int lock, int value);

  /// Whether a design or a stream has given the lock a value. Errors: DeviceError, saying which
  /// lock is not there or not initialised.
  Result<void> check(int lock) const;

  /// As the design calls the lock, without the tile's coordinates where it ends with them ("a_full"
  /// for "a_full_0_2"); "lock 3", where it has no name.
  std::string name(int lock) const;

  /// "lock 3 'of_in_cons_lock' of tile (0, 2)", and its value, for messages.
  std::string describe(int lock) const;

 private:
  struct Lock {
    std::string name;
    int value = 0;
    bool known = false;
    std::vector<Actor*> waiters;
  };
  Lock& at(int lock) { return locks_[static_cast<std::size_t>(lock)]; }
  const Lock& at(int lock) const { return locks_[static_cast<std::size_t>(lock)]; }
  void wake(Lock& lock);

  npu::TileId tile_;
  int max_value_;
  Scheduler& scheduler_;
  std::vector<Lock> locks_;
};

}  // namespace npuwhisper::emu
