// SPDX-License-Identifier: LGPL-2.1-or-later
#include <bit>
#include <cmath>

#include "trap_support.h"

namespace {

using aie::rounding_mode;
using aie::saturation_mode;
using RoundingTest = AieTest;

/// Returns x / 2^shift, rounded as the mode's description says. Computes in long double, which is
/// exact for the tested values.
std::int64_t rounded(std::int64_t x, int shift, rounding_mode mode) {
  if (shift <= 0) return static_cast<std::int64_t>(static_cast<std::uint64_t>(x) << -shift);
  const long double value = std::ldexp(static_cast<long double>(x), -shift);
  const long double below = std::floor(value);
  const long double fraction = value - below;
  const auto low = static_cast<std::int64_t>(below);
  if (fraction == 0) return low;
  const bool positive = value > 0;
  const auto nearest = [&](bool up_at_half) {
    return fraction > 0.5L || (fraction == 0.5L && up_at_half) ? low + 1 : low;
  };
  switch (mode) {
    case rounding_mode::floor:
      return low;
    case rounding_mode::ceil:
      return low + 1;
    case rounding_mode::symmetric_floor:
      return positive ? low : low + 1;
    case rounding_mode::symmetric_ceil:
      return positive ? low + 1 : low;
    case rounding_mode::negative_inf:
      return nearest(false);
    case rounding_mode::positive_inf:
      return nearest(true);
    case rounding_mode::symmetric_zero:
      return nearest(!positive);
    case rounding_mode::symmetric_inf:
      return nearest(positive);
    case rounding_mode::conv_even:
      return nearest((low & 1) != 0);
    case rounding_mode::conv_odd:
      return nearest((low & 1) == 0);
  }
  return 0;
}

template <typename T>
std::int64_t limited(std::int64_t x, saturation_mode mode) {
  using Limits = std::numeric_limits<T>;
  if (mode == saturation_mode::none) return static_cast<T>(x);
  const std::int64_t high = Limits::max();
  const std::int64_t low =
      mode == saturation_mode::symmetric && std::is_signed_v<T> ? -high : Limits::min();
  return x > high ? high : x < low ? low : x;
}

template <typename Tag, typename T>
void check_all(const aie::accum<Tag, 16>& acc) {
  for (const rounding_mode mode : kModes) {
    for (const auto saturation :
         {saturation_mode::none, saturation_mode::saturate, saturation_mode::symmetric}) {
      for (const int shift : {-3, 0, 1, 2, 7, 8, 15, 20, 30}) {
        aie::set_rounding(mode);
        aie::set_saturation(saturation);
        const aie::vector<T, 16> found = acc.template to_vector<T>(shift);
        for (unsigned i = 0; i < 16; ++i) {
          const std::int64_t wanted =
              limited<T>(rounded(acc.lanes().get(i), shift, mode), saturation);
          ASSERT_EQ(found.get(i), static_cast<T>(wanted))
              << "value " << acc.lanes().get(i) << " shift " << shift << " mode "
              << static_cast<unsigned>(mode) << " saturation " << static_cast<unsigned>(saturation);
        }
      }
    }
  }
}

template <typename Tag>
aie::accum<Tag, 16> accumulators(std::initializer_list<std::int64_t> values) {
  typename aie::accum<Tag, 16>::lanes_type lanes{};
  unsigned i = 0;
  for (const std::int64_t value : values) {
    lanes.set(i++, static_cast<aie::detail::AccumLaneT<Tag>>(value));
  }
  return aie::accum<Tag, 16>(lanes);
}

TEST_F(RoundingTest, IntegersOf32BitAccumulators) {
  const auto ties = accumulators<acc32>({0, 1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, -5, -6, -7, -8});
  const auto wide = accumulators<acc32>({127, 128, 129, 255, 256, 257, 384, 32640, -128, -129, -384,
                                         -32640, 2147483647, -2147483647 - 1, 65536, -65536});
  for (const auto& acc : {ties, wide}) {
    check_all<acc32, std::int8_t>(acc);
    check_all<acc32, std::uint8_t>(acc);
    check_all<acc32, std::int16_t>(acc);
    check_all<acc32, std::uint16_t>(acc);
    check_all<acc32, std::int32_t>(acc);
  }
}

TEST_F(RoundingTest, IntegersOf64BitAccumulators) {
  const auto values = accumulators<acc64>(
      {1LL << 40, -(1LL << 40), (1LL << 40) + 1, 3LL << 38, -(3LL << 38), 12345678901LL,
       -12345678901LL, 0, 1, -1, 1LL << 31, -(1LL << 31), (1LL << 31) - 1, 640, -640, 192});
  check_all<acc64, std::int16_t>(values);
  check_all<acc64, std::int32_t>(values);
  check_all<acc64, std::uint8_t>(values);
}

TEST_F(RoundingTest, UpshiftAndBack) {
  const auto v = random_vector<std::int16_t, 32>();
  const aie::accum<acc64, 32> acc(v, 10);
  for (unsigned i = 0; i < 32; ++i) ASSERT_EQ(acc.lanes().get(i), std::int64_t{v.get(i)} << 10);
  EXPECT_TRUE(aie::equal(acc.to_vector<std::int16_t>(10), v));
}

TEST_F(RoundingTest, ResetIsFloorWithoutSaturation) {
  const auto acc = accumulators<acc32>({-1, 3, 300});
  const auto v = acc.to_vector<std::int8_t>(1);
  EXPECT_EQ(v.get(0), -1);
  EXPECT_EQ(v.get(1), 1);
  EXPECT_EQ(v.get(2), static_cast<std::int8_t>(150));
}

TEST_F(RoundingTest, Bf16NearestEvenIsEveryFloatsNearest) {
  aie::set_rounding(rounding_mode::conv_even);
  std::uniform_int_distribution<std::uint32_t> bits;
  for (int round = 0; round < 2000; ++round) {
    aie::vector<float, 16> v;
    for (unsigned i = 0; i < 16; ++i) v.set(std::bit_cast<float>(bits(generator)), i);
    const auto r = aie::accum<accfloat, 16>(v).to_vector<bfloat16>();
    for (unsigned i = 0; i < 16; ++i) {
      const float x = v.get(i);
      if (std::isnan(x)) {
        ASSERT_TRUE(std::isnan(static_cast<float>(r.get(i))));
      } else {
        ASSERT_EQ(r.get(i).bits(), bfloat16(x).bits()) << x;
      }
    }
  }
}

TEST_F(RoundingTest, Bf16InEveryMode) {
  // A conversion discards 16 bits. The tested values of these bits are 0, and values below, at and
  // above the midpoint between two successive bf16 values.
  struct Case {
    std::uint32_t low;  // The discarded bits.
    bool odd;           // Whether the last kept bit is 1.
    bool negative;
  };
  for (const std::uint32_t low : {0U, 1U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
    for (const bool odd : {false, true}) {
      for (const bool negative : {false, true}) {
        const std::uint32_t kept = 0x3f80U + (odd ? 1U : 0U);
        const std::uint32_t bits = (kept << 16 | low) | (negative ? 0x80000000U : 0U);
        for (const rounding_mode mode : kModes) {
          aie::set_rounding(mode);
          bool up = false;  // Whether the magnitude grows.
          switch (mode) {
            case rounding_mode::floor:
            case rounding_mode::symmetric_floor:
              break;
            case rounding_mode::ceil:
            case rounding_mode::symmetric_ceil:
              up = low != 0;
              break;
            case rounding_mode::negative_inf:
              up = low > 0x8000U || (low == 0x8000U && negative);
              break;
            case rounding_mode::positive_inf:
              up = low > 0x8000U || (low == 0x8000U && !negative);
              break;
            case rounding_mode::symmetric_zero:
              up = low > 0x8000U;
              break;
            case rounding_mode::symmetric_inf:
              up = low >= 0x8000U;
              break;
            case rounding_mode::conv_even:
              up = low > 0x8000U || (low == 0x8000U && odd);
              break;
            case rounding_mode::conv_odd:
              up = low > 0x8000U || (low == 0x8000U && !odd);
              break;
          }
          const std::uint32_t wanted = (kept + (up ? 1U : 0U)) | (negative ? 0x8000U : 0U);
          const auto v = aie::broadcast<float, 16>(std::bit_cast<float>(bits));
          const auto r = aie::accum<accfloat, 16>(v).to_vector<bfloat16>();
          ASSERT_EQ(r.get(3).bits(), wanted)
              << std::hex << bits << " mode " << static_cast<unsigned>(mode);
        }
      }
    }
  }
}

TEST_F(RoundingTest, Bf16Specials) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const rounding_mode mode : kModes) {
    aie::set_rounding(mode);
    aie::vector<float, 16> v = aie::zeros<float, 16>();
    v.set(infinity, 0);
    v.set(-infinity, 1);
    v.set(std::bit_cast<float>(0x7f800001U), 2);
    v.set(-0.0F, 3);
    const auto r = aie::accum<accfloat, 16>(v).to_vector<bfloat16>();
    EXPECT_EQ(r.get(0).bits(), 0x7f80);
    EXPECT_EQ(r.get(1).bits(), 0xff80);
    EXPECT_TRUE(std::isnan(static_cast<float>(r.get(2))));
    EXPECT_EQ(r.get(3).bits(), 0x8000);
  }
  aie::set_rounding(rounding_mode::conv_even);
  const auto largest = aie::broadcast<float, 16>(std::numeric_limits<float>::max());
  const auto r = aie::accum<accfloat, 16>(largest).to_vector<bfloat16>();
  EXPECT_EQ(r.get(0).bits(), 0x7f80) << "what rounds beyond the largest bf16 is infinite";
}

