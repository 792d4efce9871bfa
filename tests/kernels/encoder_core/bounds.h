// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cmath>

#include "array/array_model.h"
#include "encoder_core/encoder_core_ref.h"

/// How far a core's result may be from the reference: worst cases, from the number formats.
namespace npuwhisper::npu::testing {

/// Rounding to bf16 (8 significant bits) to nearest: half a unit in the last place.
inline constexpr double kBf16 = 1.0 / 256;
/// A product of two f32 as three products of bf16 parts leaves out 2^-16 of it; sums round below.
inline constexpr double kSplit = 1.0 / 32768;

/// What layer norms add to a variance, here.
inline constexpr double kEpsilon = 1e-5;

/// Of a row of A, as a core has them: from its sum and its sum of squares.
struct RowStatistics {
  double mean;
  double deviation;
  double cancellation;  ///< Mean square over variance: what the difference of the sums magnifies.
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

/// Half a unit of a bfp16 block (8 values from `at`, `stride` apart): 2^(e - 7) for the largest
/// exponent e; one more where the largest value rounds up to 128 units.
inline double half_unit(const double* at, int stride) {
  double largest = 0;
  for (int i = 0; i < 8; ++i) largest = std::max(largest, std::fabs(at[i * stride]));
  if (largest == 0) return 0;
  const int e = std::ilogb(largest);
  return std::ldexp(1.0, largest >= std::ldexp(127.5 / 64, e) ? e - 6 : e - 7);
}

/// What A B may be off before anything else happens: f32 sums of K exact products; on AIE2P the
/// operands' rounding to shared exponents first. In parts: of a rest, which is at most half a unit,
/// blocks keep 7 bits; and the product of two rests is left out.
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

/// gelu from y that is off by `error`: the slope is at most 1.13. The tail t P(-t), t = |y|, is
/// made from t in bf16 (sensitivity t^2 + t), a polynomial in bf16 steps (as much again, at most
/// half for the first step's q and less for others) and a bf16 power of two: relative 2^-8 (2 + 1.5
/// t + 1.5 t^2). 1e-6: the polynomial's range ends at 5.5.
inline double gelu_bound(double y, double error) {
  const double t = std::fabs(y);
  const double tail = 0.5 * t * std::erfc(t / std::sqrt(2.0));
  return 1.13 * error + tail * kBf16 * (2 + 1.5 * t + 1.5 * t * t) + 1e-6;
}

/// Root of the mean squared error over that of the reference.
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
