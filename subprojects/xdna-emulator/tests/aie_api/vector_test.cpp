// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cmath>

#include "trap_support.h"

namespace {

class VectorTest : public AieTest {
 protected:
  VectorTest() { aie::set_rounding(aie::rounding_mode::conv_even); }

  template <typename T, unsigned N>
  static aie::vector<T, N> counting(int first = 0) {
    aie::vector<T, N> v;
    for (unsigned i = 0; i < N; ++i) v.set(static_cast<T>(first + static_cast<int>(i)), i);
    return v;
  }
};

template <typename T>
class MovementTest : public VectorTest {};
using ElementTypes = ::testing::Types<int8, uint8, int16, int32, bfloat16, float>;
TYPED_TEST_SUITE(MovementTest, ElementTypes);

TYPED_TEST(MovementTest, PartsAndPermutations) {
  using T = TypeParam;
  constexpr unsigned N = 64 / sizeof(T);
  const auto v = this->template counting<T, N>(1);
  const auto w = this->template counting<T, N>(60);
  const auto value = [](unsigned i) { return static_cast<T>(1 + static_cast<int>(i)); };
  const auto other = [](unsigned i) { return static_cast<T>(60 + static_cast<int>(i)); };
  const auto expect = [](const auto& found, auto wanted, const char* what) {
    for (unsigned i = 0; i < found.size(); ++i) {
      ASSERT_EQ(static_cast<float>(found.get(i)), static_cast<float>(wanted(i)))
          << what << " element " << i;
    }
  };
  const auto half = v.template extract<N / 2>(1);
  expect(
      half, [&](unsigned i) { return value(i + N / 2); }, "extract");
  auto changed = w;
  changed.insert(0, half);
  expect(
      changed, [&](unsigned i) { return i < N / 2 ? value(i + N / 2) : other(i); }, "insert");
  const auto both = aie::concat(v, w);
  expect(
      both, [&](unsigned i) { return i < N ? value(i) : other(i - N); }, "concat");
  expect(
      aie::reverse(v), [&](unsigned i) { return value(N - 1 - i); }, "reverse");
  for (const unsigned n : {0U, 1U, 3U, N / 2, N - 1}) {
    expect(
        aie::shuffle_down_rotate(v, n), [&](unsigned i) { return value((i + n) % N); },
        "down_rotate");
    expect(
        aie::shuffle_up_rotate(v, n), [&](unsigned i) { return value((i + N - n) % N); },
        "up_rotate");
    expect(
        aie::shuffle_down_fill(v, w, n),
        [&](unsigned i) { return i + n < N ? value(i + n) : other(i + n - N); }, "down_fill");
    expect(
        aie::shuffle_up_fill(v, w, n),
        [&](unsigned i) { return i < n ? other(N - n + i) : value(i - n); }, "up_fill");
    expect(
        aie::shuffle_down_replicate(v, n),
        [&](unsigned i) { return value(std::min(i + n, N - 1)); }, "down_replicate");
    expect(
        aie::shuffle_up_replicate(v, n), [&](unsigned i) { return value(i < n ? 0 : i - n); },
        "up_replicate");
  }
  for (const unsigned step : {1U, 2U, 4U}) {
    const auto [low, high] = aie::interleave_zip(v, w, step);
    const auto zipped = [&](unsigned i) {
      const unsigned at = i / (2 * step) * step + i % step;
      return i / step % 2 == 0 ? value(at) : other(at);
    };
    expect(low, zipped, "zip low");
    expect(
        high, [&](unsigned i) { return zipped(i + N); }, "zip high");
    const auto [even, odd] = aie::interleave_unzip(low, high, step);
    expect(even, value, "unzip even");
    expect(odd, other, "unzip odd");
    expect(
        aie::filter_even(v, step),
        [&](unsigned i) { return value(i / step * 2 * step + i % step); }, "filter_even");
    expect(
        aie::filter_odd(v, step),
        [&](unsigned i) { return value(i / step * 2 * step + step + i % step); }, "filter_odd");
  }
  const auto transposed = aie::transpose(v, N / 4, 4);
  expect(
      transposed, [&](unsigned i) { return value(i % (N / 4) * 4 + i / (N / 4)); }, "transpose");
  expect(
      half.template grow_replicate<N>(), [&](unsigned i) { return value(N / 2 + i % (N / 2)); },
      "grow_replicate");
  auto pushed = v;
  pushed.push(other(0));
  expect(
      pushed, [&](unsigned i) { return i == 0 ? other(0) : value(i - 1); }, "push");
}

TEST_F(VectorTest, IntegersWrapInSumsAndExactInProducts) {
  const auto a = random_vector<int16, 32>();
  const auto b = random_vector<int16, 32>();
  const auto sum = aie::add(a, b);
  const auto difference = aie::sub(a, b);
  const auto product = aie::mul(a, b);
  const auto wide = aie::mac(aie::mul<acc64>(a, b), b, int16{-3});
  const auto less = aie::msc(product, a, a);
  for (unsigned i = 0; i < 32; ++i) {
    const int x = a.get(i);
    const int y = b.get(i);
    ASSERT_EQ(sum.get(i), static_cast<int16>(x + y));
    ASSERT_EQ(difference.get(i), static_cast<int16>(x - y));
    ASSERT_EQ(product.lanes().get(i), x * y);
    ASSERT_EQ(wide.lanes().get(i), std::int64_t{x} * y - 3 * y);
    ASSERT_EQ(less.lanes().get(i), static_cast<std::int32_t>(static_cast<std::uint32_t>(x * y) -
                                                             static_cast<std::uint32_t>(x * x)));
  }
  const auto c = random_vector<int32, 16>();
  const auto square = aie::mul_square(c);
  for (unsigned i = 0; i < 16; ++i) {
    ASSERT_EQ(square.lanes().get(i), std::int64_t{c.get(i)} * c.get(i));
  }
  static_assert(std::is_same_v<decltype(square)::value_type, acc64>);
  static_assert(std::is_same_v<decltype(product)::value_type, acc32>);
}

TEST_F(VectorTest, Bf16SumsRoundByTheMode) {
  const auto a = aie::broadcast<bfloat16, 16>(1.0F);
  const auto b = aie::broadcast<bfloat16, 16>(0.005F);
  aie::set_rounding(aie::rounding_mode::conv_even);
  EXPECT_EQ(aie::add(a, b).get(0).bits(), 0x3f81);
  aie::set_rounding(aie::rounding_mode::floor);
  EXPECT_EQ(aie::add(a, b).get(0).bits(), 0x3f80);
}

TEST_F(VectorTest, ExtremesMasksAndSelection) {
  const auto a = random_vector<float, 32>();
  const auto b = random_vector<float, 32>();
  const auto larger = aie::max(a, b);
  const auto smaller = aie::min(a, b);
  const aie::mask<32> below = aie::lt(a, b);
  const auto chosen = aie::select(a, b, below);
  unsigned n = 0;
  for (unsigned i = 0; i < 32; ++i) {
    ASSERT_EQ(larger.get(i), std::max(a.get(i), b.get(i)));
    ASSERT_EQ(smaller.get(i), std::min(a.get(i), b.get(i)));
    ASSERT_EQ(below.test(i), a.get(i) < b.get(i));
    ASSERT_EQ(chosen.get(i), larger.get(i));
    n += a.get(i) < b.get(i);
  }
  EXPECT_EQ(below.count(), n);
  EXPECT_EQ((below | aie::ge(a, b)).count(), 32U);
  EXPECT_TRUE((below & aie::ge(a, b)).empty());
  EXPECT_TRUE((~(below ^ below)).full());
  const auto m = aie::mask<64>::from_uint64(0x8000000000000001ULL);
  EXPECT_TRUE(m.test(0) && m.test(63) && m.count() == 2);
  EXPECT_EQ(m.ctz(), 0U);
  EXPECT_EQ((m << 1).to_uint64(), 2U);
  const auto bytes = random_vector<bfloat16, 32>();
  for (unsigned i = 0; i < 32; ++i) {
    ASSERT_EQ(static_cast<float>(aie::abs(bytes).get(i)),
              std::fabs(static_cast<float>(bytes.get(i))));
    ASSERT_EQ(static_cast<float>(aie::neg(bytes).get(i)), -static_cast<float>(bytes.get(i)));
  }
}

TEST_F(VectorTest, Reductions) {
  const auto v = counting<int32, 16>(-3);
  EXPECT_EQ(aie::reduce_add(v), 16 * -3 + 120);
  EXPECT_EQ(aie::reduce_max(v), 12);
  EXPECT_EQ(aie::reduce_min(v), -3);
  EXPECT_EQ(aie::reduce_add(counting<float, 32>(0)), 496.0F);
  EXPECT_EQ(aie::reduce_add_v(v, aie::reverse(v), aie::zeros<int32, 16>()).get(1), 72);
}

TEST_F(VectorTest, Shifts) {
  const auto v = counting<int32, 16>(-8);
  for (unsigned i = 0; i < 16; ++i) {
    const int x = static_cast<int>(i) - 8;
    ASSERT_EQ(aie::upshift(v, 23).get(i), static_cast<int32>(static_cast<uint32>(x) << 23));
    ASSERT_EQ(aie::downshift(v, 1).get(i), x >> 1);
    ASSERT_EQ(aie::logical_downshift(v, 4).get(i), static_cast<int32>(static_cast<uint32>(x) >> 4));
  }
}

TEST_F(VectorTest, PackAndUnpack) {
  const auto v = random_vector<int8, 32>();
  const auto wide = v.unpack();
  static_assert(std::is_same_v<decltype(wide)::value_type, int16>);
  for (unsigned i = 0; i < 32; ++i) ASSERT_EQ(wide.get(i), v.get(i));
  EXPECT_TRUE(aie::equal(wide.pack(), v));
  aie::set_saturation(aie::saturation_mode::saturate);
  const auto large = aie::broadcast<int16, 32>(1000);
  EXPECT_EQ(large.pack().get(0), 127);
  aie::set_saturation(aie::saturation_mode::none);
  EXPECT_EQ(large.pack().get(0), static_cast<int8>(1000));
}

TEST_F(VectorTest, CastsKeepBits) {
  const auto v = aie::broadcast<float, 16>(1.5F);
  const auto halves = v.cast_to<bfloat16>();
  EXPECT_EQ(halves.size(), 32U);
  EXPECT_EQ(halves.get(1).bits(), 0x3fc0);
  EXPECT_EQ(halves.get(0).bits(), 0);
  EXPECT_EQ(v.cast_to<int32>().get(3), 0x3fc00000);
}

TEST_F(VectorTest, InverseAndRootAreTheShortSequences) {
  for (const float x : {0.37F, 1.0F, 3.0F, 250.0F, 1e-6F}) {
    EXPECT_NEAR(aie::inv(x) * x, 1.0F, 2e-3F);
    EXPECT_NEAR(aie::invsqrt(x) * std::sqrt(x), 1.0F, 2e-3F);
    EXPECT_NEAR(static_cast<float>(aie::inv(bfloat16(x))) * x, 1.0F, 2e-2F);
  }
}

#if __AIE_ARCH__ == 21
TEST_F(VectorTest, PowersOfTwoAreNearest) {
  for (int i = -2000; i < 2000; ++i) {
    const float x = static_cast<float>(i) * 0.063F;
    const auto r = aie::exp2<bfloat16>(aie::broadcast<float, 16>(x));
    const bfloat16 wanted(std::exp2(static_cast<double>(x)));
    ASSERT_LE(std::abs(static_cast<int>(r.get(0).bits()) - static_cast<int>(wanted.bits())), 1)
        << x;
  }
  EXPECT_EQ(static_cast<float>(aie::exp2(aie::broadcast<float, 16>(-200.0F)).get(0)), 0.0F);
  EXPECT_TRUE(std::isinf(static_cast<float>(aie::exp2(aie::broadcast<float, 16>(200.0F)).get(0))));
}
#endif

TEST_F(VectorTest, ElementsOutOfRangeTrap) {
  const auto v = counting<int32, 16>();
  EXPECT_NE(trap_of([&] { (void)v.get(16); }), "");
  EXPECT_NE(trap_of([&] { (void)v.extract<8>(2); }), "");
  EXPECT_EQ(trap_of([&] { (void)v.extract<8>(1); }), "");
}

TEST_F(VectorTest, UnwrittenVectorsShow) {
  const aie::vector<float, 16> v;
  EXPECT_TRUE(std::isnan(v.get(0)));
  const aie::vector<int16, 16> w;
  EXPECT_EQ(w.get(5), static_cast<int16>(0xdbdb));
}

TEST_F(VectorTest, ShuffleModes) {
  const auto v = counting<int16, 32>(0);
  const auto w = counting<int16, 32>(32);
  const auto even = shuffle(v, w, T16_32x2_lo);
  const auto zipped = shuffle(v, w, T16_2x32_lo);
  const auto transposed = shuffle(v, v, T16_4x8);
  for (unsigned i = 0; i < 32; ++i) {
    ASSERT_EQ(even.get(i), static_cast<int16>(2 * i));
    ASSERT_EQ(zipped.get(i), static_cast<int16>(i / 2 + i % 2 * 32));
    ASSERT_EQ(transposed.get(i), static_cast<int16>(i % 4 * 8 + i / 4));
  }
}

}  // namespace
