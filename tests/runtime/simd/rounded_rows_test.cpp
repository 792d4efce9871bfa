// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/rounded_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "each_target.h"
#include "simd/row_kernels.h"

namespace npuwhisper::cpu {
namespace {

// Depths in which rotate() combines 1, 4, 8, 16 and 32 columns, in one, three or four groups of
// columns.
constexpr std::size_t kDepths[] = {16, 48, 64, 384, 512, 768, 2048};

std::vector<float> random_numbers(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(n);
  for (float& x : values) x = distribution(generator);
  return values;
}

double exact_product(std::span<const float> row, std::span<const float> weight) {
  double sum = 0;
  for (std::size_t i = 0; i < row.size(); ++i) sum += static_cast<double>(row[i]) * weight[i];
  return sum;
}

/// Returns the integer sums of a rounded row and the rounded weights [n, k].
std::vector<std::int32_t> integer_sums(const std::vector<std::uint8_t>& row,
                                       const RoundedWeight& weight, std::size_t n) {
  std::vector<std::int32_t> sums(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < row.size(); ++j)
      sums[i] += row[j] * weight.values()[i * row.size() + j];
  }
  return sums;
}

/// Returns the rounded products of `row`, [k], converted to `type`, and `weights`, [n, k].
/// Overwrites the weights.
std::vector<float> rounded_products(const std::vector<float>& row, std::span<float> weights,
                                    DataType type) {
  const std::size_t k = row.size(), n = weights.size() / k;
  RoundedWeight weight(n, k);
  for (std::size_t i = 0; i < n; ++i) weight.round(i, weights.subspan(i * k, k));
  std::vector<std::byte> in(k * size_of(type));
  convert(row.data(), DataType::F32, in.data(), type, k);
  std::vector<float> rotated(k);
  std::vector<std::uint8_t> values(k);
  const RoundedRow rounded = round_row(in.data(), type, k, rotated.data(), values.data());
  const auto sums = integer_sums(values, weight, n);
  std::vector<float> out(n);
  finish_rounded(sums.data(), rounded, weight.columns(nullptr), false, false, out.data(),
                 DataType::F32, n);
  return out;
}

class RoundedRows : public test::EachTarget {};

TEST(RotatedColumns, DivideTheDepth) {
  EXPECT_EQ(rotated_columns(16), 1U);
  EXPECT_EQ(rotated_columns(48), 1U);
  EXPECT_EQ(rotated_columns(64), 4U);
  EXPECT_EQ(rotated_columns(384), 8U);
  EXPECT_EQ(rotated_columns(512), 32U);
  EXPECT_EQ(rotated_columns(768), 16U);
  EXPECT_EQ(rotated_columns(1280), 16U);
  EXPECT_EQ(rotated_columns(2048), 32U);
}

/// Compares the rotation with the definition of a Hadamard matrix: element (i, j) is -1 if i & j
/// has an odd number of 1 bits, else 1.
TEST_P(RoundedRows, RotateIsAHadamardTransform) {
  for (const std::size_t k : kDepths) {
    const std::vector<float> row = random_numbers(k, 1);
    std::vector<float> rotated = row;
    rotate(rotated.data(), k);
    const std::size_t n = rotated_columns(k);
    for (std::size_t column = 0; column < k; ++column) {
      const std::size_t group = column / (n * kRoundedStep) * n * kRoundedStep;
      const std::size_t point = (column - group) / kRoundedStep;
      double wanted = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double x = row[group + i * kRoundedStep + column % kRoundedStep];
        wanted += __builtin_parityll(i & point) != 0 ? -x : x;
      }
      EXPECT_NEAR(rotated[column], wanted, 2e-5) << k << " column " << column;
    }
  }
}

TEST_P(RoundedRows, ProductsAreNearTheExactProducts) {
  constexpr std::size_t kColumns = 32;
  for (const std::size_t k : kDepths) {
    const std::vector<float> row = random_numbers(k, 1);
    const std::vector<float> exact = random_numbers(kColumns * k, 2);
    for (const DataType type : {DataType::F32, DataType::Bf16}) {
      std::vector<float> weights = exact;
      const std::vector<float> found = rounded_products(row, weights, type);
      for (std::size_t i = 0; i < kColumns; ++i) {
        const double wanted = exact_product(row, std::span(exact).subspan(i * k, k));
        // The largest of k numbers is up to 4 times their standard deviation. Both operands are
        // rounded to 1/127 of the largest number. The standard deviation of the error is therefore
        // 1.3 % of sqrt(k). The bound is 4 times this value.
        EXPECT_NEAR(found[i], wanted, 0.052 * std::sqrt(static_cast<double>(k)))
            << k << " " << to_string(type);
      }
    }
  }
}

