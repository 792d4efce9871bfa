// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/panel_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "each_target.h"
#include "simd/float16.h"
#include "simd/row_kernels.h"

namespace npuwhisper::cpu {
namespace {

float float16_to_float(std::uint16_t half) {
  float value = 0;
  f16_to_f32(std::as_bytes(std::span(&half, 1)), {&value, 1});
  return value;
}

constexpr float kGuard = 12345.0F;

class PanelKernels : public test::EachTarget {
 protected:
  /// A panel of k x 64 random numbers of one data type, and the same values in f32.
  struct Panel {
    std::vector<std::byte> bytes;
    std::vector<float> values;
  };
  Panel make_panel(std::size_t k, DataType type) {
    Panel panel;
    const std::size_t n = k * kPanelColumns;
    panel.bytes.resize(n * size_of(type));
    for (std::size_t i = 0; i < n; ++i) {
      float value = distribution_(generator_);
      if (type == DataType::F16) {
        auto* half = reinterpret_cast<std::uint16_t*>(panel.bytes.data()) + i;
        store_row(&value, half, DataType::F16, 1);
        value = float16_to_float(*half);
      } else {
        reinterpret_cast<float*>(panel.bytes.data())[i] = value;
      }
      panel.values.push_back(value);
    }
    return panel;
  }

  void check(std::size_t rows, std::size_t k, DataType type) {
    const Panel panel = make_panel(k, type);
    const std::size_t lda = k + k % 5;
    std::vector<float> a(rows * lda, kGuard);
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t i = 0; i < k; ++i) a[m * lda + i] = distribution_(generator_);
    }
    std::vector<float> sums((rows + 1) * kPanelColumns, kGuard);
    multiply_panel(a.data(), lda, rows, k, panel.bytes.data(), type, sums.data());
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t j = 0; j < kPanelColumns; ++j) {
        double wanted = 0;
        for (std::size_t i = 0; i < k; ++i) {
          wanted += static_cast<double>(a[m * lda + i]) * panel.values[i * kPanelColumns + j];
        }
        // Each of the k additions has an error of at most 2^-24 of a sum that is at most k.
        ASSERT_NEAR(sums[m * kPanelColumns + j], wanted, static_cast<double>(k * k) * 6e-8 + 1e-30)
            << rows << " rows, k " << k << ", " << to_string(type) << ", row " << m << " column "
            << j;
      }
    }
    for (std::size_t j = 0; j < kPanelColumns; ++j)
      ASSERT_EQ(sums[rows * kPanelColumns + j], kGuard);
  }

  std::mt19937 generator_{2};
  std::uniform_real_distribution<float> distribution_{-1.0F, 1.0F};
};

TEST_P(PanelKernels, EveryDepth) {
  for (const DataType type : {DataType::F16, DataType::F32}) {
    for (std::size_t k = 1; k <= 300; ++k) check(k % 3 + 1, k, type);
  }
}

TEST_P(PanelKernels, EveryNumberOfRows) {
  for (const DataType type : {DataType::F16, DataType::F32}) {
    for (std::size_t rows = 1; rows <= 20; ++rows) {
      for (const std::size_t k : {1, 2, 7, 64, 129}) check(rows, k, type);
    }
  }
}

TEST_P(PanelKernels, EpilogueOfEveryWidth) {
  for (std::size_t n = 1; n <= kPanelColumns; ++n) {
    for (unsigned parts = 0; parts < 8; ++parts) {
      std::vector<float> sums(kPanelColumns), bias(kPanelColumns);
      for (auto* row : {&sums, &bias}) {
        for (float& x : *row) x = distribution_(generator_);
      }
      // The residual is not padded, because the kernel must not read or write beyond n.
      std::vector<float> residual(n), out(n + 8, kGuard);
      for (float& x : residual) x = distribution_(generator_);
      const PanelEpilogue epilogue{.bias = (parts & 1) != 0 ? bias.data() : nullptr,
                                   .residual = (parts & 2) != 0 ? residual.data() : nullptr,
                                   .gelu = (parts & 4) != 0};
      std::vector<double> wanted(n);
      for (std::size_t j = 0; j < n; ++j) {
        double x = sums[j];
        if (epilogue.bias != nullptr) x += bias[j];
        if (epilogue.gelu) x = 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
        if (epilogue.residual != nullptr) x += residual[j];
        wanted[j] = x;
      }
      finish_panel(sums.data(), epilogue, out.data(), n);
      for (std::size_t j = 0; j < n; ++j)
        ASSERT_NEAR(out[j], wanted[j], 5e-7) << n << " columns, parts " << parts;
      for (std::size_t j = n; j < out.size(); ++j)
        ASSERT_EQ(out[j], kGuard) << n << " columns, parts " << parts;
    }
  }
}

TEST_P(PanelKernels, ResidualMayBeTheOutput) {
  for (const std::size_t n : {std::size_t{64}, std::size_t{37}}) {
    std::vector<float> sums(kPanelColumns, 1.0F), out(n, 10.0F);
    finish_panel(sums.data(), {.residual = out.data()}, out.data(), n);
    for (const float x : out) EXPECT_EQ(x, 11.0F);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, PanelKernels, test::all_targets(), test::target_name);

}  // namespace
}  // namespace npuwhisper::cpu
