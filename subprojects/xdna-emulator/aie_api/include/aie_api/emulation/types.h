// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "aie_api/emulation/core.h"

/// This header defines element types, accumulator tags and modes, under the names that kernels use.

using int8 = std::int8_t;
using uint8 = std::uint8_t;
using int16 = std::int16_t;
using uint16 = std::uint16_t;
using int32 = std::int32_t;
using uint32 = std::uint32_t;
using int64 = std::int64_t;
using uint64 = std::uint64_t;

/// A scalar bfloat16 that converts like the type of the Peano compiler. The conversion to float is
/// exact. The conversion from float rounds to nearest even, because scalar code ignores the vector
/// unit's rounding mode.
class bfloat16 {
 public:
  bfloat16() = default;
  constexpr bfloat16(float value) {  // NOLINT: implicit, as the compiler's own type is
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffU) > 0x7f800000U) {
      bits_ = static_cast<std::uint16_t>(bits >> 16 | 0x40U);
    } else {
      bits_ = static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
    }
  }
  constexpr bfloat16(double value) : bfloat16(static_cast<float>(value)) {}
  template <std::integral T>
  constexpr bfloat16(T value) : bfloat16(static_cast<float>(value)) {}

  constexpr operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits_) << 16);
  }

  static constexpr bfloat16 from_bits(std::uint16_t bits) {
    bfloat16 r;
    r.bits_ = bits;
    return r;
  }
  constexpr std::uint16_t bits() const { return bits_; }

  constexpr bfloat16& operator+=(float v) { return *this = bfloat16(float(*this) + v); }
  constexpr bfloat16& operator-=(float v) { return *this = bfloat16(float(*this) - v); }
  constexpr bfloat16& operator*=(float v) { return *this = bfloat16(float(*this) * v); }
  constexpr bfloat16& operator/=(float v) { return *this = bfloat16(float(*this) / v); }

 private:
  std::uint16_t bits_;
};
static_assert(sizeof(bfloat16) == 2 && std::is_trivially_copyable_v<bfloat16>);

/// Block floating point: 8 elements of 8 bits share an exponent (AIE2P).
struct bfp16ebs8 {};

// Accumulator tags. The number in a tag's name is the minimum number of bits that a kernel
// requests.
struct acc16 {};
struct acc24 {};
struct acc32 {};
struct acc40 {};
struct acc48 {};
struct acc56 {};
struct acc64 {};
struct acc72 {};
struct acc80 {};
struct accfloat {};
struct accauto {};

namespace aie {

/// The rounding modes, with their values in the control register (AIE2 and AIE2P).
enum class rounding_mode : unsigned {
  floor = 0,
  ceil = 1,
  symmetric_floor = 2,
  symmetric_ceil = 3,
  negative_inf = 8,
  positive_inf = 9,
  symmetric_zero = 10,
  symmetric_inf = 11,
  conv_even = 12,
  conv_odd = 13,
};

enum class saturation_mode : unsigned { none = 0, truncate = 1, saturate = 1, symmetric = 3 };

/// Hints that name the memory bank of an access. They affect the time on silicon, never the values.
enum class aie_dm_resource { none, a, b, c, d, ab, ac, ad, bc, bd, cd, stack };

namespace detail {

template <typename T, typename... Ts>
inline constexpr bool is_one_of_v = (std::is_same_v<T, Ts> || ...);

template <typename T>
inline constexpr bool is_block_type_v = std::is_same_v<T, bfp16ebs8>;

template <typename T>
inline constexpr bool is_element_v =
    is_one_of_v<T, int8, uint8, int16, uint16, int32, uint32, int64, uint64, bfloat16, float>;

template <typename T>
inline constexpr bool is_accum_tag_v =
    is_one_of_v<T, acc16, acc24, acc32, acc40, acc48, acc56, acc64, accfloat>;

template <typename T>
inline constexpr bool is_floating_v = is_one_of_v<T, float, bfloat16>;

/// Type of a lane of T in the host's registers.
template <typename T>
struct LaneOf {
  using type = T;
};
template <>
struct LaneOf<bfloat16> {
  using type = std::uint16_t;
};
template <typename T>
using LaneT = typename LaneOf<T>::type;

template <typename T>
__aie_inline constexpr LaneT<T> to_lane(T value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return value.bits();
  } else {
    return value;
  }
}

template <typename T>
__aie_inline constexpr T from_lane(LaneT<T> lane) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return bfloat16::from_bits(lane);
  } else {
    return lane;
  }
}

/// Type of an accumulator lane. On AIE2 and AIE2P, acc16..acc32 are 32-bit accumulators, and
/// acc40..acc64 are 64-bit accumulators.
template <typename Tag>
struct AccumLaneOf {
  static_assert(is_accum_tag_v<Tag>, "not an accumulator tag of AIE2 or AIE2P");
  using type = std::conditional_t<
      std::is_same_v<Tag, accfloat>, float,
      std::conditional_t<is_one_of_v<Tag, acc16, acc24, acc32>, std::int32_t, std::int64_t>>;
};
template <typename Tag>
using AccumLaneT = typename AccumLaneOf<Tag>::type;

template <typename T>
inline constexpr unsigned type_bits_v = sizeof(T) * 8;

template <typename A, typename B>
struct DefaultAccumTag {
  static constexpr unsigned kBits = type_bits_v<A> + type_bits_v<B>;
  using type = std::conditional_t<is_floating_v<A> || is_floating_v<B>, accfloat,
                                  std::conditional_t<(kBits <= 32), acc32, acc64>>;
};
template <typename A, typename B>
using default_accum_tag_t = typename DefaultAccumTag<A, B>::type;

/// Alignment of an aligned access of Elems elements, in bytes.
template <typename T, unsigned Elems>
inline constexpr unsigned ldst_align_v = sizeof(T) * Elems == 16
                                             ? 16
                                             : (sizeof(T) * Elems == 32 || !kAie2p ? 32 : 64);

template <typename T>
inline constexpr unsigned native_length_v = 64 / sizeof(T);

}  // namespace detail

inline constexpr unsigned vector_decl_align = detail::kAie2p ? 64 : 32;

template <typename T, unsigned Elems>
inline constexpr unsigned vector_ldst_align_v = detail::ldst_align_v<T, Elems>;

template <typename T>
inline constexpr unsigned native_vector_length_v = detail::native_length_v<T>;

}  // namespace aie
