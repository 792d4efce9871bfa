// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cmath>

#include "array/array_model.h"
#include "encoder_core/encoder_core_ref.h"

/// Worst-case error bounds of a core's results, derived from the number formats.
namespace npuwhisper::npu::testing {

/// Relative error of rounding to nearest bf16 (8 significant bits): half a unit in the last place.
inline constexpr double kBf16 = 1.0 / 256;
/// Relative error of an f32 product computed as three products of bf16 parts. The method omits
/// 2^-16 of the product. The rounding of the sums adds less.
inline constexpr double kSplit = 1.0 / 32768;

/// The epsilon that layer norms add to the variance in these tests.
inline constexpr double kEpsilon = 1e-5;

/// Statistics of a row of A, computed as a core does: from the sum and the sum of squares.
struct RowStatistics {
  double mean;
  double deviation;
  /// Mean square / variance, the factor by which the subtraction magnifies errors.
  double cancellation;
};
inline RowStatistics row_statistics(const reference::Matrix& a, int row) {
  double sum = 0;
  double squares = 0;
  for (int k = 0; k < a.columns; ++k) {
    sum += a.at(row, k);
    squares += a.at(row, k) * a.at(row, k);
  }
  const double mean = sum / a.columns;
  const double variance = squares / a.columns - mean * mean + kEpsilon;
  return {mean, std::sqrt(variance), squares / a.columns / variance};
}

/// Returns half a unit of the bfp16 block of 8 values at `at`, `stride` apart. The result is
/// 2^(e - 7) for the largest exponent e, or 2^(e - 6) if the largest value rounds up to 128 units.
inline double half_unit(const double* at, int stride) {
  double largest = 0;
  for (int i = 0; i < 8; ++i) largest = std::max(largest, std::fabs(at[i * stride]));
  if (largest == 0) return 0;
  const int e = std::ilogb(largest);
  return std::ldexp(1.0, largest >= std::ldexp(127.5 / 64, e) ? e - 6 : e - 7);
}

/// Returns the error bound of each element of A B before any epilogue. It covers the f32 sums of K
/// exact products and, on AIE2P, the rounding of the operands to shared exponents. With `in_parts`,
/// blocks keep 7 bits of each remainder, which is at most half a unit, and the product of two
/// remainders is omitted.
inline reference::Matrix product_bound(const reference::Matrix& a, const reference::Matrix& b,
                                       Generation generation, bool in_parts = false) {
  reference::Matrix bound(a.rows, b.columns);
  const double sum_error = (in_parts ? 3 : 1) * (a.columns + 8) * std::ldexp(1.0, -24);
  const double rounded = in_parts ? std::ldexp(1.0, -6) : 1;
  for (int m = 0; m < a.rows; ++m) {
    for (int n = 0; n < b.columns; ++n) {
      double error = 0;
      double magnitude = 0;
      for (int k = 0; k < a.columns; ++k) {
        const double x = std::fabs(a.at(m, k));
        const double y = std::fabs(b.at(k, n));
        magnitude += x * y;
        if (generation == Generation::Aie2) continue;
        const double dx = half_unit(&a.values[a.index(m, k / 8 * 8)], 1);
        const double dy = half_unit(&b.values[b.index(k / 8 * 8, n)], b.columns);
        error += (x * dy + y * dx) * rounded + dx * dy;
      }
      bound.at(m, n) = error + magnitude * sum_error;
    }
  }
  return bound;
}

/// Returns the error bound of gelu(y) if y is off by `error`. gelu's slope is at most 1.13. The
/// tail t P(-t), with t = |y|, is computed from t in bf16, a polynomial in bf16 steps and a bf16
/// power of two. The error of t has the sensitivity t^2 + t. The polynomial's bf16 steps add half
/// as much. The relative error of the tail is 2^-8 (2 + 1.5 t + 1.5 t^2). 1e-6 allows for the
/// polynomial's range, which ends at 5.5.
inline double gelu_bound(double y, double error) {
  const double t = std::fabs(y);
  const double tail = 0.5 * t * std::erfc(t / std::sqrt(2.0));
  return 1.13 * error + tail * kBf16 * (2 + 1.5 * t + 1.5 * t * t) + 1e-6;
}

/// Accumulates the root mean square error relative to the reference's root mean square.
class RelativeError {
 public:
  void add(double found, double wanted) {
    error_ += (found - wanted) * (found - wanted);
    size_ += wanted * wanted;
  }
  double value() const { return size_ > 0 ? std::sqrt(error_ / size_) : std::sqrt(error_); }

 private:
  double error_ = 0;
  double size_ = 0;
};

}  // namespace npuwhisper::npu::testing
