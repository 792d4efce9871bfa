// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/timeline.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>

namespace npuwhisper::emu {
namespace {

/// All timelines share this mutex and this condition, because one wait can cover several timelines.
struct Monitor {
  std::mutex mutex;
  std::condition_variable changed;
};

Monitor& monitor() {
  // The instance is never destroyed, because waiters may outlive static objects.
  static auto* const instance = new Monitor;
  return *instance;
}

void raise(std::optional<std::uint64_t>& value, std::uint64_t point) {
  value = std::max(value.value_or(point), point);
}

}  // namespace

void Timeline::submit(std::uint64_t point) {
  {
    const std::lock_guard lock(monitor().mutex);
    raise(submitted_, point);
  }
  monitor().changed.notify_all();
}

void Timeline::signal(std::uint64_t point) {
  {
    const std::lock_guard lock(monitor().mutex);
    raise(submitted_, point);
    raise(signaled_, point);
  }
  monitor().changed.notify_all();
}

std::uint64_t Timeline::signaled() const {
  const std::lock_guard lock(monitor().mutex);
  return signaled_.value_or(0);
}

bool Timeline::is_submitted(std::uint64_t point) const {
  return submitted_ && *submitted_ >= point;
}

bool Timeline::is_signaled(std::uint64_t point) const {
  if (!submitted_ || !signaled_) return false;
  return *signaled_ >= (point == 0 ? *submitted_ : point);
}

int Timeline::wait(std::span<const Wait> waits, bool all, bool for_submit, Deadline deadline,
                   std::uint32_t& first) {
  std::unique_lock lock(monitor().mutex);
  if (!for_submit) {
    for (const Wait& wait : waits) {
      if (!wait.timeline->is_submitted(wait.point)) return EINVAL;
    }
  }
  const auto done = [&] {
    std::size_t n_signaled = 0;
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if (!waits[i].timeline->is_signaled(waits[i].point)) continue;
      if (n_signaled++ == 0) first = static_cast<std::uint32_t>(i);
    }
    return all ? n_signaled == waits.size() : n_signaled > 0;
  };
  if (!deadline) {
    monitor().changed.wait(lock, done);
    return 0;
  }
  return monitor().changed.wait_until(lock, *deadline, done) ? 0 : ETIME;
}

std::uint32_t TimelineTable::insert(std::shared_ptr<Timeline> timeline) {
  const std::lock_guard lock(mutex_);
  entries_[next_handle_] = std::move(timeline);
  return next_handle_++;
}

std::shared_ptr<Timeline> TimelineTable::find(std::uint32_t handle) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(handle);
  return entry == entries_.end() ? nullptr : entry->second;
}

int TimelineTable::close(std::uint32_t handle) {
  const std::lock_guard lock(mutex_);
  return entries_.erase(handle) == 1 ? 0 : EINVAL;
}

}  // namespace npuwhisper::emu
