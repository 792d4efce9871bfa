// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/multiply.h"

/// This header defines functions that work lane by lane: constants, sums, differences, maxima,
/// minima, logic and shifts. Integer sums wrap; bf16 sums are computed in f32 and rounded in the
/// current mode.

namespace aie {

template <typename T, unsigned N = native_vector_length_v<T>>
requires(detail::is_element_v<T>) __aie_inline inline vector<T, N> zeros() {
  return vector<T, N>(detail::Lanes<detail::LaneT<T>, N>::fill({}));
}
template <typename Tag, unsigned N>
requires(detail::is_accum_tag_v<Tag>) __aie_inline inline accum<Tag, N> zeros() {
  return accum<Tag, N>(detail::Lanes<detail::AccumLaneT<Tag>, N>::fill({}));
}

template <typename T, unsigned N = native_vector_length_v<T>, detail::ScalarOperand E>
__aie_inline inline vector<T, N> broadcast(const E& value) {
  detail::count_vector_op(N * sizeof(T));
  return vector<T, N>(
      detail::Lanes<detail::LaneT<T>, N>::fill(detail::to_lane(static_cast<T>(value))));
}

template <typename T, unsigned N, typename... More>
requires((std::is_same_v<More, vector<T, N>> && ...)) __aie_inline
    inline auto concat(const vector<T, N>& first, const More&... more) {
  vector<T, N*(1 + sizeof...(More))> r;
  unsigned i = 0;
  r.insert(i++, first);
  (r.insert(i++, more), ...);
  return r;
}
template <typename Tag, unsigned N, typename... More>
requires((std::is_same_v<More, accum<Tag, N>> && ...)) __aie_inline
    inline auto concat(const accum<Tag, N>& first, const More&... more) {
  accum<Tag, N*(1 + sizeof...(More))> r;
  unsigned i = 0;
  r.insert(i++, first);
  (r.insert(i++, more), ...);
  return r;
}

namespace detail {

template <typename T, unsigned N, typename F>
__aie_inline inline vector<T, N> by_lane(const vector<T, N>& a, const vector<T, N>& b, F f) {
  count_vector_op(N * sizeof(T));
  return from_compute_lanes<T>(f(compute_lanes(a), compute_lanes(b)));
}

/// Returns the larger lane of each pair, or the smaller lane if `larger` is false. bf16 and f32
/// lanes compare as numbers.
template <bool larger, typename T, unsigned N>
__aie_inline inline vector<T, N> extreme(const vector<T, N>& a, const vector<T, N>& b) {
  count_vector_op(N * sizeof(T));
  const auto choose = [](auto x, auto y)
                          __aie_inline { return larger ? (x > y ? x : y) : (x < y ? x : y); };
  if constexpr (std::is_same_v<T, bfloat16>) {
    // The conversion to bf16 is exact, because each result is one of the operands.
    const auto wide = map(compute_lanes(a), compute_lanes(b), choose);
    return vector<T, N>(convert<std::uint16_t>(
        map(reinterpret<std::uint32_t>(wide), [](auto v) __aie_inline { return v >> 16; })));
  } else {
    return vector<T, N>(map(a.lanes(), b.lanes(), choose));
  }
}

}  // namespace detail

template <typename T, unsigned N>
__aie_inline inline vector<T, N> add(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::by_lane(
      a, b, [](const auto& x, const auto& y) __aie_inline { return detail::add_lanes(x, y); });
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> add(const vector<T, N>& a, const E& b) {
  return add(a, broadcast<T, N>(b));
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> add(const E& a, const vector<T, N>& b) {
  return add(broadcast<T, N>(a), b);
}
template <typename Tag, unsigned N>
__aie_inline inline accum<Tag, N> add(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  detail::count_vector_op(N * sizeof(detail::AccumLaneT<Tag>));
  return accum<Tag, N>(detail::add_lanes(a.lanes(), b.lanes()));
}
template <typename Tag, typename T, unsigned N>
__aie_inline inline accum<Tag, N> add(const accum<Tag, N>& a, const vector<T, N>& b) {
  return add(a, accum<Tag, N>(b));
}
template <typename Tag, unsigned N, detail::ScalarOperand E>
__aie_inline inline accum<Tag, N> add(const accum<Tag, N>& a, const E& b) {
  return add(a, accum<Tag, N>(detail::spread_scalar<N>(b)));
}

template <typename T, unsigned N>
__aie_inline inline vector<T, N> sub(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::by_lane(
      a, b, [](const auto& x, const auto& y) __aie_inline { return detail::sub_lanes_of(x, y); });
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> sub(const vector<T, N>& a, const E& b) {
  return sub(a, broadcast<T, N>(b));
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> sub(const E& a, const vector<T, N>& b) {
  return sub(broadcast<T, N>(a), b);
}
template <typename Tag, unsigned N>
__aie_inline inline accum<Tag, N> sub(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  detail::count_vector_op(N * sizeof(detail::AccumLaneT<Tag>));
  return accum<Tag, N>(detail::sub_lanes_of(a.lanes(), b.lanes()));
}
template <typename Tag, typename T, unsigned N>
__aie_inline inline accum<Tag, N> sub(const accum<Tag, N>& a, const vector<T, N>& b) {
  return sub(a, accum<Tag, N>(b));
}
template <typename Tag, unsigned N, detail::ScalarOperand E>
__aie_inline inline accum<Tag, N> sub(const accum<Tag, N>& a, const E& b) {
  return sub(a, accum<Tag, N>(detail::spread_scalar<N>(b)));
}

template <typename T, unsigned N>
__aie_inline inline vector<T, N> max(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::extreme<true>(a, b);
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> max(const vector<T, N>& a, const E& b) {
  return max(a, broadcast<T, N>(b));
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> max(const E& a, const vector<T, N>& b) {
  return max(broadcast<T, N>(a), b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> min(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::extreme<false>(a, b);
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> min(const vector<T, N>& a, const E& b) {
  return min(a, broadcast<T, N>(b));
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> min(const E& a, const vector<T, N>& b) {
  return min(broadcast<T, N>(a), b);
}

template <typename T, unsigned N>
__aie_inline inline vector<T, N> neg(const vector<T, N>& a) {
  if constexpr (detail::is_floating_v<T>) {
    constexpr auto sign = static_cast<std::uint32_t>(1U << (sizeof(T) * 8 - 1));
    using U = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
    detail::count_vector_op(N * sizeof(T));
    return vector<U, N>(detail::map(detail::reinterpret<U>(a.lanes()),
                                    [](auto x) __aie_inline { return x ^ static_cast<U>(sign); }))
        .template cast_to<T>();
  } else {
    return sub(zeros<T, N>(), a);
  }
}
template <typename Tag, unsigned N>
__aie_inline inline accum<Tag, N> neg(const accum<Tag, N>& a) {
  return sub(zeros<Tag, N>(), a);
}

/// Returns absolute values. The lowest integer is unchanged, as in hardware without saturation.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> abs(const vector<T, N>& a) {
  if constexpr (detail::is_floating_v<T>) {
    using U = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
    constexpr auto magnitude = static_cast<U>((1ULL << (sizeof(T) * 8 - 1)) - 1);
    detail::count_vector_op(N * sizeof(T));
    return vector<U, N>(detail::map(detail::reinterpret<U>(a.lanes()),
                                    [](auto x) __aie_inline { return x & magnitude; }))
        .template cast_to<T>();
  } else {
    return max(a, neg(a));
  }
}

namespace detail {
template <typename T, unsigned N, typename F>
__aie_inline inline vector<T, N> bitwise(const vector<T, N>& a, const vector<T, N>& b, F f) {
  count_vector_op(N * sizeof(T));
  return vector<T, N>(map(a.lanes(), b.lanes(), f));
}
}  // namespace detail

template <typename T, unsigned N>
__aie_inline inline vector<T, N> bit_and(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::bitwise(a, b, [](auto x, auto y) __aie_inline { return x & y; });
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> bit_and(const E& a, const vector<T, N>& b) {
  return bit_and(broadcast<T, N>(a), b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> bit_or(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::bitwise(a, b, [](auto x, auto y) __aie_inline { return x | y; });
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> bit_or(const E& a, const vector<T, N>& b) {
  return bit_or(broadcast<T, N>(a), b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> bit_xor(const vector<T, N>& a, const vector<T, N>& b) {
  return detail::bitwise(a, b, [](auto x, auto y) __aie_inline { return x ^ y; });
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> bit_xor(const E& a, const vector<T, N>& b) {
  return bit_xor(broadcast<T, N>(a), b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> bit_not(const vector<T, N>& a) {
  return detail::bitwise(a, a, [](auto x, auto) __aie_inline { return ~x; });
}

/// Shifts elements up; the bits shifted out are lost.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> upshift(const vector<T, N>& a, unsigned shift) {
  using U = std::make_unsigned_t<T>;
  detail::count_vector_op(N * sizeof(T));
  return vector<T, N>(detail::reinterpret<T>(
      detail::map(detail::reinterpret<U>(a.lanes()), [&](auto x) __aie_inline {
        return shift < sizeof(T) * 8 ? x << static_cast<int>(shift) : x ^ x;
      })));
}
/// Shifts elements down arithmetically: copies of the sign bit fill the upper bits, and the result
/// is not rounded.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> downshift(const vector<T, N>& a, unsigned shift) {
  detail::count_vector_op(N * sizeof(T));
  const int bits = static_cast<int>(shift < sizeof(T) * 8 ? shift : sizeof(T) * 8 - 1);
  return vector<T, N>(detail::map(a.lanes(), [&](auto x) __aie_inline { return x >> bits; }));
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> logical_downshift(const vector<T, N>& a, unsigned shift) {
  using U = std::make_unsigned_t<T>;
  detail::count_vector_op(N * sizeof(T));
  return vector<T, N>(detail::reinterpret<T>(
      detail::map(detail::reinterpret<U>(a.lanes()), [&](auto x) __aie_inline {
        return shift < sizeof(T) * 8 ? x >> static_cast<int>(shift) : x ^ x;
      })));
}

/// Returns integer sums, saturated to the type's range unless the saturation mode is none.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> saturating_add(const vector<T, N>& a, const vector<T, N>& b) {
  accum<acc64, N> sum(a);
  sum = add(sum, accum<acc64, N>(b));
  return sum.template to_vector<T>();
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> saturating_sub(const vector<T, N>& a, const vector<T, N>& b) {
  accum<acc64, N> difference(a);
  difference = sub(difference, accum<acc64, N>(b));
  return difference.template to_vector<T>();
}

}  // namespace aie
