// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "emulator/array/scheduler.h"
#include "emulator/core_program.h"

namespace npuwhisper::emu {

/// The semaphores of one tile. A lock has no value until the design declares it or an instruction
/// stream sets it. The use of a lock without a value is an error. On silicon, the lock would hold
/// the value of its last use.
class LockBank {
 public:
  LockBank(npu::TileId tile, const npu::TileLimits& limits, Scheduler& scheduler);

  /// Declares a lock of the design. Errors: InvalidArgument (no such lock, or a value out of
  /// range).
  Result<void> declare(int lock, const std::string& name, int value);

  /// Subtracts `amount` from the lock's value and returns true if the value satisfies `action`: at
  /// least `amount`, or equal to `amount`. Otherwise returns false, and schedules `waiter` when the
  /// value changes. Errors: DeviceError (see check(), or a negative amount).
  Result<bool> acquire(int lock, LockAction action, int amount, Actor& waiter);

  /// Adds `amount` to the lock. Errors: DeviceError (see check(), or a new value out of range).
  Result<void> release(int lock, int amount);

  /// Returns the value that an instruction stream reads from the lock's register. Errors: see
  /// check().
  Result<int> value(int lock) const;
  /// Sets the lock, as an instruction stream does by writing to the lock's register. Errors:
  /// DeviceError (no such lock, or a value out of range).
  Result<void> set(int lock, int value);

  /// Checks that the lock exists, and that the design or an instruction stream has set its value.
  /// Errors: DeviceError, with a message that names the lock.
  Result<void> check(int lock) const;

  /// Returns the design's name of the lock. Omits the tile's coordinates at the end of the name:
  /// returns "a_full" for "a_full_0_2". Returns "lock 3" for a lock without a name.
  std::string name(int lock) const;

  /// Returns a description of the lock for messages: "lock 3 'of_in_cons_lock' of tile (0, 2)", and
  /// its value.
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
