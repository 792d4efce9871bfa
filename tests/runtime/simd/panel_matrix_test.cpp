// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/panel_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "simd/row_product.h"

namespace npuwhisper::cpu {
namespace {

constexpr std::pair<std::size_t, std::size_t> kSizes[] = {
    {1, 1}, {63, 7}, {64, 64}, {65, 33}, {130, 300}};

/// Returns a random matrix [n, k] in f32, with values that f16 represents exactly.
std::vector<float> random_weights(std::size_t n, std::size_t k) {
  std::mt19937 generator(static_cast<unsigned>(n * 1000 + k));
  std::vector<float> values(n * k);
  for (float& x : values)
    x = static_cast<float>(static_cast<int>(generator() % 2047) - 1023) / 1024.0F;
  return values;
}

/// Returns the values [n, k] that products use as weights. Computes them as products with one-hot
/// rows.
std::vector<float> unpacked(const PanelMatrix& matrix) {
  std::vector<float> values(matrix.n() * matrix.k());
  std::vector<float> one_hot(matrix.k(), 0.0F);
  RowProduct product(1, matrix.k());
  for (std::size_t j = 0; j < matrix.k(); ++j) {
    one_hot[j] = 1.0F;
    product.set_rows(one_hot.data(), matrix.k(), 1, matrix.k(), matrix.type());
    for (std::size_t p = 0; p < matrix.n_panels(); ++p) {
      float sums[kPanelColumns];
      float out[kPanelColumns];
      product.multiply(matrix.panel(p), matrix.scales(p), sums);
      finish_panel(sums, {}, out, kPanelColumns);
      for (std::size_t c = 0; c < kPanelColumns; ++c) {
        if (c < matrix.columns(p)) {
          values[(p * kPanelColumns + c) * matrix.k() + j] = out[c];
        } else {
          EXPECT_EQ(out[c], 0.0F) << "padding";
        }
      }
    }
    one_hot[j] = 0.0F;
  }
  return values;
}

TEST(PanelMatrix, FloatsAreExact) {
  for (const auto& [n, k] : kSizes) {
    const auto values = random_weights(n, k);
    for (const DataType type : {DataType::F32, DataType::F16}) {
      const auto matrix = PanelMatrix::pack(values, n, k, type);
      EXPECT_EQ(matrix.n(), n);
      EXPECT_EQ(matrix.k(), k);
      EXPECT_EQ(matrix.type(), type);
      EXPECT_EQ(unpacked(matrix), values);
    }
  }
}

TEST(PanelMatrix, Int8IsWithinHalfAStepOfItsGroup) {
  for (const auto& [n, k] : kSizes) {
    auto values = random_weights(n, k);
    // The groups have very different magnitudes, because each group has its own scale.
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        const std::size_t size = (i + 13 * (j / kScaleGroup)) % 40;
        values[i * k + j] *= std::exp2(static_cast<float>(size) - 20.0F);
      }
    }
    const auto matrix = PanelMatrix::pack(values, n, k, DataType::I8);
    const auto found = unpacked(matrix);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        const std::size_t first = j / kScaleGroup * kScaleGroup;
        float largest = 0;
        for (std::size_t l = first; l < std::min(first + kScaleGroup, k); ++l) {
          largest = std::max(largest, std::fabs(values[i * k + l]));
        }
        EXPECT_LE(std::fabs(found[i * k + j] - values[i * k + j]), largest / 127.0F * 0.50001F)
            << i << " " << j;
      }
    }
  }
}

/// A model may hold rows of zeros, and rows so small that their scale has no reciprocal.
TEST(PanelMatrix, ZeroAndTinyRowsStayFinite) {
  std::vector<float> values(3 * 4, 0.0F);
  std::fill_n(values.begin() + 4, 4, 1e-45F);
  std::fill_n(values.begin() + 8, 4, -3e-37F);
  const auto matrix = PanelMatrix::pack(values, 3, 4, DataType::I8);
  for (const float x : unpacked(matrix)) EXPECT_LE(std::fabs(x), 1e-36F);
}

TEST(PanelMatrix, BytesCountsPanelsAndScales) {
  const auto values = random_weights(65, 10);
  EXPECT_EQ(PanelMatrix::pack(values, 65, 10, DataType::I8).bytes(),
            2U * 64 * 12 + 2 * 64 * sizeof(float));
  EXPECT_EQ(PanelMatrix::pack(values, 65, 10, DataType::F16).bytes(), 2U * 64 * 10 * 2);
}

}  // namespace
}  // namespace npuwhisper::cpu
