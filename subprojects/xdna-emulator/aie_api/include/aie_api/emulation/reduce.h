// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/compare.h"

/// This header defines sums, maxima and minima over a vector. Floats are added in silicon's order:
/// the upper half of the lanes is added to the lower half, repeatedly.

namespace aie {

namespace detail {

template <typename L, unsigned N, typename F>
__aie_inline inline L fold(const Lanes<L, N>& x, F f) {
  if constexpr (N == 1) {
    return x.get(0);
  } else {
    return fold(f(sub_lanes<N / 2, 0>(x), sub_lanes<N / 2, 1>(x)), f);
  }
}

}  // namespace detail

template <typename T, unsigned N>
__aie_inline inline T reduce_add(const vector<T, N>& v) {
  detail::count_vector_op(N * sizeof(T));
  const auto lanes = detail::compute_lanes(v);
  const auto sum = detail::fold(
      lanes, [](const auto& a, const auto& b) __aie_inline { return detail::add_lanes(a, b); });
  if constexpr (std::is_same_v<T, bfloat16>) {
    return detail::from_lane<T>(detail::round_to_bf16(detail::Lanes<float, 4>::fill(sum)).get(0));
  } else {
    return sum;
  }
}

template <typename T, unsigned N>
__aie_inline inline T reduce_max(const vector<T, N>& v) {
  detail::count_vector_op(N * sizeof(T));
  return static_cast<T>(
      detail::fold(detail::compute_lanes(v), [](const auto& a, const auto& b) __aie_inline {
        return detail::map(a, b, [](auto x, auto y) __aie_inline { return x > y ? x : y; });
      }));
}

template <typename T, unsigned N>
__aie_inline inline T reduce_min(const vector<T, N>& v) {
  detail::count_vector_op(N * sizeof(T));
  return static_cast<T>(
      detail::fold(detail::compute_lanes(v), [](const auto& a, const auto& b) __aie_inline {
        return detail::map(a, b, [](auto x, auto y) __aie_inline { return x < y ? x : y; });
      }));
}

/// Returns a vector whose element i is the sum of the lanes of argument i, counted from 0. The
/// other elements are 0.
template <typename T, unsigned N, typename... More>
__aie_inline inline vector<T, N> reduce_add_v(const vector<T, N>& first, const More&... more) {
  vector<T, N> r = zeros<T, N>();
  unsigned i = 0;
  r.set(reduce_add(first), i++);
  (r.set(reduce_add(more), i++), ...);
  return r;
}

}  // namespace aie
