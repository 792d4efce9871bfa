// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "design/pack_panels.h"
#include "design/write_design.h"
#include "encoder_core/encoder_core_ref.h"
#include "encoder_core/workspace.h"
#include "support/core_shape.h"
#include "support/emulated_array.h"

/// Runs operations on an emulated array with the project's own kernels, and compares the results
/// with the reference. A program that includes this file defines ENCODER_CORE_AIE2 and
/// ENCODER_CORE_AIE2P, the paths of the kernels' objects.
namespace npuwhisper::npu {

using reference::Matrix;

inline constexpr int kPacked = 0;
inline constexpr int kWorkspace = 1;

/// Returns random values that bf16 represents exactly.
inline Matrix random_matrix(int rows, int columns, double scale, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  Matrix matrix(rows, columns);
  for (double& value : matrix.values) {
    value = static_cast<double>(from_bf16(to_bf16(static_cast<float>(scale) * normal(random))));
  }
  return matrix;
}

/// Weights [n, k] as integers with a scale for each row, rounded as in pack_panels().
struct RoundedWeights {
  Matrix values;
  std::vector<double> scales{};
};
inline RoundedWeights rounded_to_int8(const Matrix& w) {
  RoundedWeights rounded{.values = w};
  for (int n = 0; n < w.rows; ++n) {
    float largest = 0;
    for (int k = 0; k < w.columns; ++k) {
      largest = std::max(largest, std::fabs(static_cast<float>(w.at(n, k))));
    }
    const float scale = largest / 127;
    for (int k = 0; k < w.columns; ++k) {
      rounded.values.at(n, k) =
          static_cast<double>(std::nearbyint(static_cast<float>(w.at(n, k)) / scale));
    }
    rounded.scales.push_back(static_cast<double>(scale));
  }
  return rounded;
}

/// Returns `matrix` with columns of zeros appended, up to a multiple of 64.
inline Matrix padded_columns(const Matrix& matrix) {
  Matrix result(matrix.rows, (matrix.columns + 63) / 64 * 64);
  for (int r = 0; r < matrix.rows; ++r) {
    for (int c = 0; c < matrix.columns; ++c) result.at(r, c) = matrix.at(r, c);
  }
  return result;
}

inline Matrix int8_product(const Matrix& x, const Matrix& w) {
  const auto [values, scales] = rounded_to_int8(w);
  return reference::int8_product(padded_columns(x), transposed(padded_columns(values)), scales);
}

// The reference rounds to int8 identically; only the epilogue's rounding to bf16 remains.
inline constexpr double kInt8Tolerance = 0.003;

/// A nonzero pattern. A test that finds it in a result has found an element that the run did not
/// write.
inline constexpr std::uint16_t kUnwritten = 0x3e3e;

/// A loaded array and the workspace of its operations; a base of test fixtures.
class OnArray {
 protected:
  void open(const CoreShape& shape) {
    spec_ = *make_design_spec(shape.array, shape.rows, shape.columns);
    aie2_ = spec_.array->generation == Generation::Aie2;
    load(write_design(spec_));
  }
  /// Loads the design `text` on a new array.
  void load(const std::string& text) {
    auto array = EmulatedArray::load(spec_, text, aie2_ ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P);
    ASSERT_TRUE(array) << array.error().message;
    array_ = std::move(*array);
  }

  int padded(int rows) const {
    const int pass = spec_.core_rows * core::kTile;
    return (rows + pass - 1) / pass * pass;
  }

  void run(const std::vector<Operation>& operations,
           const std::vector<std::vector<Parameters>>& parameters) {
    auto plan = make_plan(spec_, operations, kPacked);
    ASSERT_TRUE(plan) << plan.error().message;
    std::vector<std::byte> packed(plan->packed_bytes);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const auto result = pack_panels(*plan, i, parameters[i], packed);
      ASSERT_TRUE(result) << result.error().message;
    }
    const std::span<std::byte> buffers[] = {packed, space_.bytes()};
    const emu::RunOutcome outcome = array_->run(*plan, buffers);
    ASSERT_EQ(outcome.state, emu::RunState::Completed) << outcome.message;
    figures_ = plan->figures;
  }

  /// Result of run_product().
  struct ProductOutcome {
    HostMatrix output{};
    Matrix wanted;
    std::uint64_t macs = 0;  ///< Multiply-accumulates that the cores counted.
  };
  /// Runs one operation: random x [m, k] times the transpose of random w [n, k]. `k` and `n` are
  /// multiples of 64.
  ProductOutcome run_product(int m, int k, int n, unsigned seed, bool in_parts = false) {
    const Matrix x = random_matrix(m, k, 1, seed);
    const Matrix w = random_matrix(n, k, 0.1, seed + 1);
    const HostMatrix input = space_.add(x, padded(m), k);
    const HostMatrix output = space_.add(padded(m), n);
    const std::vector<float> weights = floats(w);
    const std::uint64_t before = array_->counters().multiply_accumulates;
    run({{"p", Product{.m = m,
                       .k = k,
                       .input = input,
                       .in_parts = in_parts,
                       .parts = {{.n = n, .output = output}}}}},
        {{{.weights = {.f32 = weights}}}});
    return {output, reference::product(x, transposed(w)),
            array_->counters().multiply_accumulates - before};
  }

  /// Expects the root mean square error of `found`, relative to `wanted`, to be below `tolerance`.
  void expect_near(const HostMatrix& found, const Matrix& wanted, double tolerance) const {
    double error = 0;
    double size = 0;
    for (int r = 0; r < wanted.rows; ++r) {
      for (int c = 0; c < wanted.columns; ++c) {
        const double value = space_.get(found, r, c);
        ASSERT_TRUE(std::isfinite(value)) << r << ", " << c;
        error += (value - wanted.at(r, c)) * (value - wanted.at(r, c));
        size += wanted.at(r, c) * wanted.at(r, c);
      }
    }
    EXPECT_LT(std::sqrt(error / size), tolerance);
  }
  void expect_zero_rows(const HostMatrix& found, int from, int to, int columns) const {
    for (int r = from; r < to; ++r) {
      for (int c = 0; c < columns; ++c) ASSERT_EQ(space_.get(found, r, c), 0) << r << ", " << c;
    }
  }
  /// Returns a tolerance for one rounding to bf16 and, on AIE2P, for 8-bit operands with shared
  /// exponents (bfp16).
  double tolerance() const { return aie2_ ? 0.003 : 0.012; }

  DesignSpec spec_{};
  bool aie2_ = false;
  std::unique_ptr<EmulatedArray> array_;
  Workspace space_{kWorkspace, kUnwritten};
  std::vector<OperationPlan> figures_{};
};

}  // namespace npuwhisper::npu
