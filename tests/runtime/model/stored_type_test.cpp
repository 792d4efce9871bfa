// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/stored_type.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "golden.h"

namespace npuwhisper {
namespace {

using Dims = std::vector<std::int64_t>;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// The values come from the package gguf of llama.cpp (tests/golden/make_quants.py).
TEST(StoredTypes, BlocksHaveTheValuesOfGgml) {
  const auto golden = test::Golden::load("quants.bin");
  ASSERT_TRUE(golden) << golden.error().message;
  for (const StoredType type :
       {StoredType::Q4_0, StoredType::Q4_1, StoredType::Q5_0, StoredType::Q5_1, StoredType::Q8_0}) {
    const std::string name(to_string(type));
    const auto& numbers = golden->tensor(name + "_bytes").i32;
    const auto& wanted = golden->tensor(name + "_values").f32;
    std::vector<std::byte> bytes;
    for (const std::int32_t number : numbers) bytes.push_back(static_cast<std::byte>(number));
    std::vector<float> values(wanted.size());
    ASSERT_EQ(bytes.size(), *stored_bytes(type, golden->tensor(name + "_values").dims, kNoLimit));
    stored_to_f32(type, bytes, values);
    EXPECT_EQ(values, wanted) << name;
  }
}

TEST(StoredTypes, IntegersKeepTheirValues) {
  const std::array stored = {std::byte{0x80}, std::byte{0x7F}, std::byte{0xFF}, std::byte{0xFF}};
  std::array<float, 4> i8{};
  stored_to_f32(StoredType::I8, stored, i8);
  EXPECT_EQ(i8, (std::array{-128.0F, 127.0F, -1.0F, -1.0F}));
  std::array<float, 2> i16{};
  stored_to_f32(StoredType::I16, stored, i16);
  EXPECT_EQ(i16, (std::array{32640.0F, -1.0F}));
}

TEST(StoredTypes, CountsBytes) {
  EXPECT_EQ(stored_bytes(StoredType::F32, {}, kNoLimit), 4U);
  EXPECT_EQ(stored_bytes(StoredType::F16, Dims{2, 3}, kNoLimit), 12U);
  EXPECT_EQ(stored_bytes(StoredType::Q5_1, Dims{3, 64}, kNoLimit), 3 * 2 * 24U);
  EXPECT_EQ(stored_bytes(StoredType::F16, Dims{2, 3}, 12), 12U);
}

TEST(StoredTypes, RefusesSizesThatDoNotExist) {
  EXPECT_FALSE(stored_bytes(StoredType::F16, Dims{2, 3}, 11));
  EXPECT_FALSE(stored_bytes(StoredType::F32, Dims{0}, kNoLimit));
  EXPECT_FALSE(stored_bytes(StoredType::F32, Dims{-1, 2}, kNoLimit));
  EXPECT_FALSE(stored_bytes(StoredType::F32, Dims{2, -1}, kNoLimit));
  EXPECT_FALSE(stored_bytes(StoredType::Q4_0, Dims{32, 33}, kNoLimit)) << "part of a block";
  EXPECT_FALSE(stored_bytes(StoredType::Q4_0, {}, kNoLimit));
  constexpr std::int64_t kLarge = std::int64_t{1} << 40;
  EXPECT_FALSE(stored_bytes(StoredType::F32, Dims{kLarge, kLarge}, kNoLimit)) << "above 2^64";
}

}  // namespace
}  // namespace npuwhisper
