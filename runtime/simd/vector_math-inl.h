// SPDX-License-Identifier: LGPL-2.1-or-later
// This file is included once for each instruction set (Highway's per-target include guard), so it
// has no #pragma once.
#if defined(NPUWHISPER_SIMD_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NPUWHISPER_SIMD_VECTOR_MATH_INL_H_
#undef NPUWHISPER_SIMD_VECTOR_MATH_INL_H_
#else
#define NPUWHISPER_SIMD_VECTOR_MATH_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace npuwhisper::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Returns 2^x for x <= 0. The relative error is less than 3e-7 for x >= -126. The result is 0 for
/// x < -126.5. Splits x into an integer and a fraction in [-0.5, 0.5]. The integer becomes the
/// exponent. For the fraction, the Taylor series of degree 6 has an error of 1.2e-7.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2_nonpositive(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V whole = hn::Round(hn::Max(x, hn::Set(d, -127.0F)));
  const V f = hn::Sub(hn::Max(x, hn::Set(d, -127.0F)), whole);
  V p = hn::Set(d, 1.5403530e-4F);
  p = hn::MulAdd(p, f, hn::Set(d, 1.3333558e-3F));
  p = hn::MulAdd(p, f, hn::Set(d, 9.6181291e-3F));
  p = hn::MulAdd(p, f, hn::Set(d, 5.5504109e-2F));
  p = hn::MulAdd(p, f, hn::Set(d, 2.4022651e-1F));
  p = hn::MulAdd(p, f, hn::Set(d, 6.9314718e-1F));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0F));
  const auto power = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, whole), hn::Set(di, 127)));
  return hn::Mul(p, hn::BitCast(d, power));
}

/// Returns 2^x for x <= 0 with a relative error below 3e-6, which is small compared with the
/// rounding to bf16; 2^-126 for x < -126. The sum of x and 1.5 * 2^23 has the rounded x in its
/// lowest bits; a shift moves it to the exponent. The polynomial of degree 4 has the
/// smallest maximum of the relative error for the fraction in [-0.5, 0.5].
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2_nonpositive_for_bf16(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V magic = hn::Set(d, 12582912.0F);
  const V clamped = hn::Max(x, hn::Set(d, -126.0F));
  const V shifted = hn::Add(clamped, magic);
  const V f = hn::Sub(clamped, hn::Sub(shifted, magic));
  V p = hn::Set(d, 9.5700999e-3F);
  p = hn::MulAdd(p, f, hn::Set(d, 5.5917859e-2F));
  p = hn::MulAdd(p, f, hn::Set(d, 2.4024745e-1F));
  p = hn::MulAdd(p, f, hn::Set(d, 6.9312181e-1F));
  p = hn::MulAdd(p, f, hn::Set(d, 9.9999926e-1F));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

/// Returns x * (1 + erf(x / sqrt 2)) / 2. erf is the approximation 7.1.26 of Abramowitz and Stegun,
/// with an absolute error below 1.5e-7.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu_erf(D d, V x) {
  const V z = hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678F));
  const V t = hn::Div(hn::Set(d, 1.0F), hn::MulAdd(z, hn::Set(d, 0.3275911F), hn::Set(d, 1.0F)));
  V p = hn::Set(d, 1.061405429F);
  p = hn::MulAdd(p, t, hn::Set(d, -1.453152027F));
  p = hn::MulAdd(p, t, hn::Set(d, 1.421413741F));
  p = hn::MulAdd(p, t, hn::Set(d, -0.284496736F));
  p = hn::MulAdd(p, t, hn::Set(d, 0.254829592F));
  const V tail =
      hn::Mul(hn::Mul(p, t), exp2_nonpositive(d, hn::Mul(hn::Mul(z, z), hn::Set(d, -1.44269504F))));
  // tail = erfc(|x| / sqrt 2), so Phi(x) is 1 - tail / 2 for x >= 0, and tail / 2 for x < 0.
  const V half = hn::Mul(tail, hn::Set(d, 0.5F));
  const V phi = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), half, hn::Sub(hn::Set(d, 1.0F), half));
  return hn::Mul(x, phi);
}

/// Returns the bits of v as bf16, rounded to nearest even.
template <class D, class V = hn::Vec<D>>
HWY_INLINE auto round_to_bf16(D /*d*/, V v) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<std::uint16_t, D> d16;
  const auto bits = hn::BitCast(du, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1U));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, hn::Set(du, 0x7FFFU)), odd));
  return hn::DemoteTo(d16, hn::BitCast(hn::RebindToSigned<D>(), rounded));
}

/// Loads one vector of weights or cached values as f32.
template <class D>
HWY_INLINE hn::Vec<D> load_f32(D d, const float* p) {
  return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load_f32(D d, const hwy::float16_t* p) {
  const hn::Rebind<hwy::float16_t, D> d16;
  return hn::PromoteTo(d, hn::LoadU(d16, p));
}
template <class D>
HWY_INLINE hn::Vec<D> load_f32(D d, const hwy::bfloat16_t* p) {
  const hn::Rebind<hwy::bfloat16_t, D> d16;
  return hn::PromoteTo(d, hn::LoadU(d16, p));
}

template <typename T>
HWY_INLINE float scalar_f32(const T* p) {
  return hn::GetLane(load_f32(hn::CappedTag<float, 1>(), p));
}

}  // namespace npuwhisper::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
