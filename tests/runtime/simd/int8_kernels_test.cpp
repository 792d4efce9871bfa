// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/int8_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "simd/tile_product.h"

namespace npuwhisper::cpu {
namespace {

constexpr float kGuard = 12345.0F;

/// The operands of a product: a panel of random weights and the rows that it multiplies.
struct Operands {
  Operands(std::size_t n_rows, std::size_t depth, unsigned seed)
      : rows(n_rows),
        k(depth),
        lda(depth + depth % 5),
        panel(int8_panel_bytes(depth), 255),  // The padding must not affect the result.
        weights(depth * kPanelColumns),
        scales((depth + kScaleGroup - 1) / kScaleGroup * kPanelColumns),
        a((n_rows + 1) * lda, std::numeric_limits<float>::quiet_NaN()) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
    std::uniform_int_distribution<int> exponent(-20, 10);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < kPanelColumns; ++j) {
        // Extreme weights are frequent, because sums of extreme products are most likely to
        // overflow.
        const int weight = generator() % 4 == 0 ? (generator() % 2 == 0 ? 127 : -127)
                                                : static_cast<int>(generator() % 255) - 127;
        weights[i * kPanelColumns + j] = weight;
        panel[int8_index(i, j)] = int8_byte(weight);
      }
    }
    for (float& x : scales) x = distribution(generator);
    for (std::size_t m = 0; m < rows; ++m) {
      const float size = std::ldexp(1.0F, exponent(generator));
      for (std::size_t i = 0; i < k; ++i) {
        const float x =
            generator() % 4 == 0 ? (generator() % 2 == 0 ? 1.0F : -1.0F) : distribution(generator);
        a[m * lda + i] = x * size;
      }
    }
  }

  Int8Rows rounded() const {
    Int8Rows left(rows, k);
    left.set(a.data(), lda, rows, k);
    return left;
  }
  float scale(std::size_t i, std::size_t j, bool scaled) const {
    return scaled ? scales[i / kScaleGroup * kPanelColumns + j] : 1.0F;
  }

  std::size_t rows, k, lda;
  std::vector<std::uint8_t> panel;
  std::vector<int> weights;
  std::vector<float> scales;
  std::vector<float> a;
};

class Int8Kernels : public testing::TestWithParam<Int8Isa> {
 protected:
  std::vector<float> multiply(const Operands& operands, bool scaled = true) const {
    std::vector<float> sums((operands.rows + 1) * kPanelColumns, kGuard);
    multiply_int8(GetParam(), operands.rounded(), operands.panel.data(),
                  scaled ? operands.scales.data() : nullptr, sums.data());
    for (std::size_t j = 0; j < kPanelColumns; ++j) {
      EXPECT_EQ(sums[operands.rows * kPanelColumns + j], kGuard) << "a write behind the sums";
    }
    return sums;
  }

  void check(std::size_t rows, std::size_t k, bool scaled = true) const {
    const Operands operands(rows, k, static_cast<unsigned>(rows * 1000 + k));
    const std::vector<float> sums = multiply(operands, scaled);
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t j = 0; j < kPanelColumns; ++j) {
        double wanted = 0;
        double rounding = 0;   // Bound on the error from rounding the rows.
        double magnitude = 0;  // Sum of the terms' magnitudes.
        for (std::size_t i = 0; i < k; ++i) {
          const std::size_t first = i / kScaleGroup * kScaleGroup;
          float largest = 0;
          for (std::size_t l = first; l < std::min(first + kScaleGroup, k); ++l) {
            largest = std::max(largest, std::fabs(operands.a[m * operands.lda + l]));
          }
          const double weight = static_cast<double>(operands.weights[i * kPanelColumns + j]) *
                                operands.scale(i, j, scaled);
          wanted += operands.a[m * operands.lda + i] * weight;
          rounding += std::fabs(weight) * largest / Int8Rows::kLargestInt * 0.501;
          magnitude += std::fabs(operands.a[m * operands.lda + i] * weight);
        }
        ASSERT_NEAR(sums[m * kPanelColumns + j], wanted, rounding + magnitude * 64 * 6e-8)
            << rows << " rows, k " << k << ", row " << m << " column " << j;
      }
    }
  }
};

TEST_P(Int8Kernels, EveryDepth) {
  for (std::size_t k = 1; k <= 300; ++k) check(k % 3 + 1, k);
}

TEST_P(Int8Kernels, EveryNumberOfRows) {
  for (std::size_t rows = 1; rows <= 40; ++rows) {
    for (const std::size_t k : {4, 64, 129}) check(rows, k);
  }
}

TEST_P(Int8Kernels, ScalesMayBeLeftOut) {
  for (std::size_t rows = 1; rows <= 8; ++rows) check(rows, 100, false);
}