/// One column is 100, and the others have a standard deviation of 1. Without rotation, the others
/// would be rounded to multiples of 100 / 127, with an error of 23 % of their standard deviation.
/// With rotation, the largest value is about 115 and the standard deviation is sqrt(32), so the
/// error is 5 %. The rounding of the large column's weights adds 4 %.
TEST_P(RoundedRows, LargeColumnsDoNotHideTheOthers) {
  constexpr std::size_t kColumns = 64;
  for (const std::size_t k : {512U, 2048U}) {
    std::vector<float> row = random_numbers(k, 1);
    row[77] = 100;
    std::vector<float> exact = random_numbers(kColumns * k, 2);
    for (std::size_t i = 0; i < kColumns; ++i) exact[i * k + 77] = 0;
    std::vector<float> weights = exact;
    const std::vector<float> found = rounded_products(row, weights, DataType::F32);
    double squares = 0;
    for (std::size_t i = 0; i < kColumns; ++i) {
      const double error = found[i] - exact_product(row, std::span(exact).subspan(i * k, k));
      squares += error * error;
    }
    EXPECT_LT(std::sqrt(squares / kColumns / static_cast<double>(k)), 0.08) << k;
  }
}

/// A constant row has only a mean, which is not rounded.
TEST_P(RoundedRows, TheMeanIsExact) {
  for (const std::size_t k : kDepths) {
    const std::vector<float> row(k, -7.25F);
    std::vector<float> rotated(k);
    std::vector<std::uint8_t> values(k);
    const RoundedRow rounded =
        round_row(row.data(), DataType::F32, k, rotated.data(), values.data());
    EXPECT_EQ(rounded.scale, 0.0F);
    EXPECT_EQ(rounded.mean, -7.25F);
    EXPECT_EQ(values, std::vector<std::uint8_t>(k, 128));
  }
}

TEST_P(RoundedRows, ReleasedValuesTakeNoMemory) {
  RoundedWeight weight(16, 64);
  EXPECT_NE(weight.values(), nullptr);
  weight.release_values();
  EXPECT_EQ(weight.values(), nullptr);
}

TEST_P(RoundedRows, NotANumberStaysVisible) {
  std::vector<float> row = random_numbers(512, 1);
  row[300] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> rotated(row.size());
  std::vector<std::uint8_t> values(row.size());
  const RoundedRow rounded =
      round_row(row.data(), DataType::F32, row.size(), rotated.data(), values.data());
  EXPECT_TRUE(std::isnan(rounded.mean));
}

TEST_P(RoundedRows, EveryEpilogue) {
  constexpr std::size_t kColumns = 48;
  const std::vector<float> bias = random_numbers(kColumns, 3), before = random_numbers(kColumns, 4);
  const std::vector<float> scales = random_numbers(kColumns, 5);
  const std::vector<float> totals = random_numbers(kColumns, 6);
  std::vector<std::int32_t> sums(kColumns), offsets(kColumns);
  for (std::size_t i = 0; i < kColumns; ++i) {
    sums[i] = static_cast<std::int32_t>(i * 1000) - 20000;
    offsets[i] = 128 * static_cast<std::int32_t>(i);
  }
  const RoundedRow row{.scale = 1e-4F, .mean = 0.3F};
  for (unsigned parts = 0; parts < 8; ++parts) {
    const bool has_bias = (parts & 1) != 0, gelu = (parts & 2) != 0, accumulate = (parts & 4) != 0;
    const RoundedColumns columns{scales.data(), offsets.data(), totals.data(),
                                 has_bias ? bias.data() : nullptr};
    std::vector<float> out = before;
    finish_rounded(sums.data(), row, columns, gelu, accumulate, out.data(), DataType::F32,
                   kColumns);
    std::vector<std::uint16_t> halves(kColumns);
    finish_rounded(sums.data(), row, columns, gelu, false, halves.data(), DataType::Bf16, kColumns);
    std::vector<float> rounded(kColumns);
    convert(halves.data(), DataType::Bf16, rounded.data(), DataType::F32, kColumns);
    for (std::size_t i = 0; i < kColumns; ++i) {
      double wanted = static_cast<double>(sums[i] - offsets[i]) * scales[i] * row.scale +
                      static_cast<double>(row.mean) * totals[i] + (has_bias ? bias[i] : 0.0F);
      if (gelu) wanted = wanted * (1 + std::erf(wanted / std::sqrt(2.0))) / 2;
      EXPECT_NEAR(rounded[i], wanted, std::fabs(wanted) / 256 + 1e-6) << parts << " " << i;
      if (accumulate) wanted += before[i];
      EXPECT_NEAR(out[i], wanted, 1e-5) << parts << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RoundedRows, test::all_targets(), test::target_name);

}  // namespace
}  // namespace npuwhisper::cpu
