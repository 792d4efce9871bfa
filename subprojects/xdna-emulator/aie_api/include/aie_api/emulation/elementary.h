// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/compare.h"

/// This header defines functions of one variable, and conversions between fixed and floating point.
/// Conversions to fixed point round to nearest even and saturate in all modes (see aie_api's
/// documentation). inv and invsqrt are AIE2's short Newton sequences. Their errors of about 1e-3
/// are too large for a layer norm. exp2 and tanh exist on AIE2P only. Silicon's tables are not
/// published, so exp2 and tanh return the exact function rounded to bf16.

namespace aie {

namespace detail {

/// Applies f to each lane.
template <typename To, typename From, unsigned N, typename F>
__aie_inline inline Lanes<To, N> each(const Lanes<From, N>& x, F f) {
  Lanes<To, N> r{};
  for (unsigned i = 0; i < N; ++i) r.set(i, f(x.get(i)));
  return r;
}

inline float power_of_two(int exponent) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
}

/// Returns 2^x, with an error of about 2 units in the last place of f32. Callers round the result
/// to bf16.
template <unsigned N>
__aie_inline inline Lanes<float, N> exp2_lanes(const Lanes<float, N>& x) {
  return map(x, [](auto v) __aie_inline {
    using V = decltype(v);
    using I = Vec<std::int32_t, sizeof(V) / 4>;
    const V low = v - v - 127.0F;
    const V high = v - v + 128.0F;
    V y = v < low ? low : v;
    y = y > high ? high : y;
    const V shifted = y + 12582912.0F;
    const V n = shifted - 12582912.0F;
    const V f = (y - n) * 0.6931471805599453F;
    V p = f * (1.0F / 720) + (1.0F / 120);
    p = p * f + (1.0F / 24);
    p = p * f + (1.0F / 6);
    p = p * f + 0.5F;
    p = p * f + 1.0F;
    p = p * f + 1.0F;
    // Multiply by 2^k in two steps, because 2^k can exceed the range of f32's normal numbers.
    // Results of 2^128 and above become infinity. Arguments up to `low` give zero.
    const I k = __builtin_convertvector(n, I);
    const I half = k >> 1;
    const V first = reinterpret_cast<V>((half + 127) << 23);
    const V second = reinterpret_cast<V>((k - half + 127) << 23);
    const V r = p * first * second;
    return v != v ? v : (v <= low ? v - v : r);
  });
}

/// Returns x in units of 2^-shift, rounded to nearest even, or rounded down if `floor_it` is true,
/// and saturated to T. Returns 0 for NaN.
template <typename T>
__aie_inline inline T fixed_of(float x, int shift, bool floor_it) {
  const double scaled = static_cast<double>(x) * static_cast<double>(power_of_two(shift));
  const double rounded = floor_it ? __builtin_floor(scaled) : __builtin_roundeven(scaled);
  if (!(rounded > static_cast<double>(std::numeric_limits<T>::min()))) {
    return scaled == scaled ? std::numeric_limits<T>::min() : T{0};
  }
  if (rounded >= static_cast<double>(std::numeric_limits<T>::max())) {
    return std::numeric_limits<T>::max();
  }
  return static_cast<T>(rounded);
}

/// Returns `x` rounded to the precision of T, in the current rounding mode. inverse_of() and
/// inverse_root_of() round in this way after each step.
template <typename T>
__aie_inline inline float hold(float x) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return bf16_to_float(round_to_bf16(Lanes<float, 4>::fill(x))).get(0);
  } else {
    return x;
  }
}

template <typename T>
__aie_inline inline float inverse_of(float v) {
  float y;
  if constexpr (std::is_same_v<T, bfloat16>) {
    const auto bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(v) >> 16);
    const auto guess = static_cast<std::uint16_t>(0x7eb5 - bits);
    y = std::bit_cast<float>(static_cast<std::uint32_t>(guess) << 16);
  } else {
    y = std::bit_cast<float>(0x7eb53567 - std::bit_cast<std::int32_t>(v));
  }
  const float k1 = hold<T>(1.9395974F);
  float t = hold<T>(1.436142F - v * y);
  t = hold<T>(t * y);
  const float minus_y = hold<T>(-(t * k1));
  const float r = hold<T>(minus_y * v + 2.0F);
  return hold<T>(-(minus_y * r));
}

template <typename T>
__aie_inline inline float inverse_root_of(float v) {
  constexpr float c2 = 0.703952253F;
  constexpr float c3 = 2.38924456F;
  const float x2 = hold<T>(v * hold<T>(c2));
  const std::int32_t bits = 0x5F1FFFF9 - (std::bit_cast<std::int32_t>(v) >> 1);
  const float y = hold<T>(std::bit_cast<float>(bits));
  const float yy = hold<T>(y * y);
  const float factor = hold<T>(c2 * c3 - x2 * yy);
  return hold<T>(y * factor);
}

}  // namespace detail

