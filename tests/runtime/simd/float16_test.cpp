// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace npuwhisper {
namespace {

/// Returns the value of `bits` by the definition in IEEE 754-2008, section 3.4.
float f16_by_definition(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  float magnitude = 0;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  }
  return std::copysign(magnitude, (bits & 0x8000) != 0 ? -1.0F : 1.0F);
}

std::vector<std::uint16_t> all_halves() {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  return halves;
}

TEST(F16, EveryValueIsExact) {
  const std::vector<std::uint16_t> halves = all_halves();
  std::vector<float> values(halves.size());
  f16_to_f32(std::as_bytes(std::span(halves)), values);
  for (const std::uint16_t half : halves) {
    const float wanted = f16_by_definition(half);
    if (std::isnan(wanted)) {
      EXPECT_TRUE(std::isnan(values[half])) << half;
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(values[half]), std::bit_cast<std::uint32_t>(wanted))
          << half;
    }
  }
}

TEST(Bf16, EveryValueIsTheUpperHalf) {
  const std::vector<std::uint16_t> halves = all_halves();
  std::vector<float> values(halves.size());
  bf16_to_f32(std::as_bytes(std::span(halves)), values);
  for (const std::uint16_t half : halves) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(values[half]), static_cast<std::uint32_t>(half) << 16);
  }
}

TEST(F16, AnyLengthAndAlignment) {
  const std::vector<std::uint16_t> halves = all_halves();
  for (std::size_t n = 0; n < 40; ++n) {
    std::vector<std::byte> bytes(1 + 2 * n);
    if (n > 0) std::memcpy(bytes.data() + 1, &halves[0x3C00], 2 * n);
    std::vector<float> values(n + 1, -7.0F);
    f16_to_f32(std::span(bytes).subspan(1), std::span(values).first(n));
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(values[i], f16_by_definition(static_cast<std::uint16_t>(0x3C00 + i)));
    }
    EXPECT_EQ(values[n], -7.0F) << "wrote past the end";
  }
}

}  // namespace
}  // namespace npuwhisper
