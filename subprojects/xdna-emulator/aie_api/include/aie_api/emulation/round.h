// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <limits>

#include "aie_api/emulation/simd.h"
#include "aie_api/emulation/types.h"

/// This header defines shifts, rounding and saturation of values that leave an accumulator. Integer
/// results are bit-exact (sources: AM020, the descriptions of the modes in aie_api). For floats,
/// the magnitude is rounded. Therefore, `floor` rounds towards zero, as Phoenix does after a reset
/// (in a measurement, 94 % of conversions rounded towards zero). The modes positive_inf and
/// negative_inf round to nearest, and ties towards the infinity in their name.

namespace aie::detail {

__aie_inline inline rounding_mode current_rounding() {
  return static_cast<rounding_mode>(npuwhisper_core_state.rounding);
}
__aie_inline inline saturation_mode current_saturation() {
  return static_cast<saturation_mode>(npuwhisper_core_state.saturation);
}

/// Calls f(std::integral_constant<rounding_mode, mode>, data) for the current mode. with_rounding()
/// calls this function for all modes except conv_even, which is the mode of the project's kernels.
/// The function is not inlined, so that the code of its ten variants is not repeated at every place
/// that rounds.
template <typename Data, typename F>
[[gnu::noinline, gnu::cold, gnu::no_sanitize("kernel-address")]] auto with_any_rounding(
    const Data& data, F f) {
  using enum rounding_mode;
  switch (current_rounding()) {
    case conv_even:
      return f(std::integral_constant<rounding_mode, conv_even>{}, data);
    case floor:
      return f(std::integral_constant<rounding_mode, floor>{}, data);
    case ceil:
      return f(std::integral_constant<rounding_mode, ceil>{}, data);
    case symmetric_floor:
      return f(std::integral_constant<rounding_mode, symmetric_floor>{}, data);
    case symmetric_ceil:
      return f(std::integral_constant<rounding_mode, symmetric_ceil>{}, data);
    case negative_inf:
      return f(std::integral_constant<rounding_mode, negative_inf>{}, data);
    case positive_inf:
      return f(std::integral_constant<rounding_mode, positive_inf>{}, data);
    case symmetric_zero:
      return f(std::integral_constant<rounding_mode, symmetric_zero>{}, data);
    case symmetric_inf:
      return f(std::integral_constant<rounding_mode, symmetric_inf>{}, data);
    case conv_odd:
      return f(std::integral_constant<rounding_mode, conv_odd>{}, data);
  }
  npuwhisper_trap("the rounding mode register has an invalid value");
}

/// Calls f(mode, data) for the current mode. The mode is selected once per vector.
template <typename Data, typename F>
__aie_inline inline auto with_rounding(const Data& data, F f) {
  using enum rounding_mode;
  if (current_rounding() == conv_even) [[likely]] {
    return f(std::integral_constant<rounding_mode, conv_even>{}, data);
  }
  const Data copy = data;  // Only the copy's address escapes; data stays in registers.
  return with_any_rounding(copy, f);
}

/// Returns x / 2^shift, rounded in the mode `Mode`. `shift` is at least 1 and less than the lane's
/// width in bits.
template <rounding_mode Mode, typename V>
__aie_inline inline V shift_down(V x, int shift) {
  using enum rounding_mode;
  const V q = x >> shift;
  const V rest = x - (q << shift);
  const V half = ((x ^ x) + 1) << (shift - 1);
  // A true comparison is all ones (-1): subtracting it adds 1.
  if constexpr (Mode == floor) {
    return q;
  } else if constexpr (Mode == ceil) {
    return q - (rest != 0);
  } else if constexpr (Mode == symmetric_floor) {
    return q - ((rest != 0) & (x < 0));
  } else if constexpr (Mode == symmetric_ceil) {
    return q - ((rest != 0) & (x >= 0));
  } else if constexpr (Mode == positive_inf) {
    return q - (rest >= half);
  } else if constexpr (Mode == negative_inf) {
    return q - (rest > half);
  } else if constexpr (Mode == symmetric_inf) {
    return q - ((rest > half) | ((rest == half) & (x >= 0)));
  } else if constexpr (Mode == symmetric_zero) {
    return q - ((rest > half) | ((rest == half) & (x < 0)));
  } else if constexpr (Mode == conv_even) {
    return q - ((rest > half) | ((rest == half) & ((q & 1) != 0)));
  } else {
    return q - ((rest > half) | ((rest == half) & ((q & 1) == 0)));
  }
}

/// Clamps lanes of a wider integer to T's range, according to the saturation mode.
template <typename T, typename L, unsigned N>
__aie_inline inline Lanes<L, N> saturate(const Lanes<L, N>& x) {
  const saturation_mode mode = current_saturation();
  if (mode == saturation_mode::none || sizeof(T) >= sizeof(L)) {
    return x;
  }
  const L high = static_cast<L>(std::numeric_limits<T>::max());
  const L low = mode == saturation_mode::symmetric && std::is_signed_v<T>
                    ? static_cast<L>(-high)
                    : static_cast<L>(std::numeric_limits<T>::min());
  return map(x, [&](auto v) __aie_inline {
    const auto h = (v ^ v) | high;
    const auto l = (v ^ v) | low;
    v = v > h ? h : v;
    return v < l ? l : v;
  });
}

/// Converts accumulator lanes to T: shifts (up if `shift` is negative), rounds, and saturates or
/// wraps.
template <typename T, typename L, unsigned N>
__aie_inline inline Lanes<T, N> shift_round_saturate(const Lanes<L, N>& acc, int shift) {
  if constexpr (sizeof(L) == 4) {
    if (shift < 0 || shift > 31 || sizeof(T) >= 4) {
      return shift_round_saturate<T>(convert<std::int64_t>(acc), shift);
    }
  }
  if (shift < -63 || shift > 63) {
    npuwhisper_trap("an accumulator's shift is outside -63 .. 63");
  }
  Lanes<L, N> q = acc;
  if (shift > 0) {
    q = with_rounding(acc, [shift](auto mode, const auto& lanes) __aie_inline {
      return map(lanes,
                 [&](auto v) __aie_inline { return shift_down<decltype(mode)::value>(v, shift); });
    });
  } else if (shift < 0) {
    q = map(acc, [&](auto v) __aie_inline { return v << -shift; });
  }
  return convert<T>(saturate<T>(q));
}

/// Converts float bits to bf16 bits.
template <rounding_mode Mode, typename U>
__aie_inline inline U float_bits_to_bf16(U bits) {
  using enum rounding_mode;
  const U sign = bits & 0x80000000U;
  const U magnitude = bits & 0x7fffffffU;
  const U odd = magnitude >> 16 & 1U;
  const U is_negative = sign >> 31;
  U rounded = magnitude;
  if constexpr (Mode == conv_even) {
    rounded = magnitude + 0x7fffU + odd;
  } else if constexpr (Mode == conv_odd) {
    rounded = magnitude + 0x8000U - odd;
  } else if constexpr (Mode == symmetric_inf) {
    rounded = magnitude + 0x8000U;
  } else if constexpr (Mode == symmetric_zero) {
    rounded = magnitude + 0x7fffU;
  } else if constexpr (Mode == positive_inf) {
    rounded = magnitude + 0x8000U - is_negative;
  } else if constexpr (Mode == negative_inf) {
    rounded = magnitude + 0x7fffU + is_negative;
  } else if constexpr (Mode == ceil || Mode == symmetric_ceil) {
    rounded = magnitude + 0xffffU;
  }
  // Infinity is unchanged, and a NaN becomes a quiet NaN.
  const U special = magnitude > 0x7f800000U ? magnitude | 0x400000U : magnitude;
  rounded = magnitude >= 0x7f800000U ? special : rounded;
  return (rounded | sign) >> 16;
}

/// Converts f32 lanes to bf16 in the current rounding mode.
template <unsigned N>
__aie_inline inline Lanes<std::uint16_t, N> round_to_bf16(const Lanes<float, N>& x) {
  return with_rounding(x, [](auto mode, const auto& lanes) __aie_inline {
    return convert<std::uint16_t>(map(reinterpret<std::uint32_t>(lanes), [](auto v) __aie_inline {
      return float_bits_to_bf16<decltype(mode)::value>(v);
    }));
  });
}

/// Converts bf16 lanes to f32, which is exact.
template <unsigned N>
__aie_inline inline Lanes<float, N> bf16_to_float(const Lanes<std::uint16_t, N>& x) {
  return reinterpret<float>(
      map(convert<std::uint32_t>(x), [](auto v) __aie_inline { return v << 16; }));
}

}  // namespace aie::detail