/// The largest integers do not overflow the sums of any instruction.
TEST_P(Int8Kernels, LargestIntegersAreExact) {
  for (const int sign : {1, -1}) {
    Operands operands(3, kScaleGroup, 1);
    std::fill(operands.a.begin(), operands.a.end(), static_cast<float>(Int8Rows::kLargestInt));
    std::fill(operands.panel.begin(), operands.panel.end(), int8_byte(127 * sign));
    const std::vector<float> sums = multiply(operands, false);
    for (std::size_t i = 0; i < 3 * kPanelColumns; ++i) {
      ASSERT_EQ(sums[i], static_cast<float>(sign * 127 * 64 * Int8Rows::kLargestInt));
    }
  }
}

/// If a row contains an infinity or a NaN, all results of this row are NaN, so that callers notice
/// it.
TEST_P(Int8Kernels, NonFiniteRowsGiveNan) {
  for (const float value :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN()}) {
    for (const std::size_t at : {0, 70, 99}) {
      Operands operands(3, 100, 1);
      operands.a[operands.lda + at] = value;
      const std::vector<float> sums = multiply(operands);
      for (std::size_t j = 0; j < kPanelColumns; ++j) {
        EXPECT_TRUE(std::isfinite(sums[j]));
        EXPECT_TRUE(std::isnan(sums[kPanelColumns + j]));
        EXPECT_TRUE(std::isfinite(sums[2 * kPanelColumns + j]));
      }
    }
  }
}

TEST_P(Int8Kernels, ZeroAndTinyRowsStayFinite) {
  for (const float value : {0.0F, 1e-45F, -1e-38F, 1e-31F}) {
    Operands operands(1, kScaleGroup, 1);
    std::fill(operands.a.begin(), operands.a.end(), value);
    const std::vector<float> sums = multiply(operands, false);
    for (std::size_t j = 0; j < kPanelColumns; ++j) {
      EXPECT_LE(std::fabs(sums[j]), 127 * 64 * std::fabs(value));
    }
  }
}

/// All vector instructions must give the same results, so that texts do not depend on the CPU.
TEST_P(Int8Kernels, AllVectorInstructionsGiveTheSameBits) {
  if (GetParam() == Int8Isa::Portable) GTEST_SKIP() << "has no fused multiply-add";
  for (const std::size_t k : {64, 300, 512}) {
    const Operands operands(20, k, static_cast<unsigned>(k));
    std::vector<float> wanted((operands.rows + 1) * kPanelColumns, kGuard);
    multiply_int8(Int8Isa::Avx2, operands.rounded(), operands.panel.data(), operands.scales.data(),
                  wanted.data());
    EXPECT_EQ(multiply(operands), wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Int8Kernels, testing::ValuesIn(available_int8_isas()),
                         [](const auto& instance) {
                           return std::string(to_string(instance.param));
                         });

TEST(Int8Rows, PartsAddUpToTheNearestInteger) {
  constexpr std::size_t kK = 2 * kScaleGroup;
  std::vector<float> row(kK);
  for (std::size_t i = 0; i < kK; ++i) {
    row[i] = (static_cast<float>(i) - 64.0F) / 64.0F * (i < kScaleGroup ? 1.0F : 1e-6F);
  }
  Int8Rows rows(1, kK);
  rows.set(row.data(), kK, 1, kK);
  for (std::size_t group = 0; group < 2; ++group) {
    int sum = 0;
    for (std::size_t i = 0; i < kScaleGroup; ++i) {
      const int upper = rows.parts(group)[i];
      const int lower = rows.parts(group)[kScaleGroup + i];
      EXPECT_LE(std::abs(upper), 64);
      EXPECT_LE(std::abs(lower), 64);
      const int q = Int8Rows::kUpperFactor * upper + lower;
      sum += q;
      const float scale = rows.scales(group)[0];
      EXPECT_NEAR(scale * static_cast<float>(q), row[group * kScaleGroup + i], scale * 0.501F);
    }
    EXPECT_EQ(rows.sums(group)[0], sum);
  }
}

TEST(Int8Rows, MemoryHoldsMoreRowsOfFewerNumbers) {
  const Int8Rows rows(32, 2048);
  EXPECT_EQ(rows.max_rows(2048), 32U);
  EXPECT_EQ(rows.max_rows(512), 128U);
}

TEST(TileProduct, EqualsTheOtherInstructions) {
  if (!has_tiles()) GTEST_SKIP() << "this CPU has no matrix tiles";
  TileProduct product(64);
  for (std::size_t n = 1; n <= 64; ++n) {
    for (const std::size_t k : {n, std::size_t{64}, std::size_t{129}, std::size_t{512}}) {
      const Operands operands(n, k, static_cast<unsigned>(n));
      const Int8Rows rows = operands.rounded();
      for (const float* scales : {operands.scales.data(), static_cast<const float*>(nullptr)}) {
        std::vector<float> wanted((n + 1) * kPanelColumns, kGuard);
        std::vector<float> found = wanted;
        multiply_int8(best_int8_isa(), rows, operands.panel.data(), scales, wanted.data());
        product.multiply(rows, operands.panel.data(), scales, found.data());
        ASSERT_EQ(found, wanted) << n << " rows, k " << k;
      }
    }
  }
}

}  // namespace
}  // namespace npuwhisper::cpu
