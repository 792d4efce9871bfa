// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/row_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "each_target.h"
#include "simd/float16.h"

namespace npuwhisper::cpu {
namespace {

float float16_to_float(std::uint16_t half) {
  float value = 0;
  f16_to_f32(std::as_bytes(std::span(&half, 1)), {&value, 1});
  return value;
}

constexpr std::size_t kLargest = 200;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Returns `x` in bf16 by the definition of rounding: to nearest, ties to even.
std::uint16_t bf16_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rest = bits & 0xFFFF;
  const std::uint32_t upper = bits >> 16;
  const bool up = rest > 0x8000 || (rest == 0x8000 && (upper & 1) != 0);
  return static_cast<std::uint16_t>(upper + (up ? 1 : 0));
}

float f32_of(std::uint16_t bf16) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bf16) << 16);
}

/// A row followed by guard values. They reveal a kernel that writes beyond the row, even without a
/// sanitizer.
template <typename T>
class Guarded {
 public:
  explicit Guarded(std::size_t n) : values_(n + 32, kGuard), n_(n) {}
  T* data() { return values_.data(); }
  const T& operator[](std::size_t i) const { return values_[i]; }
  bool is_intact() const {
    for (std::size_t i = n_; i < values_.size(); ++i) {
      if (values_[i] != kGuard) return false;
    }
    return true;
  }

 private:
  static constexpr T kGuard = static_cast<T>(77);
  std::vector<T> values_;
  std::size_t n_;
};

class RowKernels : public test::EachTarget {
 protected:
  std::vector<float> random_row(std::size_t n, float low = -1.0F, float high = 1.0F) {
    std::uniform_real_distribution<float> distribution(low, high);
    std::vector<float> row(n);
    for (float& x : row) x = distribution(generator_);
    return row;
  }
  std::mt19937 generator_{1};
};

TEST_P(RowKernels, LayerNormOfEverySize) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto in = random_row(n, -3.0F, 5.0F);
    const auto gamma = random_row(n);
    const auto beta = random_row(n);
    double mean = 0;
    for (const float x : in) mean += static_cast<double>(x) / static_cast<double>(n);
    double variance = 0;
    for (const float x : in) variance += (x - mean) * (x - mean) / static_cast<double>(n);
    Guarded<float> out(n);
    layer_norm(in.data(), n, gamma.data(), beta.data(), out.data(), DataType::F32);
    Guarded<std::uint16_t> halves(n);
    layer_norm(in.data(), n, gamma.data(), beta.data(), halves.data(), DataType::Bf16);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(out[i], (in[i] - mean) / std::sqrt(variance + 1e-5) * gamma[i] + beta[i], 5e-6)
          << n;
      EXPECT_EQ(halves[i], bf16_of(out[i])) << n;
    }
    ASSERT_TRUE(out.is_intact() && halves.is_intact()) << n;
  }
}

TEST_P(RowKernels, LayerNormOfAConstantRowIsBeta) {
  const std::vector<float> in(100, 1e6F);
  const std::vector<float> gamma(100, 2.0F);
  const std::vector<float> beta(100, 0.5F);
  std::vector<float> out(100);
  layer_norm(in.data(), 100, gamma.data(), beta.data(), out.data(), DataType::F32);
  for (const float x : out) EXPECT_EQ(x, 0.5F);
}

/// The kernel must subtract the mean before it squares the values. A large offset then costs no
/// accuracy beyond the rounding of the inputs.
TEST_P(RowKernels, LayerNormWithALargeOffset) {
  std::vector<float> in(512);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = 1000.0F + (i % 2 == 0 ? 0.5F : -0.5F);
  const std::vector<float> gamma(512, 1.0F);
  const std::vector<float> beta(512, 0.0F);
  std::vector<float> out(512);
  layer_norm(in.data(), 512, gamma.data(), beta.data(), out.data(), DataType::F32);
  for (std::size_t i = 0; i < out.size(); ++i)
    EXPECT_NEAR(out[i], i % 2 == 0 ? 1.0F : -1.0F, 1e-3F);
}

