// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <thread>

namespace npuwhisper::test {

/// Maximum duration of an operation that must not block. The limit is generous for busy machines.
inline constexpr std::chrono::seconds kAtOnce{10};
/// Timeout for anything that must happen eventually.
inline constexpr std::chrono::seconds kTimeout{60};

/// Waits until `condition` holds. Returns false if it does not hold within kTimeout.
template <typename Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + kTimeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace npuwhisper::test
