// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/float16.h"

#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/float16.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

// Converts whole vectors and returns the number of values that it converted. CPUs with AVX2 have an
// instruction for this conversion, VCVTPH2PS, which ignores the flush-to-zero mode. Highway's
// conversion for older CPUs is not exact for infinities and NaN, so it is not used.
std::size_t F16ToF32(const std::byte* in, float* out, std::size_t n) {
  std::size_t i = 0;
#if HWY_TARGET <= HWY_AVX2
  const hn::CappedTag<float, 16> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const auto* from = reinterpret_cast<const hwy::float16_t*>(in);
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(d16, from + i)), d, out + i);
  }
#else
  (void)in, (void)out, (void)n;
#endif
  return i;
}

}  // namespace
}  // namespace npuwhisper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace npuwhisper {

HWY_EXPORT(F16ToF32);

namespace {

std::uint32_t load_u16(const std::byte* at) {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

// Converts one value. Has no branches, so that the compiler can vectorise it for any CPU.
float from_f16(std::uint32_t half) {
  constexpr std::uint32_t kExponent = 0x7c00U << 13;
  constexpr std::uint32_t kRebias = (127 - 15) << 23;
  constexpr std::uint32_t kSmallestNormal = 113U << 23;  // 2^-14

  const std::uint32_t shifted = (half & 0x7fffU) << 13;
  const std::uint32_t exponent = shifted & kExponent;
  // The exponent of infinity and NaN is all ones. Adding kRebias twice makes it all ones in f32.
  const std::uint32_t normal = shifted + kRebias + (exponent == kExponent ? kRebias : 0);
  // A subnormal's value is its mantissa times 2^-24. `above` has the same mantissa and the exponent
  // of 2^-14, so it equals 2^-14 plus the subnormal's value. Subtracting 2^-14 leaves that value.
  // No f32 subnormal occurs.
  const float above = std::bit_cast<float>(shifted + kSmallestNormal);
  const auto subnormal =
      std::bit_cast<std::uint32_t>(above - std::bit_cast<float>(kSmallestNormal));
  const std::uint32_t magnitude = exponent == 0 ? subnormal : normal;
  return std::bit_cast<float>(magnitude | (half & 0x8000U) << 16);
}

}  // namespace

void f16_to_f32(std::span<const std::byte> in, std::span<float> out) {
  assert(in.size() == 2 * out.size());
  const std::byte* const from = in.data();
  float* const to = out.data();
  const std::size_t n = out.size();
  for (std::size_t i = HWY_DYNAMIC_DISPATCH(F16ToF32)(from, to, n); i < n; ++i) {
    to[i] = from_f16(load_u16(from + 2 * i));
  }
}

void bf16_to_f32(std::span<const std::byte> in, std::span<float> out) {
  assert(in.size() == 2 * out.size());
  const std::byte* const from = in.data();
  float* const to = out.data();
  const std::size_t n = out.size();
  for (std::size_t i = 0; i < n; ++i) to[i] = std::bit_cast<float>(load_u16(from + 2 * i) << 16);
}

}  // namespace npuwhisper
#endif
