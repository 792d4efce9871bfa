// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/arithmetic.h"

/// This header defines permutations of elements within and between vectors. They do not change the
/// values of the elements.

namespace aie {

namespace detail {

/// Returns a vector whose element i is source(i).
template <typename T, unsigned N, typename F>
__aie_inline inline vector<T, N> gather(F source) {
  count_vector_op(N * sizeof(T));
  return vector<T, N>(make_lanes<LaneT<T>, N>(source));
}

}  // namespace detail

/// Returns a vector whose element i is element i + n of `v`. aie_api's documentation leaves the top
/// `n` elements undefined, so kernels must not rely on these elements. Silicon shifts in zeros or
/// garbage. In the emulation, these elements have the pattern of a vector that was never written.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_down(const vector<T, N>& v, unsigned n) {
  return detail::gather<T, N>([&](unsigned i) __aie_inline {
    return i + n < N ? v.lanes().get(i + n) : vector<T, N>().lanes().get(0);
  });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_down_rotate(const vector<T, N>& v, unsigned n) {
  return detail::gather<T, N>([&](unsigned i) __aie_inline { return v.lanes().get((i + n) % N); });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_down_replicate(const vector<T, N>& v, unsigned n) {
  return detail::gather<T, N>(
      [&](unsigned i) __aie_inline { return v.lanes().get(i + n < N ? i + n : N - 1); });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_down_fill(const vector<T, N>& v, const vector<T, N>& fill,
                                                   unsigned n) {
  return detail::gather<T, N>([&](unsigned i) __aie_inline {
    return i + n < N ? v.lanes().get(i + n) : fill.lanes().get(i + n - N);
  });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_up(const vector<T, N>& v, unsigned n) {
  return detail::gather<T, N>([&](unsigned i) __aie_inline {
    return i >= n ? v.lanes().get(i - n) : vector<T, N>().lanes().get(0);
  });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_up_rotate(const vector<T, N>& v, unsigned n) {
  return detail::gather<T, N>([&](unsigned i)
                                  __aie_inline { return v.lanes().get((i + N - n % N) % N); });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_up_replicate(const vector<T, N>& v, unsigned n) {
  return detail::gather<T, N>([&](unsigned i)
                                  __aie_inline { return v.lanes().get(i >= n ? i - n : 0); });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> shuffle_up_fill(const vector<T, N>& v, const vector<T, N>& fill,
                                                 unsigned n) {
  return detail::gather<T, N>([&](unsigned i) __aie_inline {
    return i >= n ? v.lanes().get(i - n) : fill.lanes().get(N - n + i);
  });
}

template <typename T, unsigned N>
__aie_inline inline vector<T, N> reverse(const vector<T, N>& v) {
  return detail::gather<T, N>([&](unsigned i) __aie_inline { return v.lanes().get(N - 1 - i); });
}

/// Returns the even groups of `step` elements, counted from 0. filter_odd() returns the odd groups.
template <typename T, unsigned N>
__aie_inline inline vector<T, N / 2> filter_even(const vector<T, N>& v, unsigned step = 1) {
  return detail::gather<T, N / 2>(
      [&](unsigned i) __aie_inline { return v.lanes().get(i / step * 2 * step + i % step); });
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N / 2> filter_odd(const vector<T, N>& v, unsigned step = 1) {
  return detail::gather<T, N / 2>([&](unsigned i) __aie_inline {
    return v.lanes().get(i / step * 2 * step + step + i % step);
  });
}

/// Interleaves groups of `step` elements: a group of a, a group of b, the next group of a, and so
/// on. Returns the lower and the upper half of the result.
template <typename T, unsigned N>
__aie_inline inline std::pair<vector<T, N>, vector<T, N>> interleave_zip(const vector<T, N>& a,
                                                                         const vector<T, N>& b,
                                                                         unsigned step) {
  const auto at = [&](unsigned i) __aie_inline {
    const unsigned pair = i / (2 * step);
    const unsigned within = i % (2 * step);
    const unsigned from = pair * step + within % step;
    return within < step ? a.lanes().get(from) : b.lanes().get(from);
  };
  return {detail::gather<T, N>([&](unsigned i) __aie_inline { return at(i); }),
          detail::gather<T, N>([&](unsigned i) __aie_inline { return at(N + i); })};
}
/// Reverses interleave_zip(). Returns the even and the odd groups of the concatenation of a and b.
template <typename T, unsigned N>
__aie_inline inline std::pair<vector<T, N>, vector<T, N>> interleave_unzip(const vector<T, N>& a,
                                                                           const vector<T, N>& b,
                                                                           unsigned step) {
  const auto at = [&](unsigned i)
                      __aie_inline { return i < N ? a.lanes().get(i) : b.lanes().get(i - N); };
  return {detail::gather<T, N>([&](unsigned i)
                                   __aie_inline { return at(i / step * 2 * step + i % step); }),
          detail::gather<T, N>(
              [&](unsigned i) __aie_inline { return at(i / step * 2 * step + step + i % step); })};
}

/// Takes the vector as a row-major matrix of `rows` x `columns`, and returns the transposed matrix.
template <typename T, unsigned N>
__aie_inline inline vector<T, N> transpose(const vector<T, N>& v, unsigned rows, unsigned columns) {
  if (rows * columns != N) npuwhisper_trap("transpose: rows times columns is not the size");
  return detail::gather<T, N>(
      [&](unsigned i) __aie_inline { return v.lanes().get(i % rows * columns + i / rows); });
}

}  // namespace aie
