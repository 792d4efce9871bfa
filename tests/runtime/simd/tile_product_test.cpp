// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/tile_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include "simd/panel_kernels.h"

namespace npuwhisper::cpu {
namespace {

constexpr float kGuard = 12345.0F;
constexpr std::size_t kMaxRows = 64;
constexpr std::size_t kMaxDepth = 320;

class TileProductTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_tiles()) GTEST_SKIP() << "this CPU has no matrix tiles";
    product_.emplace(kMaxRows, kMaxDepth);
  }

  float number() { return distribution_(generator_) * std::ldexp(1.0F, exponent_(generator_)); }

  void check(std::size_t rows, std::size_t k) {
    std::vector<std::int8_t> panel(k * kPanelColumns);
    for (std::int8_t& x : panel)
      x = static_cast<std::int8_t>(static_cast<int>(generator_() % 255) - 127);
    std::vector<float> scales((k + kScaleGroup - 1) / kScaleGroup * kPanelColumns);
    for (float& x : scales) x = distribution_(generator_);
    const std::size_t lda = k + 3;
    // NaN beyond the rows and columns must not affect the result.
    std::vector<float> a((rows + 1) * lda, std::nanf(""));
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t i = 0; i < k; ++i) a[m * lda + i] = number();
    }
    std::vector<float> sums((rows + 1) * kPanelColumns, kGuard);
    product_->set_rows(a.data(), lda, rows, k);
    product_->multiply(panel.data(), scales.data(), sums.data());
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t j = 0; j < kPanelColumns; ++j) {
        double wanted = 0;
        double magnitude = 0;
        for (std::size_t i = 0; i < k; ++i) {
          const double term = static_cast<double>(a[m * lda + i]) * panel[i * kPanelColumns + j] *
                              scales[i / kScaleGroup * kPanelColumns + j];
          wanted += term;
          magnitude += std::fabs(term);
        }
        // Each addition rounds to 2^-24 of a sum that is at most the sum of the magnitudes.
        ASSERT_NEAR(sums[m * kPanelColumns + j], wanted, magnitude * 64 * 6e-8)
            << rows << " rows, k " << k << ", row " << m << " column " << j;
      }
    }
    for (std::size_t j = 0; j < kPanelColumns; ++j) {
      ASSERT_EQ(sums[rows * kPanelColumns + j], kGuard);
    }
  }

  std::mt19937 generator_{2};
  std::uniform_real_distribution<float> distribution_{-1.0F, 1.0F};
  std::uniform_int_distribution<int> exponent_{-20, 10};
  std::optional<TileProduct> product_;
};

TEST_F(TileProductTest, EveryNumberOfRows) {
  for (std::size_t rows = 1; rows <= kMaxRows; ++rows) {
    for (const std::size_t k : {64, 129}) check(rows, k);
  }
}

TEST_F(TileProductTest, EveryDepth) {
  for (std::size_t k = 1; k <= kMaxDepth; ++k) check(k % 40 + 1, k);
}

TEST_F(TileProductTest, ScalesMayBeLeftOut) {
  std::vector<float> a(kMaxRows * kMaxDepth);
  for (float& x : a) x = distribution_(generator_);
  std::vector<std::int8_t> panel(kMaxDepth * kPanelColumns, 3);
  const std::vector<float> ones(kMaxDepth / kScaleGroup * kPanelColumns, 1.0F);
  std::vector<float> scaled(kMaxRows * kPanelColumns);
  std::vector<float> sums(kMaxRows * kPanelColumns);
  product_->set_rows(a.data(), kMaxDepth, kMaxRows, kMaxDepth);
  product_->multiply(panel.data(), ones.data(), scaled.data());
  product_->multiply(panel.data(), nullptr, sums.data());
  EXPECT_EQ(sums, scaled);
}

/// Products keep all 24 bits of f32 inputs. Plain bf16 would lose all but the first 8.
TEST_F(TileProductTest, ProductsAreExact) {
  const float value = 1.0F + std::ldexp(1.0F, -23);
  std::vector<float> a(kMaxRows, value);
  std::vector<std::int8_t> panel(kPanelColumns, 1);
  const std::vector<float> scales(kPanelColumns, 1.0F);
  std::vector<float> sums(kMaxRows * kPanelColumns);
  product_->set_rows(a.data(), 1, kMaxRows, 1);
  product_->multiply(panel.data(), scales.data(), sums.data());
  for (const float sum : sums) ASSERT_EQ(sum, value);
}

}  // namespace
}  // namespace npuwhisper::cpu