template <typename T, typename From, unsigned N>
requires(detail::is_floating_v<From>) __aie_inline
    inline vector<T, N> to_fixed(const vector<From, N>& v, int shift = 0) {
  detail::count_vector_op(4 * N * sizeof(float));
  return vector<T, N>(detail::each<T>(detail::compute_lanes(v), [&](float x) __aie_inline {
    return detail::fixed_of<T>(x, shift, false);
  }));
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> to_fixed(const accum<accfloat, N>& a, int shift = 0) {
  return to_fixed<T>(a.template to_vector<float>(), shift);
}
template <typename T>
__aie_inline inline T to_fixed(float v, int shift = 0) {
  return detail::fixed_of<T>(v, shift, false);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> to_fixed_floor(const vector<bfloat16, N>& v, int shift = 0) {
  detail::count_vector_op(N * sizeof(T));
  return vector<T, N>(detail::each<T>(detail::compute_lanes(v), [&](float x) __aie_inline {
    return detail::fixed_of<T>(x, shift, true);
  }));
}

/// Converts the integers of `v`, in units of 2^-shift, to TR.
template <typename TR = float, typename T, unsigned N>
requires(std::is_integral_v<T>) __aie_inline
    inline vector<TR, N> to_float(const vector<T, N>& v, int shift = 0) {
  detail::count_vector_op(4 * N * sizeof(float));
  const float unit = detail::power_of_two(-shift);
  const auto lanes =
      detail::map(detail::convert<float>(v.lanes()), [&](auto x) __aie_inline { return x * unit; });
  return detail::from_compute_lanes<TR>(lanes);
}
template <typename TR = float>
__aie_inline inline TR to_float(int v, int shift = 0) {
  return static_cast<TR>(static_cast<float>(v) * detail::power_of_two(-shift));
}

template <typename T, unsigned N>
requires(detail::is_floating_v<T>) __aie_inline inline vector<T, N> inv(const vector<T, N>& v) {
  detail::count_vector_op(8 * N * sizeof(float));
  return detail::from_compute_lanes<T>(detail::each<float>(
      detail::compute_lanes(v), [](float x) __aie_inline { return detail::inverse_of<T>(x); }));
}
template <typename T>
requires(detail::is_floating_v<T>) __aie_inline inline T inv(T v) {
  return static_cast<T>(detail::inverse_of<T>(v));
}
template <typename T, unsigned N>
requires(detail::is_floating_v<T>) __aie_inline inline vector<T, N> invsqrt(const vector<T, N>& v) {
  detail::count_vector_op(8 * N * sizeof(float));
  return detail::from_compute_lanes<T>(
      detail::each<float>(detail::compute_lanes(v),
                          [](float x) __aie_inline { return detail::inverse_root_of<T>(x); }));
}
template <typename T>
requires(detail::is_floating_v<T>) __aie_inline inline T invsqrt(T v) {
  return static_cast<T>(detail::inverse_root_of<T>(v));
}
template <typename T>
requires(detail::is_floating_v<T>) __aie_inline inline T sqrt(T v) {
  return static_cast<T>(__builtin_sqrtf(static_cast<float>(v)));
}
template <typename T, unsigned N>
requires(detail::is_floating_v<T>) __aie_inline inline vector<T, N> sqrt(const vector<T, N>& v) {
  detail::count_vector_op(8 * N * sizeof(float));
  return detail::from_compute_lanes<T>(detail::each<float>(
      detail::compute_lanes(v), [](float x) __aie_inline { return __builtin_sqrtf(x); }));
}

#if __AIE_ARCH__ == 21

namespace detail {
/// Rounds to the nearest bf16, ties to even, in every rounding mode.
template <unsigned N>
__aie_inline inline vector<bfloat16, N> nearest_bf16(const Lanes<float, N>& x) {
  return vector<bfloat16, N>(
      convert<std::uint16_t>(map(reinterpret<std::uint32_t>(x), [](auto v) __aie_inline {
        return float_bits_to_bf16<rounding_mode::conv_even>(v);
      })));
}
}  // namespace detail

template <typename TR = bfloat16, unsigned N>
requires(std::is_same_v<TR, bfloat16>) __aie_inline
    inline vector<TR, N> exp2(const vector<float, N>& v) {
  detail::count_vector_op(N * sizeof(float));
  return detail::nearest_bf16(detail::exp2_lanes(v.lanes()));
}
template <typename TR = bfloat16, unsigned N>
requires(std::is_same_v<TR, bfloat16>) __aie_inline
    inline vector<TR, N> exp2(const accum<accfloat, N>& a) {
  return exp2<TR>(a.template to_vector<float>());
}
template <typename TR = bfloat16, unsigned N>
requires(std::is_same_v<TR, bfloat16>) __aie_inline
    inline vector<TR, N> tanh(const vector<float, N>& v) {
  detail::count_vector_op(N * sizeof(float));
  return detail::nearest_bf16(
      detail::each<float>(v.lanes(), [](float x) __aie_inline { return __builtin_tanhf(x); }));
}
template <typename TR = bfloat16, unsigned N>
requires(std::is_same_v<TR, bfloat16>) __aie_inline
    inline vector<TR, N> tanh(const accum<accfloat, N>& a) {
  return tanh<TR>(a.template to_vector<float>());
}

#endif

}  // namespace aie
