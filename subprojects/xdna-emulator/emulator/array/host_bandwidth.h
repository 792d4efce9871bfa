// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>

#include "array/clock_constants.h"
#include "emulator/array/cycles.h"

namespace npuwhisper::emu {

/// Bandwidth of host memory, which all shims share. Serves transfers in the order of the calls to
/// pass(), at the maximum rate of the array as a whole.
class HostBandwidth {
 public:
  explicit HostBandwidth(const npu::ArrayClock& clock)
      : cycles_per_byte_(clock.hertz / clock.host_bytes_per_second) {}

  /// Serves a transfer that begins at `start`. Returns the time at which the transfer is complete.
  Cycles pass(Cycles start, std::size_t bytes) {
    free_at_ = std::max(free_at_, static_cast<double>(start)) +
               static_cast<double>(bytes) * cycles_per_byte_;
    return static_cast<Cycles>(free_at_);
  }

 private:
  double cycles_per_byte_;
  double free_at_ = 0;
};

}  // namespace npuwhisper::emu
