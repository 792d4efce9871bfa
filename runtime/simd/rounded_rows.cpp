// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/rounded_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/rounded_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/round_to_int8.h"
#include "simd/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;

/// Applies the Hadamard transform of `Points` points to vectors that are `stride` numbers apart.
/// The points of one transform are in the same lane of these vectors, so no operation combines
/// lanes.
template <std::size_t Points>
HWY_INLINE void transform(float* x, std::size_t stride) {
  const DF d;
  VF v[Points];
  for (std::size_t i = 0; i < Points; ++i) v[i] = hn::LoadU(d, x + i * stride);
#pragma GCC unroll 4
  for (std::size_t half = 1; half < Points; half *= 2) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < Points; ++i) {
      if ((i & half) != 0) continue;
      const VF sum = hn::Add(v[i], v[i + half]);
      v[i + half] = hn::Sub(v[i], v[i + half]);
      v[i] = sum;
    }
  }
  for (std::size_t i = 0; i < Points; ++i) hn::StoreU(v[i], d, x + i * stride);
}

/// Applies log2(Points) steps of the transform to a group of `n` points. The first step combines
/// points that are `distance` points apart, and each further step doubles this distance.
template <std::size_t Points>
HWY_INLINE void transform_all(float* group, std::size_t n, std::size_t distance) {
  for (std::size_t first = 0; first < n; first += Points * distance) {
    for (std::size_t i = 0; i < distance * kRoundedStep; i += hn::Lanes(DF())) {
      transform<Points>(group + first * kRoundedStep + i, distance * kRoundedStep);
    }
  }
}

void Rotate(float* row, std::size_t k, std::size_t n) {
  for (std::size_t group = 0; group < k; group += n * kRoundedStep) {
    std::size_t distance = 1;
    for (; distance * 8 <= n; distance *= 8) transform_all<8>(row + group, n, distance);
    if (n / distance == 4) transform_all<4>(row + group, n, distance);
    if (n / distance == 2) transform_all<2>(row + group, n, distance);
  }
}

/// Copies a row as f32 and returns its sum.
template <typename T>
HWY_INLINE float copy_row(const T* in, std::size_t k, float* out) {
  const DF d;
  VF sums = hn::Zero(d);
  for (std::size_t i = 0; i < k; i += hn::Lanes(d)) {
    const VF v = load_f32(d, in + i);
    sums = hn::Add(sums, v);
    hn::StoreU(v, d, out + i);
  }
  return hn::GetLane(hn::SumOfLanes(d, sums));
}

RoundedRow RoundRow(const void* in, DataType in_type, std::size_t k, std::size_t n_rotated,
                    float* rotated, std::uint8_t* values) {
  const DF d;
  const std::size_t lanes = hn::Lanes(d);
  const float sum = in_type == DataType::Bf16
                        ? copy_row(static_cast<const hwy::bfloat16_t*>(in), k, rotated)
                        : copy_row(static_cast<const float*>(in), k, rotated);
  RoundedRow row{.scale = 0, .mean = sum / static_cast<float>(k)};
  const VF mean = hn::Set(d, row.mean);
  for (std::size_t i = 0; i < k; i += lanes) {
    hn::StoreU(hn::Sub(hn::LoadU(d, rotated + i), mean), d, rotated + i);
  }
  Rotate(rotated, k, n_rotated);
  VF magnitudes = hn::Zero(d);
  for (std::size_t i = 0; i < k; i += lanes) {
    magnitudes = hn::Max(magnitudes, hn::Abs(hn::LoadU(d, rotated + i)));
  }
  const float largest = hn::GetLane(hn::MaxOfLanes(d, magnitudes));
  row.scale = largest / kLargestRounded;
  const VF factor = hn::Set(d, largest > 0 ? kLargestRounded / largest : 0.0F);
  const VF middle = hn::Set(d, 128.0F);
  const hn::Rebind<std::uint8_t, DF> d8;
  for (std::size_t i = 0; i < k; i += lanes) {
    const VF v = hn::MulAdd(hn::LoadU(d, rotated + i), factor, middle);
    hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(v)), d8, values + i);
  }
  return row;
}

void FinishRounded(const std::int32_t* sums, const RoundedRow& row, const RoundedColumns& columns,
                   bool gelu, bool accumulate, void* out, DataType out_type, std::size_t n) {
  const DF d;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<std::uint16_t, DF> d16;
  const VF scale = hn::Set(d, row.scale);
  const VF mean = hn::Set(d, row.mean);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) {
    const VF bias = columns.bias != nullptr ? hn::LoadU(d, columns.bias + i) : hn::Zero(d);
    const VF base = hn::MulAdd(mean, hn::LoadU(d, columns.totals + i), bias);
    const auto sum = hn::Sub(hn::LoadU(di, sums + i), hn::LoadU(di, columns.offsets + i));
    VF v =
        hn::MulAdd(hn::ConvertTo(d, sum), hn::Mul(scale, hn::LoadU(d, columns.scales + i)), base);
    if (gelu) v = gelu_erf(d, v);
    if (out_type == DataType::Bf16) {
      hn::StoreU(round_to_bf16(d, v), d16, static_cast<std::uint16_t*>(out) + i);
      continue;
    }
    float* to = static_cast<float*>(out) + i;
    hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, to), v) : v, d, to);
  }
}

}  // namespace
}  // namespace npuwhisper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper::cpu {

HWY_EXPORT(Rotate);
HWY_EXPORT(RoundRow);
HWY_EXPORT(FinishRounded);

std::size_t rotated_columns(std::size_t k) {
  std::size_t n = 1;
  while (n < 32 && k % (2 * n * kRoundedStep) == 0) n *= 2;
  return n;
}

void rotate(float* row, std::size_t k) {
  HWY_DYNAMIC_DISPATCH(Rotate)(row, k, rotated_columns(k));
}

RoundedRow round_row(const void* in, DataType in_type, std::size_t k, float* rotated,
                     std::uint8_t* values) {
  return HWY_DYNAMIC_DISPATCH(RoundRow)(in, in_type, k, rotated_columns(k), rotated, values);
}

void finish_rounded(const std::int32_t* sums, const RoundedRow& row, const RoundedColumns& columns,
                    bool gelu, bool accumulate, void* out, DataType out_type, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(FinishRounded)
  (sums, row, columns, gelu, accumulate, out, out_type, n);
}

RoundedWeight::RoundedWeight(std::size_t n, std::size_t k)
    : k_(k), values_(n * k), scales_(n), offsets_(n), totals_(n) {}

void RoundedWeight::round(std::size_t i, std::span<float> row) {
  totals_[i] = sum_of(row.data(), k_);
  rotate(row.data(), k_);
  const float largest = largest_magnitude(row.data(), k_);
  // A product of a rotated row and a rotated weight is this many times as large as the product of
  // the row and the weight.
  const auto gain = static_cast<float>(rotated_columns(k_));
  scales_[i] = largest / kLargestRounded / gain;
  const float factor = largest > 0 ? kLargestRounded / largest : 0.0F;
  offsets_[i] = 128 * round_to_int8(row.data(), factor, values_.data() + i * k_, k_);
}

}  // namespace npuwhisper::cpu
#endif