TEST_P(RowKernels, RoundsToBf16BitForBit) {
  std::vector<float> values = {0.0F,
                               -0.0F,
                               kInfinity,
                               -kInfinity,
                               std::numeric_limits<float>::max(),
                               std::numeric_limits<float>::lowest(),
                               std::numeric_limits<float>::denorm_min(),
                               std::numeric_limits<float>::min()};
  // Adds ties between two bf16 values, with the lower value even or odd, and values next to the
  // ties.
  for (const std::uint32_t upper : {0x3F80U, 0x3F81U, 0xC2F1U, 0x0001U, 0x7F7FU}) {
    for (const std::uint32_t rest : {0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
      values.push_back(std::bit_cast<float>(upper << 16 | rest));
    }
  }
  while (values.size() < 4096) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(generator_()));
    if (!std::isnan(x)) values.push_back(x);
  }
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const std::size_t first = generator_() % (values.size() - n);
    Guarded<std::uint16_t> out(n);
    convert(values.data() + first, DataType::F32, out.data(), DataType::Bf16, n);
    for (std::size_t i = 0; i < n; ++i)
      ASSERT_EQ(out[i], bf16_of(values[first + i])) << values[first + i];
    ASSERT_TRUE(out.is_intact()) << n;
  }
  std::vector<std::uint16_t> all(values.size());
  convert(values.data(), DataType::F32, all.data(), DataType::Bf16, values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(all[i], bf16_of(values[i])) << values[i];
}

TEST_P(RowKernels, NotANumberStaysOneInBf16) {
  const std::vector<float> in(20, std::numeric_limits<float>::quiet_NaN());
  std::vector<std::uint16_t> out(20);
  convert(in.data(), DataType::F32, out.data(), DataType::Bf16, in.size());
  for (const std::uint16_t x : out) EXPECT_GT(x & 0x7FFF, 0x7F80);
}

TEST_P(RowKernels, WidensBf16Exactly) {
  std::vector<std::uint16_t> in(65536);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint16_t>(i);
  std::vector<float> out(in.size());
  convert(in.data(), DataType::Bf16, out.data(), DataType::F32, in.size());
  for (std::size_t i = 0; i < in.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), i << 16);
}

TEST_P(RowKernels, ConvertToTheSameTypeCopies) {
  const auto in = random_row(33);
  std::vector<float> out(33);
  convert(in.data(), DataType::F32, out.data(), DataType::F32, 33);
  EXPECT_EQ(in, out);
}

TEST_P(RowKernels, ExponentiateOfEverySize) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto in = random_row(n, -30.0F, 30.0F);
    constexpr float kScale = 0.125F;
    const float largest = *std::max_element(in.begin(), in.end());
    Guarded<float> out(n);
    const float sum = exponentiate(in.data(), n, kScale, out.data(), DataType::F32);
    Guarded<std::uint16_t> halves(n);
    const float sum_of_halves = exponentiate(in.data(), n, kScale, halves.data(), DataType::Bf16);
    double wanted_sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double wanted =
          std::exp(static_cast<double>(kScale) * (static_cast<double>(in[i]) - largest));
      wanted_sum += wanted;
      // The bound covers exp2's own error of 3e-7 and the rounding of an exponent of up to 11.
      EXPECT_NEAR(out[i] / wanted, 1.0, 2e-6) << n;
      // A bf16 is rounded by at most 2^-8 of its power of two. For bf16, exp2's own error is 3e-6.
      EXPECT_NEAR(f32_of(halves[i]) / wanted, 1.0, 1.0 / 256 + 5e-6) << n;
    }
    EXPECT_NEAR(sum / wanted_sum, 1.0, 2e-6) << n;
    EXPECT_NEAR(sum_of_halves / wanted_sum, 1.0, 5e-6) << n;
    ASSERT_TRUE(out.is_intact() && halves.is_intact()) << n;
  }
}

TEST_P(RowKernels, ExponentiateInPlaceIsTheSame) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto in = random_row(n, -8.0F, 8.0F);
    for (const DataType type : {DataType::F32, DataType::Bf16}) {
      std::vector<float> apart(n), in_place = in;
      const float sum = exponentiate(in.data(), n, 1.0F, apart.data(), type);
      EXPECT_EQ(exponentiate(in_place.data(), n, 1.0F, in_place.data(), type), sum);
      ASSERT_EQ(std::memcmp(apart.data(), in_place.data(), n * size_of(type)), 0)
          << n << " " << to_string(type);
    }
  }
}

TEST_P(RowKernels, ExponentiateOfExtremeValues) {
  const std::vector<float> in = {
      0.0F,     -kInfinity, -1e30F,  std::numeric_limits<float>::lowest(),
      -1000.0F, -200.0F,    -1e-30F, 0.0F};
  std::vector<float> out(in.size());
  const float sum = exponentiate(in.data(), in.size(), 1.0F, out.data(), DataType::F32);
  EXPECT_EQ(sum, 3.0F);
  EXPECT_EQ(out, (std::vector<float>{1, 0, 0, 0, 0, 0, 1, 1}));

  std::vector<std::uint16_t> halves(in.size());
  const float sum_of_halves =
      exponentiate(in.data(), in.size(), 1.0F, halves.data(), DataType::Bf16);
  EXPECT_NEAR(sum_of_halves, 3.0F, 1e-5F);
  for (std::size_t i = 0; i < in.size(); ++i) EXPECT_NEAR(f32_of(halves[i]), out[i], 1e-37F) << i;

  // Equal inputs far from 0 give 1, because the result depends only on differences between inputs.
  for (const float offset : {1e30F, -1e30F, 88.0F, 3e38F}) {
    const std::vector<float> same(37, offset);
    out.assign(37, 0.0F);
    EXPECT_EQ(exponentiate(same.data(), 37, 0.125F, out.data(), DataType::F32), 37.0F) << offset;
    for (const float x : out) EXPECT_EQ(x, 1.0F) << offset;
  }
}

