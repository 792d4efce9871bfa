// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "emulator/npu.h"

namespace npuwhisper::emu {

/// Counters of programs' requests to the emulated device since the process started.
struct DriverCounters {
  std::uint64_t n_buffers = 0;  ///< Buffers created, not counting the heap.
  std::uint64_t buffer_bytes = 0;
  std::uint64_t n_contexts = 0;
  std::uint64_t n_loads = 0;        ///< Images given to contexts, including refused ones.
  std::uint64_t n_submissions = 0;  ///< Successful EXEC_CMD calls. Each call costs one dispatch.
  std::uint64_t n_chains = 0;       ///< Submissions that are chains.
  std::uint64_t n_runs = 0;         ///< Runs executed, including each member of a chain.
  std::uint64_t n_failed_runs = 0;  ///< Runs that ended in any state but COMPLETED.
  std::uint64_t n_syncs_to_device = 0;
  std::uint64_t n_syncs_from_device = 0;
  std::uint64_t bytes_to_device = 0;
  std::uint64_t bytes_from_device = 0;
};

/// Counters of the driver and of all arrays in this process. Thread-safe.
class Statistics {
 public:
  explicit Statistics(std::string device) : device_(std::move(device)) {}

  /// Calls change(DriverCounters&) under the lock.
  template <typename Change>
  void count(Change change) {
    const std::lock_guard lock(mutex_);
    change(driver_);
  }
  /// Adds the growth of an array's counters from `before` to `after`.
  void add_array(const Counters& before, const Counters& after);

  /// Returns one JSON object: "device", "emulated": true, "driver" (DriverCounters) and "array"
  /// (Counters, summed over contexts). Counters are named as in these structures.
  std::string json() const;
  DriverCounters driver() const;

 private:
  const std::string device_;
  mutable std::mutex mutex_;  ///< Guards the counters.
  DriverCounters driver_;
  Counters array_;
};

}  // namespace npuwhisper::emu
