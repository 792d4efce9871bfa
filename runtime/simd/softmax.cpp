// SPDX-License-Identifier: LGPL-2.1-or-later
// Highway includes this file again for each instruction set and compiles one version for each.
// Calls use the best instruction set that the CPU has and NPUWHISPER_MAX_ISA allows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/softmax.cpp"
#include <hwy/foreach_target.h>
// Highway requires this include after foreach_target.h.
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "simd/softmax.h"

HWY_BEFORE_NAMESPACE();
namespace npuwhisper {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

float max_of(const float* x, std::size_t n, float lowest) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto a = hn::Set(d, lowest);
  auto b = a;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    // The order of the operands makes x86 skip a NaN: if an operand is NaN, maxps returns its
    // second operand.
    a = hn::Max(hn::LoadU(d, x + i), a);
    b = hn::Max(hn::LoadU(d, x + i + lanes), b);
  }
  float result = hn::GetLane(hn::MaxOfLanes(d, hn::Max(a, b)));
  for (; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

float sum_exp(const float* x, std::size_t n, float offset, float scale) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, scale);
  const auto shift = hn::Set(d, -offset * scale);
  auto a = hn::Zero(d);
  auto b = a;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    a = hn::Add(a, hn::Exp(d, hn::MulAdd(hn::LoadU(d, x + i), factor, shift)));
    b = hn::Add(b, hn::Exp(d, hn::MulAdd(hn::LoadU(d, x + i + lanes), factor, shift)));
  }
  float result = hn::GetLane(hn::SumOfLanes(d, hn::Add(a, b)));
  for (; i < n; ++i) {
    result += hn::GetLane(hn::Exp(d, hn::MulAdd(hn::Set(d, x[i]), factor, shift)));
  }
  return result;
}

std::size_t find_first(const float* x, std::size_t n, float value) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto wanted = hn::Set(d, value);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto at = hn::FindFirstTrue(d, hn::Eq(hn::LoadU(d, x + i), wanted));
    if (at >= 0) return i + static_cast<std::size_t>(at);
  }
  while (i < n && x[i] != value) ++i;
  return i;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace npuwhisper
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>
#include <limits>

namespace npuwhisper {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

HWY_EXPORT(max_of);
HWY_EXPORT(sum_exp);
HWY_EXPORT(find_first);

}  // namespace

float max_of(std::span<const float> logits) {
  return HWY_DYNAMIC_DISPATCH(max_of)(logits.data(), logits.size(), kForbidden);
}

float sum_exp(std::span<const float> logits, float offset, float scale) {
  return HWY_DYNAMIC_DISPATCH(sum_exp)(logits.data(), logits.size(), offset, scale);
}

float log_sum_exp(std::span<const float> logits) {
  const float max = max_of(logits);
  return max == kForbidden ? max : max + std::log(sum_exp(logits, max, 1.0F));
}

std::size_t find_first(std::span<const float> logits, float value) {
  return HWY_DYNAMIC_DISPATCH(find_first)(logits.data(), logits.size(), value);
}

}  // namespace npuwhisper
#endif  // HWY_ONCE