TEST_F(RoundingTest, FixedPointRoundsToNearestEvenWhateverTheMode) {
  for (const rounding_mode mode : kModes) {
    aie::set_rounding(mode);
    aie::vector<float, 16> v = aie::zeros<float, 16>();
    const float values[] = {0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 1e20F, -1e20F, 3.25F};
    for (unsigned i = 0; i < 8; ++i) v.set(values[i], i);
    const auto r = aie::to_fixed<std::int32_t>(v);
    const std::int32_t wanted[] = {0, 2, 2, 0, -2, 2147483647, -2147483647 - 1, 3};
    for (unsigned i = 0; i < 8; ++i) EXPECT_EQ(r.get(i), wanted[i]) << values[i];
    EXPECT_EQ(aie::to_fixed<std::int16_t>(v, 4).get(7), 52);
    EXPECT_EQ(aie::to_float(aie::to_fixed<std::int32_t>(v, 2), 2).get(7), 3.25F);
  }
}

TEST_F(RoundingTest, UnwrittenAccumulatorTraps) {
  aie::accum<acc32, 16> acc;
  EXPECT_NE(trap_of([&] { (void)acc.to_vector<std::int16_t>(); }).find("never written"),
            std::string::npos);
  acc = aie::zeros<acc32, 16>();
  EXPECT_EQ(trap_of([&] { (void)acc.to_vector<std::int16_t>(); }), "");
}

TEST_F(RoundingTest, WrongModeTraps) {
  npuwhisper_core_state.rounding = 5;
  const aie::accum<acc32, 16> acc = aie::zeros<acc32, 16>();
  EXPECT_NE(trap_of([&] { (void)acc.to_vector<std::int16_t>(1); }), "");
}

}  // namespace
