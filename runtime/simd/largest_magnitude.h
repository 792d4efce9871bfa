// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace npuwhisper::cpu {

/// Returns the largest magnitude of finite values; 0 if there are none. Compares the bits of the
/// floats as integers, because compilers vectorise a maximum of integers but not a maximum of
/// floats. Without their sign bits, floats have the same order as their bits. Thread-safe.
inline float largest_magnitude(std::span<const float> values) {
  constexpr std::uint32_t kWithoutSign = 0x7fffffff;
  std::int32_t largest = 0;
  for (const float x : values) {
    const auto bits = std::bit_cast<std::uint32_t>(x) & kWithoutSign;
    largest = std::max(largest, static_cast<std::int32_t>(bits));
  }
  return std::bit_cast<float>(largest);
}

}  // namespace npuwhisper::cpu
