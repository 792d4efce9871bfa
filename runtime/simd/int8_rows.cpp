// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/int8_rows.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "simd/round_up.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/int8_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

/// Rounds 64 numbers to integers (Int8Rows). Writes the upper and lower parts of the integers to
/// `parts`, and the sum of the integers to `sum`. Returns the scale; NaN if a number is not finite.
float round_group(const float* in, std::int8_t* parts, std::int32_t* sum) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<std::int8_t, decltype(d)> d8;
  const std::size_t lanes = hn::Lanes(d);
  // Without their sign bits, floats have the same order as their bits, and infinity and NaN are
  // larger than all numbers.
  auto largest_bits = hn::Zero(di);
  for (std::size_t i = 0; i < kScaleGroup; i += lanes) {
    largest_bits = hn::Max(largest_bits, hn::BitCast(di, hn::Abs(hn::LoadU(d, in + i))));
  }
  const float largest = hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(di, largest_bits)));
  constexpr auto kLargest = static_cast<float>(Int8Rows::kLargestInt);
  // The reciprocal of a smaller number could be infinite.
  constexpr float kSmallest = 1e-30F;
  const bool finite = largest <= std::numeric_limits<float>::max();
  const float factor = finite && largest >= kSmallest ? kLargest / largest : 0.0F;
  auto sums = hn::Zero(di);
  for (std::size_t i = 0; i < kScaleGroup; i += lanes) {
    auto q = hn::NearestInt(hn::Mul(hn::LoadU(d, in + i), hn::Set(d, factor)));
    if (factor == 0.0F) q = hn::Zero(di);
    const auto upper = hn::ShiftRight<7>(hn::Add(q, hn::Set(di, Int8Rows::kUpperFactor / 2)));
    const auto lower = hn::Sub(q, hn::ShiftLeft<7>(upper));
    hn::StoreU(hn::DemoteTo(d8, upper), d8, parts + i);
    hn::StoreU(hn::DemoteTo(d8, lower), d8, parts + kScaleGroup + i);
    sums = hn::Add(sums, q);
  }
  *sum = hn::GetLane(hn::SumOfLanes(di, sums));
  return finite ? largest / kLargest : std::numeric_limits<float>::quiet_NaN();
}

/// Rounds one group of k (at most 64) of `n_rows` rows.
void RoundGroups(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k,
                 std::int8_t* parts, float* scales, std::int32_t* sums) {
  float padded[kScaleGroup] = {};
  for (std::size_t m = 0; m < n_rows; ++m) {
    const float* in = a + m * lda;
    if (k < kScaleGroup) {
      std::memcpy(padded, in, k * sizeof(float));
      in = padded;
    }
    scales[m] = round_group(in, parts + m * Int8Rows::kGroupBytes, sums + m);
  }
}

}  // namespace
}  // namespace npuwhisper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper::cpu {
namespace {

/// The number of rows is padded to a multiple of the rows of a matrix tile.
constexpr std::size_t kRowStep = 16;

}  // namespace

HWY_EXPORT(RoundGroups);

Int8Rows::Int8Rows(std::size_t max_rows, std::size_t max_k) {
  const std::size_t n = round_up(max_rows, kRowStep) * (round_up(max_k, kScaleGroup) / kScaleGroup);
  parts_ = AlignedBytes(n * kGroupBytes);
  scales_ = AlignedBytes(n * sizeof(float));
  sums_ = AlignedBytes(n * sizeof(std::int32_t));
}

std::size_t Int8Rows::max_rows(std::size_t k) const {
  const std::size_t row_bytes = round_up(k, kScaleGroup) / kScaleGroup * kGroupBytes;
  return parts_.size() / row_bytes / kRowStep * kRowStep;
}

void Int8Rows::set(const float* a, std::size_t lda, std::size_t n_rows, std::size_t k) {
  assert(n_rows <= max_rows(k));
  n_rows_ = n_rows;
  padded_rows_ = round_up(n_rows, kRowStep);
  k_ = k;
  for (std::size_t group = 0; group < n_groups(); ++group) {
    const std::size_t first = group * kScaleGroup;
    const std::size_t index = group * padded_rows_;
    HWY_DYNAMIC_DISPATCH(RoundGroups)
    (a + first, lda, n_rows, std::min(kScaleGroup, k - first),
     parts_.as<std::int8_t>() + index * kGroupBytes, scales_.as<float>() + index,
     sums_.as<std::int32_t>() + index);
  }
}

}  // namespace npuwhisper::cpu
#endif
