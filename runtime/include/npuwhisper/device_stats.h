// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>

namespace npuwhisper {

/// Counters of an NPU's work for all streams of an engine. Without an NPU all counters are zero.
/// Times are wall time, even on an emulated NPU.
struct DeviceStats {
  std::uint64_t calls = 0;                  ///< Runs submitted.
  std::uint64_t dma_syncs = 0;              ///< Syncs of a buffer, in either direction.
  std::uint64_t bytes_to_device = 0;        ///< Bytes synced to the NPU.
  std::uint64_t bytes_from_device = 0;      ///< Bytes synced from the NPU.
  std::chrono::nanoseconds busy_time{0};    ///< Time during which a run was in flight.
  std::chrono::nanoseconds since_first{0};  ///< Time since the first run was submitted.

  /// Returns the fraction of since_first during which a run was in flight, 0 to 1.
  double utilisation() const {
    if (since_first.count() <= 0) return 0;
    return static_cast<double>(busy_time.count()) / static_cast<double>(since_first.count());
  }
};

}  // namespace npuwhisper
