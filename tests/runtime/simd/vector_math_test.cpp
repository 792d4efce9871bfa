// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the formulas with the build's baseline instruction set. row_kernels_test runs them with the
// other instruction sets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <hwy/highway.h>

#include "simd/vector_math-inl.h"

namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace {

float exp2_of(float x) {
  const hn::CappedTag<float, 1> d;
  return hn::GetLane(exp2_nonpositive(d, hn::Set(d, x)));
}

TEST(VectorMath, Exp2WithinItsBound) {
  double worst = 0;
  for (int i = 0; i <= 1260000; ++i) {
    const float x = static_cast<float>(i) * -1e-4F;
    if (x < -126.0F) break;
    worst = std::max(
        worst, std::fabs(static_cast<double>(exp2_of(x)) / std::exp2(static_cast<double>(x)) - 1));
  }
  EXPECT_LE(worst, 3e-7);
  EXPECT_GE(worst, 1e-8) << "the measurement measures nothing";
}

TEST(VectorMath, Exp2OfWholeNumbersIsExact) {
  for (int i = 0; i <= 126; ++i)
    EXPECT_EQ(exp2_of(static_cast<float>(-i)), std::exp2(static_cast<float>(-i)));
}

TEST(VectorMath, Exp2FarBelowIsZero) {
  for (const float x : {-126.51F, -127.0F, -128.0F, -1e10F, -3e38F, -HUGE_VALF})
    EXPECT_EQ(exp2_of(x), 0.0F) << x;
}

TEST(VectorMath, Exp2FallsWithItsArgument) {
  for (float x = 0; x > -126.4F; x -= 0.01F) EXPECT_GE(exp2_of(x), exp2_of(x - 0.01F)) << x;
}

}  // namespace
}  // namespace npuwhisper::cpu::HWY_NAMESPACE