TEST_P(RowKernels, ScaleRowOfEverySize) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto in = random_row(n);
    Guarded<float> out(n);
    scale_row(in.data(), n, 1.7F, out.data(), DataType::F32);
    Guarded<std::uint16_t> halves(n);
    scale_row(in.data(), n, 1.7F, halves.data(), DataType::Bf16);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(out[i], in[i] * 1.7F);
      EXPECT_EQ(halves[i], bf16_of(in[i] * 1.7F));
    }
    ASSERT_TRUE(out.is_intact() && halves.is_intact()) << n;
  }
}

TEST_P(RowKernels, GeluWithinItsBound) {
  std::vector<float> in;
  for (int i = -200000; i <= 200000; ++i) in.push_back(static_cast<float>(i) * 1e-4F);
  std::vector<float> out = in;
  gelu(out.data(), out.size());
  double worst = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const double x = in[i];
    worst = std::max(worst, std::fabs(static_cast<double>(out[i]) -
                                      0.5 * x * (1 + std::erf(x / std::sqrt(2.0)))));
  }
  RecordProperty("worst", std::to_string(worst * 1e9) + "e-9");
  EXPECT_LE(worst, 5e-7);
}

TEST_P(RowKernels, GeluFarFromZero) {
  std::vector<float> x = {0.0F, 40.0F, -40.0F, 1e30F, -1e30F, 1e-30F, -1e-30F};
  gelu(x.data(), x.size());
  EXPECT_EQ(x[0], 0.0F);
  EXPECT_EQ(x[1], 40.0F);
  EXPECT_EQ(x[2], 0.0F);
  EXPECT_EQ(x[3], 1e30F);
  EXPECT_EQ(x[4], 0.0F);
  EXPECT_NEAR(x[5] / 1e-30F, 0.5F, 1e-6F);
  EXPECT_NEAR(x[6] / -1e-30F, 0.5F, 1e-6F);
}

TEST_P(RowKernels, GeluOfEverySize) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto in = random_row(n, -4.0F, 4.0F);
    Guarded<float> x(n);
    std::copy(in.begin(), in.end(), x.data());
    gelu(x.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(x[i], 0.5 * in[i] * (1 + std::erf(static_cast<double>(in[i]) / std::sqrt(2.0))),
                  5e-7);
    }
    ASSERT_TRUE(x.is_intact()) << n;
  }
}

TEST_P(RowKernels, DotAndAddScaledOfEverySize) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto a = random_row(n);
    const auto b = random_row(n);
    Guarded<std::uint16_t> halves(n);
    store_row(b.data(), halves.data(), DataType::F16, n);
    ASSERT_TRUE(halves.is_intact()) << n;
    double wanted = 0;
    double wanted_of_halves = 0;
    for (std::size_t i = 0; i < n; ++i) {
      wanted += static_cast<double>(a[i]) * b[i];
      wanted_of_halves += static_cast<double>(a[i]) * float16_to_float(halves[i]);
    }
    EXPECT_NEAR(dot(a.data(), b.data(), DataType::F32, n), wanted, 1e-5);
    EXPECT_NEAR(dot(a.data(), halves.data(), DataType::F16, n), wanted_of_halves, 1e-5);
    for (const DataType type : {DataType::F32, DataType::F16}) {
      Guarded<float> sum(n);
      std::copy(a.begin(), a.end(), sum.data());
      add_scaled(0.3F, type == DataType::F32 ? static_cast<const void*>(b.data()) : halves.data(),
                 type, sum.data(), n);
      for (std::size_t i = 0; i < n; ++i) {
        const float x = type == DataType::F32 ? b[i] : float16_to_float(halves[i]);
        EXPECT_NEAR(sum[i], a[i] + 0.3F * x, 2e-7);
      }
      ASSERT_TRUE(sum.is_intact()) << n;
    }
  }
}

