// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/arithmetic.h"
#include "aie_api/emulation/mask.h"

/// This header defines comparisons, which return masks, and select(), which takes a mask.

namespace aie {

namespace detail {

template <typename T, unsigned N, typename F>
__aie_inline inline mask<N> compare(const vector<T, N>& a, const vector<T, N>& b, F f) {
  count_vector_op(N * sizeof(T));
  const auto x = compute_lanes(a);
  const auto y = compute_lanes(b);
  mask<N> r;
  for (unsigned i = 0; i < N; ++i) {
    if (f(x.get(i), y.get(i))) r.set(i);
  }
  return r;
}

/// Returns lanes that have all bits set where the mask is set, and are 0 elsewhere.
template <typename I, unsigned N>
__aie_inline inline Lanes<I, N> expand(const mask<N>& m) {
  return make_lanes<I, N>([&](unsigned i)
                              __aie_inline { return m.test(i) ? static_cast<I>(-1) : I{0}; });
}

}  // namespace detail

#define NPUWHISPER_COMPARISON(name, op)                                               \
  template <typename T, unsigned N>                                                   \
  __aie_inline inline mask<N> name(const vector<T, N>& a, const vector<T, N>& b) {    \
    return detail::compare(a, b, [](auto x, auto y) __aie_inline { return x op y; }); \
  }                                                                                   \
  template <typename T, unsigned N, detail::ScalarOperand E>                          \
  __aie_inline inline mask<N> name(const vector<T, N>& a, const E& b) {               \
    return name(a, broadcast<T, N>(b));                                               \
  }                                                                                   \
  template <typename T, unsigned N, detail::ScalarOperand E>                          \
  __aie_inline inline mask<N> name(const E& a, const vector<T, N>& b) {               \
    return name(broadcast<T, N>(a), b);                                               \
  }
NPUWHISPER_COMPARISON(lt, <)
NPUWHISPER_COMPARISON(le, <=)
NPUWHISPER_COMPARISON(gt, >)
NPUWHISPER_COMPARISON(ge, >=)
NPUWHISPER_COMPARISON(eq, ==)
NPUWHISPER_COMPARISON(neq, !=)
#undef NPUWHISPER_COMPARISON

template <typename T, unsigned N>
__aie_inline inline bool equal(const vector<T, N>& a, const vector<T, N>& b) {
  return eq(a, b).full();
}
template <typename T, unsigned N>
__aie_inline inline bool not_equal(const vector<T, N>& a, const vector<T, N>& b) {
  return !equal(a, b);
}

/// Returns the elements of b where the mask is set, and the elements of a elsewhere.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> select(const vector<T, N>& a, const vector<T, N>& b,
                                        const mask<N>& m) {
  detail::count_vector_op(N * sizeof(T));
  using I = std::conditional_t<
      sizeof(T) == 1, std::int8_t,
      std::conditional_t<sizeof(T) == 2, std::int16_t,
                         std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>>>;
  const auto x = detail::reinterpret<I>(a.lanes());
  const auto y = detail::reinterpret<I>(b.lanes());
  const auto r = detail::map(x, y, detail::expand<I>(m), [](auto u, auto v, auto w) __aie_inline {
    return (u & ~w) | (v & w);
  });
  return vector<T, N>(detail::reinterpret<detail::LaneT<T>>(r));
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> select(const E& a, const vector<T, N>& b, const mask<N>& m) {
  return select(broadcast<T, N>(a), b, m);
}
template <typename T, unsigned N, detail::ScalarOperand E>
__aie_inline inline vector<T, N> select(const vector<T, N>& a, const E& b, const mask<N>& m) {
  return select(a, broadcast<T, N>(b), m);
}

/// Returns a vector that has the value b where the mask is set, and a elsewhere. Both scalars must
/// have the same type.
template <unsigned N, detail::ScalarOperand A, detail::ScalarOperand B>
__aie_inline inline auto select(const A& a, const B& b, const mask<N>& m) {
  return select(detail::spread_scalar<N>(a), detail::spread_scalar<N>(b), m);
}

/// Returns the larger elements, and a mask that is set where a < b.
template <typename T, unsigned N>
__aie_inline inline std::pair<vector<T, N>, mask<N>> max_cmp(const vector<T, N>& a,
                                                             const vector<T, N>& b) {
  return {max(a, b), lt(a, b)};
}
template <typename T, unsigned N>
__aie_inline inline std::pair<vector<T, N>, mask<N>> min_cmp(const vector<T, N>& a,
                                                             const vector<T, N>& b) {
  return {min(a, b), ge(a, b)};
}

/// Returns max(a - b, 0).
template <typename T, unsigned N>
__aie_inline inline vector<T, N> maxdiff(const vector<T, N>& a, const vector<T, N>& b) {
  return select(zeros<T, N>(), sub(a, b), gt(a, b));
}

}  // namespace aie
