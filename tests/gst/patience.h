// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <thread>

namespace npuwhisper::test {

/// What waits for nothing takes less, even on a machine that is busy with other things.
inline constexpr std::chrono::seconds kAtOnce{10};
/// What comes in the end comes sooner.
inline constexpr std::chrono::seconds kPatience{60};

/// Waits until `condition` holds; false if it never does.
template <typename Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace npuwhisper::test
