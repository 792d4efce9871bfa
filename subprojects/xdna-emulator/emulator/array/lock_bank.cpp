// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/lock_bank.h"

#include <utility>

#include "emulator/array/names.h"

namespace npuwhisper::emu {

LockBank::LockBank(npu::TileId tile, const npu::TileLimits& limits, Scheduler& scheduler)
    : tile_(tile),
      max_value_(limits.max_lock_value),
      scheduler_(scheduler),
      locks_(static_cast<std::size_t>(limits.n_locks)) {}

std::string LockBank::name(int lock) const {
  const std::string& full = at(lock).name;
  if (full.empty()) return "lock " + std::to_string(lock);
  const std::string place = "_" + std::to_string(tile_.column) + "_" + std::to_string(tile_.row);
  return full.ends_with(place) ? full.substr(0, full.size() - place.size()) : full;
}

std::string LockBank::describe(int lock) const {
  const Lock& state = at(lock);
  return "lock " + std::to_string(lock) + (state.name.empty() ? "" : " '" + state.name + "'") +
         " of " + name_of(tile_) + " (value " + std::to_string(state.value) + ")";
}

Result<void> LockBank::check(int lock) const {
  if (lock < 0 || static_cast<std::size_t>(lock) >= locks_.size()) {
    return fail(ErrorCode::DeviceError, name_of(tile_) + " has no lock " + std::to_string(lock) +
                                            "; it has " + std::to_string(locks_.size()));
  }
  if (!at(lock).known) {
    return fail(ErrorCode::DeviceError, "lock " + std::to_string(lock) + " of " + name_of(tile_) +
                                            " is used but was never initialised");
  }
  return {};
}

Result<void> LockBank::declare(int lock, const std::string& name, int value) {
  auto set_value = set(lock, value);
  if (!set_value) return fail(ErrorCode::InvalidArgument, set_value.error().message);
  at(lock).name = name;
  return {};
}

Result<bool> LockBank::acquire(int lock, LockAction action, int amount, Actor& waiter) {
  auto checked = check(lock);
  if (!checked) return fail(checked.error());
  Lock& state = at(lock);
  if (amount < 0) {
    return fail(ErrorCode::DeviceError, "acquire of " + std::to_string(amount) + " from " +
                                            describe(lock) + ": the amount must be at least 0");
  }
  const bool free =
      action == LockAction::AcquireEqual ? state.value == amount : state.value >= amount;
  if (!free) {
    state.waiters.push_back(&waiter);
    return false;
  }
  state.value -= amount;
  // The smaller value may satisfy an actor that waits for equality.
  if (amount != 0) wake(state);
  return true;
}

Result<void> LockBank::release(int lock, int amount) {
  auto checked = check(lock);
  if (!checked) return checked;
  Lock& state = at(lock);
  const int value = state.value + amount;
  if (value > max_value_ || value < 0) {
    return fail(ErrorCode::DeviceError, "release of " + std::to_string(amount) + " overflows " +
                                            describe(lock) + ": a lock holds 0 to " +
                                            std::to_string(max_value_));
  }
  state.value = value;
  wake(state);
  return {};
}

Result<int> LockBank::value(int lock) const {
  auto checked = check(lock);
  if (!checked) return fail(checked.error());
  return at(lock).value;
}

Result<void> LockBank::set(int lock, int value) {
  if (lock < 0 || static_cast<std::size_t>(lock) >= locks_.size()) return check(lock);
  if (value < 0 || value > max_value_) {
    return fail(ErrorCode::DeviceError, "lock " + std::to_string(lock) + " of " + name_of(tile_) +
                                            " cannot be set to " + std::to_string(value) +
                                            ": a lock holds 0 to " + std::to_string(max_value_));
  }
  at(lock).known = true;
  at(lock).value = value;
  wake(at(lock));
  return {};
}

void LockBank::wake(Lock& lock) {
  for (Actor* waiter : std::exchange(lock.waiters, {})) scheduler_.schedule(*waiter, 0);
}

}  // namespace npuwhisper::emu
