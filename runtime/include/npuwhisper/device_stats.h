// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>

namespace npuwhisper {

/// What an NPU has done for all streams of an engine. All zero where there is none: the CPU device
/// hands nothing over. Times are wall time, on an emulated NPU too.
struct DeviceStats {
  std::uint64_t calls = 0;                  ///< Runs submitted.
  std::uint64_t dma_syncs = 0;              ///< Times that a buffer was handed to the NPU or back.
  std::uint64_t bytes_to_device = 0;        ///< Of the buffers that were handed over.
  std::uint64_t bytes_from_device = 0;      ///< Likewise.
  std::chrono::nanoseconds busy_time{0};    ///< In which a run was in flight.
  std::chrono::nanoseconds since_first{0};  ///< From the first call on until now.

  /// Share of the time since the first call in which a run was in flight, 0 to 1.
  double utilisation() const {
    if (since_first.count() <= 0) return 0;
    return static_cast<double>(busy_time.count()) / static_cast<double>(since_first.count());
  }
};

}  // namespace npuwhisper
