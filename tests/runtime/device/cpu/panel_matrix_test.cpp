// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/panel_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "device/cpu/row_kernels.h"

namespace npuwhisper::cpu {
namespace {

constexpr std::pair<std::size_t, std::size_t> kSizes[] = {
    {1, 1}, {63, 7}, {64, 64}, {65, 33}, {130, 300}};

/// [n, k] in f32, exact in f16.
std::vector<float> random_weights(std::size_t n, std::size_t k) {
  std::mt19937 generator(static_cast<unsigned>(n * 1000 + k));
  std::vector<float> values(n * k);
  for (float& x : values)
    x = static_cast<float>(static_cast<int>(generator() % 2047) - 1023) / 1024.0F;
  return values;
}

WeightView view_of(const std::vector<float>& values, std::size_t n, std::size_t k) {
  return {DataType::F32,
          {static_cast<std::int64_t>(n), static_cast<std::int64_t>(k)},
          std::as_bytes(std::span(values))};
}

std::vector<float> row_of(const PanelMatrix& matrix, std::size_t row) {
  std::vector<float> values(matrix.k());
  matrix.add_row(row, values);
  return values;
}

TEST(PanelMatrix, FloatsAreExact) {
  for (const auto& [n, k] : kSizes) {
    const auto values = random_weights(n, k);
    for (const DataType type : {DataType::F32, DataType::F16}) {
      const auto matrix = PanelMatrix::pack(view_of(values, n, k), type);
      EXPECT_EQ(matrix.n(), n);
      EXPECT_EQ(matrix.k(), k);
      EXPECT_EQ(matrix.type(), type);
      for (std::size_t i = 0; i < n; ++i) {
        const auto found = row_of(matrix, i);
        EXPECT_TRUE(std::equal(found.begin(), found.end(),
                               values.begin() + static_cast<std::ptrdiff_t>(i * k)));
      }
    }
  }
}

TEST(PanelMatrix, Int8IsWithinHalfAStepOfItsGroup) {
  for (const auto& [n, k] : kSizes) {
    auto values = random_weights(n, k);
    for (std::size_t i = 0; i < n; ++i) {  // Groups of very different sizes: each has its own scale.
      for (std::size_t j = 0; j < k; ++j) {
        const std::size_t size = (i + 13 * (j / kScaleGroup)) % 40;
        values[i * k + j] *= std::exp2(static_cast<float>(size) - 20.0F);
      }
    }
    const auto matrix = PanelMatrix::pack(view_of(values, n, k), DataType::I8);
    for (std::size_t i = 0; i < n; ++i) {
      const auto found = row_of(matrix, i);
      for (std::size_t j = 0; j < k; ++j) {
        const std::size_t first = j / kScaleGroup * kScaleGroup;
        float largest = 0;
        for (std::size_t l = first; l < std::min(first + kScaleGroup, k); ++l) {
          largest = std::max(largest, std::fabs(values[i * k + l]));
        }
        EXPECT_LE(std::fabs(found[j] - values[i * k + j]), largest / 127.0F * 0.50001F)
            << i << " " << j;
      }
    }
  }
}

TEST(PanelMatrix, LastRowsStayExactOnRequest) {
  const std::size_t n = 200, k = 70;
  const auto values = random_weights(n, k);
  const auto matrix = PanelMatrix::pack(view_of(values, n, k), DataType::I8, nullptr, 30);
  EXPECT_EQ(matrix.type(1), DataType::I8);
  // Row 170 is in panel 2, rows 128 to 191, which is exact as a whole.
  EXPECT_EQ(matrix.type(2), DataType::F32);
  EXPECT_EQ(matrix.scales(2), nullptr);
  for (std::size_t i = 128; i < n; ++i) {
    const auto found = row_of(matrix, i);
    EXPECT_TRUE(std::equal(found.begin(), found.end(),
                           values.begin() + static_cast<std::ptrdiff_t>(i * k)));
  }
  EXPECT_EQ(matrix.bytes(), 2 * 64 * k + 2 * 2 * 64 * sizeof(float) + 2 * 64 * k * sizeof(float));
}

TEST(PanelMatrix, AddRowIsTheProductsRow) {
  for (const auto& [n, k] : kSizes) {
    const auto values = random_weights(n, k);
    for (const DataType type : {DataType::I8, DataType::F16, DataType::F32}) {
      const auto matrix = PanelMatrix::pack(view_of(values, n, k), type, nullptr, n / 3);
      for (std::size_t j = 0; j < k; j += 1 + k / 7) {
        std::vector<float> one_hot(k, 0.0F);
        one_hot[j] = 1.0F;
        for (std::size_t p = 0; p < matrix.n_panels(); ++p) {
          float sums[kPanelColumns];
          float out[kPanelColumns];
          multiply_panel(one_hot.data(), k, 1, k, matrix.panel(p), matrix.type(p),
                         matrix.scales(p), sums);
          finish_panel(sums, {}, out, kPanelColumns);
          for (std::size_t c = 0; c < matrix.columns(p); ++c)
            EXPECT_EQ(out[c], row_of(matrix, p * kPanelColumns + c)[j]);
          for (std::size_t c = matrix.columns(p); c < kPanelColumns; ++c)
            EXPECT_EQ(out[c], 0.0F) << "padding";
        }
      }
    }
  }
}

TEST(PanelMatrix, AddRowAdds) {
  const auto values = random_weights(3, 5);
  const auto matrix = PanelMatrix::pack(view_of(values, 3, 5), DataType::F32);
  std::vector<float> out(5, 10.0F);
  matrix.add_row(1, out);
  for (std::size_t j = 0; j < 5; ++j) EXPECT_EQ(out[j], 10.0F + values[5 + j]);
}

/// A model may hold rows of zeros, and rows so small that their scale has no reciprocal.
TEST(PanelMatrix, ZeroAndTinyRowsStayFinite) {
  std::vector<float> values(3 * 4, 0.0F);
  std::fill_n(values.begin() + 4, 4, 1e-45F);
  std::fill_n(values.begin() + 8, 4, -3e-37F);
  const auto matrix = PanelMatrix::pack(view_of(values, 3, 4), DataType::I8);
  for (std::size_t i = 0; i < 3; ++i) {
    for (const float x : row_of(matrix, i)) EXPECT_LE(std::fabs(x), 1e-36F);
  }
}

TEST(PanelMatrix, BytesCountsPanelsAndScales) {
  const auto values = random_weights(65, 10);
  EXPECT_EQ(PanelMatrix::pack(view_of(values, 65, 10), DataType::I8).bytes(),
            2U * 64 * 10 + 2 * 64 * sizeof(float));
  EXPECT_EQ(PanelMatrix::pack(view_of(values, 65, 10), DataType::F16).bytes(), 2U * 64 * 10 * 2);
}

}  // namespace
}  // namespace npuwhisper::cpu
