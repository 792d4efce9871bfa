// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <cstdint>

namespace npuwhisper::cea608 {

/// The data of one field of line 21 in one frame: two bytes with seven bits of data each and an odd
/// parity bit in the highest bit.
struct BytePair {
  std::uint8_t first = 0x80;
  std::uint8_t second = 0x80;

  friend bool operator==(const BytePair&, const BytePair&) = default;
};

/// The pair sent when there is no data: two NULs with their parity.
inline constexpr BytePair kPadding{};

constexpr std::uint8_t with_odd_parity(std::uint8_t seven_bits) {
  const bool odd = std::popcount(seven_bits) % 2 != 0;
  return static_cast<std::uint8_t>(odd ? seven_bits : seven_bits | 0x80);
}

constexpr BytePair pair_of(std::uint8_t first, std::uint8_t second) {
  return {with_odd_parity(first), with_odd_parity(second)};
}

}  // namespace npuwhisper::cea608