TEST_P(RowKernels, StoredRowsEqualSingleRows) {
  constexpr std::size_t kRows = 9;
  for (const DataType type : {DataType::F32, DataType::F16}) {
    for (std::size_t n = 1; n <= kLargest; ++n) {
      const std::size_t stride = (n + 3) * size_of(type);
      std::vector<std::byte> bytes(kRows * stride);
      for (std::size_t i = 0; i < kRows; ++i) {
        store_row(random_row(n).data(), bytes.data() + i * stride, type, n);
      }
      const StoredRows rows{.first = bytes.data(), .stride = stride, .type = type, .n = n};
      const auto a = random_row(n);
      for (const std::vector<int>& indices :
           {std::vector<int>{}, std::vector<int>{8}, std::vector<int>{3, 0, 3, 7, 1}}) {
        const auto factors = random_row(indices.size());
        Guarded<float> products(indices.size());
        dot_rows(a.data(), rows, indices, products.data());
        ASSERT_TRUE(products.is_intact()) << n;
        Guarded<float> sum(n);
        std::fill_n(sum.data(), n, 7.0F);
        sum_scaled_rows(factors.data(), rows, indices, sum.data());
        ASSERT_TRUE(sum.is_intact()) << n;
        std::vector<float> wanted(n, 0.0F);
        for (std::size_t i = 0; i < indices.size(); ++i) {
          const std::byte* row = bytes.data() + static_cast<std::size_t>(indices[i]) * stride;
          EXPECT_EQ(products[i], dot(a.data(), row, type, n));
          add_scaled(factors[i], row, type, wanted.data(), n);
        }
        for (std::size_t j = 0; j < n; ++j) EXPECT_NEAR(sum[j], wanted[j], 1e-6) << n;
      }
    }
  }
}

TEST_P(RowKernels, ReadsEveryFiniteF16) {
  std::vector<std::uint16_t> in;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    if ((bits & 0x7C00) != 0x7C00) in.push_back(static_cast<std::uint16_t>(bits));
  }
  std::vector<float> sum(in.size(), 0.0F);
  add_scaled(1.0F, in.data(), DataType::F16, sum.data(), in.size());
  for (std::size_t i = 0; i < in.size(); ++i) ASSERT_EQ(sum[i], float16_to_float(in[i])) << i;
}

TEST_P(RowKernels, StoresF16RoundedToNearestEven) {
  // Among Highway's targets for one architecture, a more capable target has a lower value.
  const bool rounds = GetParam() <= HWY_AVX2;
  std::vector<float> values;
  std::vector<std::uint16_t> wanted;
  // Tests all values that have a larger finite neighbour.
  for (unsigned bits = 0; bits < 0x7BFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const auto next = static_cast<std::uint16_t>(bits + 1);
    const auto even = (bits & 1) == 0 ? half : next;
    const float below = float16_to_float(half);
    const float middle = below + (float16_to_float(next) - below) / 2;  // Exact in f32.
    values.insert(values.end(), {below, std::nextafter(middle, 0.0F), middle,
                                 std::nextafter(middle, kInfinity), -middle});
    const auto tie = rounds ? even : half;
    wanted.insert(wanted.end(), {half, half, tie, rounds ? next : half,
                                 static_cast<std::uint16_t>(tie | 0x8000)});
  }
  std::vector<std::uint16_t> out(values.size());
  store_row(values.data(), out.data(), DataType::F16, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    // A value that becomes zero may lose its sign on targets that do not round.
    const bool zeros = (out[i] | 0x8000) == 0x8000 && (wanted[i] | 0x8000) == 0x8000;
    ASSERT_TRUE(out[i] == wanted[i] || zeros) << values[i] << ": " << out[i] << " " << wanted[i];
  }
}

TEST_P(RowKernels, StoresWhatF16CannotHoldAsInfinity) {
  if (GetParam() > HWY_AVX2) GTEST_SKIP() << "needs the instruction";
  const std::vector<float> values = {65504.0F, 65536.0F, 1e30F, kInfinity, -kInfinity};
  std::vector<std::uint16_t> out(values.size());
  store_row(values.data(), out.data(), DataType::F16, values.size());
  EXPECT_EQ(out, (std::vector<std::uint16_t>{0x7BFF, 0x7C00, 0x7C00, 0x7C00, 0xFC00}));
}

TEST_P(RowKernels, StoreRowInF32Copies) {
  const auto in = random_row(65);
  std::vector<float> out(65);
  store_row(in.data(), out.data(), DataType::F32, 65);
  EXPECT_EQ(in, out);
}

INSTANTIATE_TEST_SUITE_P(Targets, RowKernels, test::all_targets(), test::target_name);

}  // namespace
}  // namespace npuwhisper::cpu
