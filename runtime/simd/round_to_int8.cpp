// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/round_to_int8.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/round_to_int8.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;

constexpr float kLargest = 127;

float LargestMagnitude(const float* in, std::size_t n) {
  const DF d;
  VF largest = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    largest = hn::Max(largest, hn::Abs(hn::LoadU(d, in + i)));
  }
  float found = hn::GetLane(hn::MaxOfLanes(d, largest));
  for (; i < n; ++i) found = std::max(found, std::fabs(in[i]));
  return found;
}

float SumOf(const float* in, std::size_t n) {
  const DF d;
  VF sums = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) sums = hn::Add(sums, hn::LoadU(d, in + i));
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) sum += in[i];
  return sum;
}

std::int32_t RoundToInt8(const float* in, float factor, std::int8_t* out, std::size_t n) {
  const DF d;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<std::int8_t, DF> d8;
  auto sums = hn::Zero(di);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const VF v = hn::Clamp(hn::Mul(hn::LoadU(d, in + i), hn::Set(d, factor)), hn::Set(d, -kLargest),
                           hn::Set(d, kLargest));
    const auto rounded = hn::NearestInt(v);
    sums = hn::Add(sums, rounded);
    hn::StoreU(hn::DemoteTo(d8, rounded), d8, out + i);
  }
  std::int32_t sum = hn::GetLane(hn::SumOfLanes(di, sums));
  for (; i < n; ++i) {
    const float v = std::clamp(in[i] * factor, -kLargest, kLargest);
    out[i] = static_cast<std::int8_t>(std::lrint(v));
    sum += out[i];
  }
  return sum;
}

}  // namespace
}  // namespace npuwhisper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper::cpu {

HWY_EXPORT(LargestMagnitude);
HWY_EXPORT(SumOf);
HWY_EXPORT(RoundToInt8);

float largest_magnitude(const float* in, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(LargestMagnitude)(in, n);
}

float sum_of(const float* in, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(SumOf)(in, n);
}

std::int32_t round_to_int8(const float* in, float factor, std::int8_t* out, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(RoundToInt8)(in, factor, out, n);
}

}  // namespace npuwhisper::cpu
#endif
