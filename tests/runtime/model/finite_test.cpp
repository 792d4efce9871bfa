// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/finite.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace npuwhisper {
namespace {

template <typename Bits>
std::vector<std::byte> bytes_of(const std::vector<Bits>& values) {
  // Uses an odd address, because data in model files is not aligned.
  std::vector<std::byte> bytes(1 + values.size() * sizeof(Bits));
  std::memcpy(bytes.data() + 1, values.data(), values.size() * sizeof(Bits));
  return bytes;
}

template <typename Bits>
void check(DataType type, Bits largest, Bits infinity, Bits sign) {
  for (const Bits bits : {infinity, static_cast<Bits>(infinity | sign),
                          static_cast<Bits>(infinity + 1), static_cast<Bits>(sign - 1)}) {
    for (const std::size_t at : {0U, 7U, 99U}) {
      std::vector<Bits> values(100, largest);
      values[at] = bits;
      const auto bytes = bytes_of(values);
      const auto stored = std::span(bytes).subspan(1);
      EXPECT_FALSE(all_finite(type, stored)) << bits;
      EXPECT_EQ(first_not_finite(type, stored), at);
    }
  }
  for (const Bits bits : {Bits{0}, Bits{1}, sign, largest, static_cast<Bits>(largest | sign)}) {
    const auto bytes = bytes_of(std::vector<Bits>(100, bits));
    EXPECT_TRUE(all_finite(type, std::span(bytes).subspan(1))) << bits;
    EXPECT_EQ(first_not_finite(type, std::span(bytes).subspan(1)), 100U);
  }
}

TEST(Finite, TellsNumbersFromNanAndInfinity) {
  check<std::uint32_t>(DataType::F32, 0x7f7fffff, 0x7f800000, 0x80000000);
  check<std::uint16_t>(DataType::F16, 0x7bff, 0x7c00, 0x8000);
  check<std::uint16_t>(DataType::Bf16, 0x7f7f, 0x7f80, 0x8000);
}

TEST(Finite, IntegersAreAlwaysFinite) {
  const std::vector<std::byte> ones(16, std::byte{0xFF});
  for (const DataType type : {DataType::I8, DataType::I16, DataType::I32}) {
    EXPECT_TRUE(all_finite(type, ones));
  }
}

}  // namespace
}  // namespace npuwhisper
