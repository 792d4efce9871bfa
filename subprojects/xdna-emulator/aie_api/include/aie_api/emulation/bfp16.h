// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/round.h"

/// Block floating point (AIE2P). A block holds 8 values, which share one exponent e: the largest of
/// their exponents. Each value is a multiple of 2^(e - 6), with an 8-bit two's complement mantissa.
/// The emulation keeps each value as an f32 number, so products and sums of a block are exact in
/// f32. If the largest value rounds up to +128, the shared exponent rises, as measured on Strix
/// under conv_even.

namespace aie::detail {

/// Number to add to the bits of a positive f32 value. The sum has the exponent that the block needs
/// after rounding. The number is 0x10000 for modes that round a significand of 127.5 / 64 up to
/// 128 / 64, and 0xffff for modes that round this significand down. It is 0x1ffff for the ceil
/// modes, which round every significand above 127 / 64 up. It is 0 for the floor modes, which never
/// round up.
template <rounding_mode Mode>
inline constexpr std::int32_t kExponentCarry =
    Mode == rounding_mode::floor || Mode == rounding_mode::symmetric_floor ? 0
    : Mode == rounding_mode::ceil || Mode == rounding_mode::symmetric_ceil ? 0x1ffff
    : Mode == rounding_mode::symmetric_zero || Mode == rounding_mode::negative_inf ||
            Mode == rounding_mode::conv_odd
        ? 0xffff
        : 0x10000;

/// Rounds each lane to an integer, in the rounding mode `Mode`. The results are floats from -128 to
/// 128.
template <rounding_mode Mode, typename V>
__aie_inline inline V round_float(V x) {
  if constexpr (Mode == rounding_mode::conv_even) {
    const float magic = 12582912.0F;  // 1.5 * 2^23: the sum is rounded to an integer, ties to even.
    return (x + magic) - magic;
  } else {
    // The scale 2^16 keeps 16 bits of the fraction. If any lower bit is set, the last kept bit is
    // set, so that the value is rounded neither as exact nor as a tie.
    using I = Vec<std::int32_t, sizeof(V) / 4>;
    const V scaled = x * 65536.0F;
    I fixed = __builtin_convertvector(scaled, I);
    const V back = __builtin_convertvector(fixed, V);
    fixed = (fixed + (I)(scaled < back)) | ((I)(scaled != back) & 1);
    return __builtin_convertvector(shift_down<Mode>(fixed, 16), V);
  }
}

template <typename V>
__aie_inline inline V larger(V a, V b) {
  return a > b ? a : b;
}

/// Returns the maximum of each aligned group of 8 lanes, in all lanes of the group.
template <unsigned N>
__aie_inline inline Lanes<std::int32_t, N> maximum_of_8(Lanes<std::int32_t, N> x) {
  constexpr unsigned per = Lanes<std::int32_t, N>::kPer;
  if constexpr (per == 4) {
    unroll<N / 8>([&](auto i) __aie_inline {
      x.c[2 * i] = x.c[2 * i + 1] = larger(x.c[2 * i], x.c[2 * i + 1]);
    });
  } else {
    x = map(x, [](auto v) __aie_inline {
      return larger(v, shuffle_lanes<per>(v, [](unsigned lane) { return lane ^ 4U; }));
    });
  }
  return map(x, [](auto v) __aie_inline {
    v = larger(v, shuffle_lanes<per>(v, [](unsigned lane) { return lane ^ 1U; }));
    return larger(v, shuffle_lanes<per>(v, [](unsigned lane) { return lane ^ 2U; }));
  });
}

/// Returns the maximum over the rows for each column of a matrix with 8 columns, in all lanes of
/// the column.
template <unsigned N>
__aie_inline inline Lanes<std::int32_t, N> maximum_of_columns(const Lanes<std::int32_t, N>& x) {
  constexpr unsigned per = Lanes<std::int32_t, N>::kPer;
  Lanes<std::int32_t, N> r = x;
  if constexpr (per == 4) {
    unroll<N / 8 - 1>([&](auto i) __aie_inline {
      r.c[0] = larger(r.c[0], x.c[2 * i + 2]);
      r.c[1] = larger(r.c[1], x.c[2 * i + 3]);
    });
    unroll<N / 4>([&](auto i) __aie_inline { r.c[i] = r.c[i % 2]; });
  } else {
    unroll<N / per - 1>([&](auto i) __aie_inline { r.c[0] = larger(r.c[0], x.c[i + 1]); });
    unroll<N / per>([&](auto i) __aie_inline { r.c[i] = r.c[0]; });
  }
  return r;
}

/// Rounds f32 values to values that block floating point can store. A block is a group of 8 lanes
/// or, with `by_columns`, a column of an 8 x 8 matrix. Blocks whose values are all below 2^-119
/// become zeros.
template <bool by_columns = false, unsigned N>
__aie_inline inline Lanes<float, N> quantise_bfp16(const Lanes<float, N>& x) {
  return with_rounding(x, [](auto mode, const auto& values) __aie_inline {
    constexpr rounding_mode kMode = decltype(mode)::value;
    const auto bits = reinterpret<std::int32_t>(values);
    const auto keys = map(bits, [](auto v) __aie_inline {
      return v < 0 ? v & 0x7fffffff : v + kExponentCarry<kMode>;
    });
    const auto largest = by_columns ? maximum_of_columns(keys) : maximum_of_8(keys);
    // The bits of a mantissa's unit as f32. The unit is 2^(e - 127 - 6) for a block with the
    // exponent field e, and 0 if e is at most 7.
    const auto unit_bits = map(largest, [](auto v) __aie_inline {
      const auto field = v & 0x7f800000;
      return field > (7 << 23) ? field - (6 << 23) : field ^ field;
    });
    return reinterpret<float>(map(bits, unit_bits, [](auto v, auto u) __aie_inline {
      using I = decltype(v);
      using F = Vec<float, sizeof(I) / 4>;
      const I inverse_bits = (254 << 23) - u;
      const F inverse = reinterpret_cast<F>(inverse_bits);
      const F unit = reinterpret_cast<F>(u);
      F q = reinterpret_cast<F>(v) * inverse;
      q = round_float<kMode>(q) * unit;
      return reinterpret_cast<I>(u == 0 ? reinterpret_cast<F>(u) : q);
    }));
  });
}

/// Returns the value of a mantissa's lowest bit in a block with the exponent byte `exponent`, or 0
/// if `exponent` is at most 6.
inline float unit_of_exponent(std::uint8_t exponent) {
  const std::uint32_t bits = exponent > 6 ? static_cast<std::uint32_t>(exponent - 6) << 23 : 0;
  return std::bit_cast<float>(bits);
}

/// Writes a block to `target`, as an exponent byte and 8 mantissas. The block's values are value(0)
/// to value(7), as returned by quantise_bfp16().
template <typename F>
__aie_inline inline void pack_block(F&& value, std::uint8_t* target) {
  std::uint32_t exponent = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint32_t field = std::bit_cast<std::uint32_t>(value(i)) >> 23 & 0xffU;
    exponent = field > exponent ? field : exponent;
  }
  // As an f32, a mantissa of -128 has an exponent that is one higher than its block needs.
  bool fits = exponent > 7;
  const float smaller = unit_of_exponent(static_cast<std::uint8_t>(exponent - 1));
  for (unsigned i = 0; i < 8 && fits; ++i) {
    const float mantissa = value(i) / smaller;
    fits = mantissa >= -128.0F && mantissa <= 127.0F;
  }
  const auto stored = static_cast<std::uint8_t>(fits ? exponent - 1 : exponent);
  const float unit = unit_of_exponent(stored);
  target[0] = stored;
  for (unsigned i = 0; i < 8; ++i) {
    const float mantissa = unit > 0 ? value(i) / unit : 0.0F;
    target[1 + i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(mantissa));
  }
}

}  // namespace aie::detail
