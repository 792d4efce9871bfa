// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/log_power.h"

#include <cassert>
#include <cstddef>

// Compiles the code between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once for each instruction
// set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "audio/log_power.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
// math-inl.h must follow foreach_target.h, so that it is included once for each target.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

float log10_power(const float* power, float* out, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto floor = hn::Set(d, 1e-10F);
  auto largest = hn::Set(d, kMinLogPower);
  for (std::size_t i = 0; i < n; i += lanes) {
    // The last vector may be partial. Its unused lanes are read as 0 and then raised to `floor`.
    const auto inside = hn::FirstN(d, n - i);
    const auto value = hn::Max(hn::MaskedLoad(inside, d, power + i), floor);
    const auto log10 = hn::Max(hn::Log10(d, value), hn::Set(d, kMinLogPower));
    largest = hn::Max(largest, log10);
    hn::BlendedStore(log10, inside, d, out + i);
  }
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

}  // namespace
}  // namespace npuwhisper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper {
namespace {
HWY_EXPORT(log10_power);
}  // namespace

float log10_power(std::span<const float> power, std::span<float> out) {
  assert(!power.empty() && power.size() == out.size());
  return HWY_DYNAMIC_DISPATCH(log10_power)(power.data(), out.data(), power.size());
}

}  // namespace npuwhisper
#endif
