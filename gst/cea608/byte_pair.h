// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <cstdint>

namespace npuwhisper::cea608 {

/// What one field of line 21 carries in one frame: two bytes of seven bits, each with odd parity in
/// the eighth.
struct BytePair {
  std::uint8_t first = 0x80;
  std::uint8_t second = 0x80;

  friend bool operator==(const BytePair&, const BytePair&) = default;
};

/// Nothing to say: two NULs with their parity.
inline constexpr BytePair kPadding{};

constexpr std::uint8_t with_odd_parity(std::uint8_t seven_bits) {
  const bool odd = std::popcount(seven_bits) % 2 != 0;
  return static_cast<std::uint8_t>(odd ? seven_bits : seven_bits | 0x80);
}

constexpr BytePair pair_of(std::uint8_t first, std::uint8_t second) {
  return {with_odd_parity(first), with_odd_parity(second)};
}

}  // namespace npuwhisper::cea608
