// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/device_counters.h"

namespace npuwhisper {

void DeviceCounters::submitted(Clock::time_point at) {
  const std::scoped_lock lock(mutex_);
  if (counted_.calls++ == 0) first_ = at;
  // Runs that overlap count as one busy period.
  if (n_in_flight_++ == 0) busy_since_ = at;
}

void DeviceCounters::ended(Clock::time_point at) {
  const std::scoped_lock lock(mutex_);
  if (--n_in_flight_ == 0) counted_.busy_time += at - busy_since_;
}

void DeviceCounters::synced_to_device(std::uint64_t n_bytes) {
  const std::scoped_lock lock(mutex_);
  ++counted_.dma_syncs;
  counted_.bytes_to_device += n_bytes;
}

void DeviceCounters::synced_from_device(std::uint64_t n_bytes) {
  const std::scoped_lock lock(mutex_);
  ++counted_.dma_syncs;
  counted_.bytes_from_device += n_bytes;
}

DeviceStats DeviceCounters::stats(Clock::time_point now) const {
  const std::scoped_lock lock(mutex_);
  DeviceStats stats = counted_;
  if (stats.calls > 0) stats.since_first = now - first_;
  if (n_in_flight_ > 0) stats.busy_time += now - busy_since_;
  return stats;
}

}  // namespace npuwhisper
