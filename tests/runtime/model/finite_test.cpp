// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/finite.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
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
void check(StoredType type, Bits largest, Bits infinity, Bits sign) {
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
  check<std::uint32_t>(StoredType::F32, 0x7f7fffff, 0x7f800000, 0x80000000);
  check<std::uint16_t>(StoredType::F16, 0x7bff, 0x7c00, 0x8000);
  check<std::uint16_t>(StoredType::Bf16, 0x7f7f, 0x7f80, 0x8000);
}

TEST(Finite, IntegersAreAlwaysFinite) {
  const std::vector<std::byte> ones(16, std::byte{0xFF});
  for (const StoredType type : {StoredType::I8, StoredType::I16, StoredType::I32}) {
    EXPECT_TRUE(all_finite(type, ones));
  }
}

TEST(Finite, ABlockIsFiniteIfItsScaleAndMinimumAre) {
  constexpr std::size_t kBlocks = 3;
  for (const StoredType type :
       {StoredType::Q4_0, StoredType::Q4_1, StoredType::Q5_0, StoredType::Q5_1, StoredType::Q8_0}) {
    SCOPED_TRACE(to_string(type));
    const auto [n_values, n_bytes] = block_of(type);
    // The bits of all integers in the blocks are 1. The blocks' scales and minimums are 0.
    std::vector<std::byte> blocks(kBlocks * n_bytes, std::byte{0xFF});
    const bool has_minimum = type == StoredType::Q4_1 || type == StoredType::Q5_1;
    const std::size_t n_halves = has_minimum ? 2 : 1;
    for (std::size_t i = 0; i < kBlocks; ++i) {
      std::memset(blocks.data() + i * n_bytes, 0, n_halves * 2);
    }
    EXPECT_TRUE(all_finite(type, blocks));
    EXPECT_EQ(first_not_finite(type, blocks), kBlocks * n_values);
    for (std::size_t half = 0; half < n_halves; ++half) {
      auto broken = blocks;
      broken[n_bytes + 2 * half + 1] = std::byte{0x7C};  // Infinity.
      EXPECT_FALSE(all_finite(type, broken));
      EXPECT_EQ(first_not_finite(type, broken), n_values);
      std::vector<float> values(kBlocks * n_values);
      stored_to_f32(type, broken, values);
      EXPECT_EQ(first_not_finite(StoredType::F32, std::as_bytes(std::span(values))), n_values);
    }
  }
}

}  // namespace
}  // namespace npuwhisper
