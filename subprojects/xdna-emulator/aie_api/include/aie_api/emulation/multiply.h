// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/accum.h"

/// This header defines lane-by-lane products, which go into accumulators. bf16 products are exact
/// in f32. AIE has no f32 multiplier: silicon splits f32 operands into bf16 parts, and adds at most
/// nine products of these parts. The emulation rounds the product once to f32, which is at least as
/// accurate.

namespace aie {

namespace detail {

/// The tag `Tag` or, if `Tag` is accauto, the default tag for the operands' types.
template <typename Tag, typename A, typename B>
using accum_tag_or_default_t =
    std::conditional_t<std::is_same_v<Tag, accauto>, default_accum_tag_t<A, B>, Tag>;

/// Counts the multiplier's instructions for n lanes. One instruction covers 32 lanes of up to 16
/// bits, or 16 lanes of bf16 on AIE2. 32-bit operands need one instruction for each pair of 16-bit
/// halves. f32 operands need six conversions, which split them into three bf16 parts each, and nine
/// products of these parts.
template <typename A, typename B>
__aie_inline inline void count_products(std::uint64_t n) {
  constexpr bool floats = is_floating_v<A> || is_floating_v<B>;
  constexpr bool bf16 = std::is_same_v<A, bfloat16> && std::is_same_v<B, bfloat16>;
  constexpr std::uint64_t lanes = floats && !kAie2p ? 16 : 32;
  constexpr std::uint64_t passes = bf16     ? 1
                                   : floats ? 15
                                            : ((sizeof(A) + 1) / 2) * ((sizeof(B) + 1) / 2);
  npuwhisper_core_state.vector_ops += in_units_of(lanes, n) * passes;
}

/// Returns the products a * b in the lanes of the accumulator `Tag`.
template <typename Tag, typename A, typename B, unsigned N>
__aie_inline inline Lanes<AccumLaneT<Tag>, N> products(const vector<A, N>& a,
                                                       const vector<B, N>& b) {
  using L = AccumLaneT<Tag>;
  static_assert(std::is_same_v<L, float> == (is_floating_v<A> || is_floating_v<B>),
                "the accumulator's class does not fit the operands");
  count_products<A, B>(N);
  const auto multiply = [](auto x, auto y) __aie_inline { return x * y; };
  if constexpr (std::is_same_v<L, float>) {
    static_assert(is_floating_v<A> && is_floating_v<B>, "integers do not multiply floats");
    return map(compute_lanes(a), compute_lanes(b), multiply);
  } else {
    // Unsigned arithmetic wraps, and its low bits are equal to the low bits of the signed product.
    using U = std::make_unsigned_t<L>;
    return reinterpret<L>(map(reinterpret<U>(convert<L>(a.lanes())),
                              reinterpret<U>(convert<L>(b.lanes())), multiply));
  }
}

/// Returns a + b. Integer lanes wrap, as integer accumulators do.
template <typename L, unsigned N>
__aie_inline inline Lanes<L, N> add_lanes(const Lanes<L, N>& a, const Lanes<L, N>& b) {
  if constexpr (std::is_integral_v<L>) {
    using U = std::make_unsigned_t<L>;
    return reinterpret<L>(map(reinterpret<U>(a), reinterpret<U>(b),
                              [](auto x, auto y) __aie_inline { return x + y; }));
  } else {
    return map(a, b, [](auto x, auto y) __aie_inline { return x + y; });
  }
}
template <typename L, unsigned N>
__aie_inline inline Lanes<L, N> sub_lanes_of(const Lanes<L, N>& a, const Lanes<L, N>& b) {
  if constexpr (std::is_integral_v<L>) {
    using U = std::make_unsigned_t<L>;
    return reinterpret<L>(map(reinterpret<U>(a), reinterpret<U>(b),
                              [](auto x, auto y) __aie_inline { return x - y; }));
  } else {
    return map(a, b, [](auto x, auto y) __aie_inline { return x - y; });
  }
}

/// Returns a vector that has the scalar operand in all lanes. A reference to a vector's element is
/// replaced by the element's value.
template <unsigned N, typename E>
__aie_inline inline auto spread_scalar(const E& e) {
  if constexpr (requires { e.get(); }) {
    return spread_scalar<N>(e.get());
  } else {
    return vector<E, N>(Lanes<LaneT<E>, N>::fill(to_lane(e)));
  }
}

template <typename E>
concept ScalarOperand =
    !is_vector<std::remove_cvref_t<E>>::value && !is_accum<std::remove_cvref_t<E>>::value &&
    (std::is_arithmetic_v<E> || std::is_same_v<E, bfloat16> || requires(const E& e) { e.get(); });

}  // namespace detail

template <typename Tag = accauto, typename A, typename B, unsigned N>
__aie_inline inline auto mul(const vector<A, N>& a, const vector<B, N>& b) {
  using T = detail::accum_tag_or_default_t<Tag, A, B>;
  return accum<T, N>(detail::products<T>(a, b));
}
template <typename Tag = accauto, typename A, unsigned N, detail::ScalarOperand E>
__aie_inline inline auto mul(const vector<A, N>& a, const E& b) {
  return mul<Tag>(a, detail::spread_scalar<N>(b));
}
template <typename Tag = accauto, typename B, unsigned N, detail::ScalarOperand E>
__aie_inline inline auto mul(const E& a, const vector<B, N>& b) {
  return mul<Tag>(detail::spread_scalar<N>(a), b);
}

template <typename Tag, typename A, typename B, unsigned N>
__aie_inline inline accum<Tag, N> mac(const accum<Tag, N>& acc, const vector<A, N>& a,
                                      const vector<B, N>& b) {
  return accum<Tag, N>(detail::add_lanes(acc.lanes(), detail::products<Tag>(a, b)));
}
template <typename Tag, typename A, unsigned N, detail::ScalarOperand E>
__aie_inline inline accum<Tag, N> mac(const accum<Tag, N>& acc, const vector<A, N>& a, const E& b) {
  return mac(acc, a, detail::spread_scalar<N>(b));
}
template <typename Tag, typename B, unsigned N, detail::ScalarOperand E>
__aie_inline inline accum<Tag, N> mac(const accum<Tag, N>& acc, const E& a, const vector<B, N>& b) {
  return mac(acc, detail::spread_scalar<N>(a), b);
}

template <typename Tag, typename A, typename B, unsigned N>
__aie_inline inline accum<Tag, N> msc(const accum<Tag, N>& acc, const vector<A, N>& a,
                                      const vector<B, N>& b) {
  return accum<Tag, N>(detail::sub_lanes_of(acc.lanes(), detail::products<Tag>(a, b)));
}
template <typename Tag, typename A, unsigned N, detail::ScalarOperand E>
__aie_inline inline accum<Tag, N> msc(const accum<Tag, N>& acc, const vector<A, N>& a, const E& b) {
  return msc(acc, a, detail::spread_scalar<N>(b));
}
template <typename Tag, typename B, unsigned N, detail::ScalarOperand E>
__aie_inline inline accum<Tag, N> msc(const accum<Tag, N>& acc, const E& a, const vector<B, N>& b) {
  return msc(acc, detail::spread_scalar<N>(a), b);
}

template <typename Tag = accauto, typename A, typename B>
__aie_inline inline auto negmul(const A& a, const B& b) {
  const auto product = mul<Tag>(a, b);
  using Acc = std::remove_cvref_t<decltype(product)>;
  return Acc(detail::sub_lanes_of(Acc::lanes_type::fill({}), product.lanes()));
}

template <typename Tag = accauto, typename A, unsigned N>
__aie_inline inline auto mul_square(const vector<A, N>& a) {
  return mul<Tag>(a, a);
}
template <typename Tag, typename A, unsigned N>
__aie_inline inline accum<Tag, N> mac_square(const accum<Tag, N>& acc, const vector<A, N>& a) {
  return mac(acc, a, a);
}
template <typename Tag, typename A, unsigned N>
__aie_inline inline accum<Tag, N> msc_square(const accum<Tag, N>& acc, const vector<A, N>& a) {
  return msc(acc, a, a);
}

}  // namespace aie
