// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "aie_api/emulation/compare.h"

/// This header defines operators on vectors and accumulators, for kernels that enable them with
/// `using namespace aie::operators`.

namespace aie::operators {

template <typename T, unsigned N>
__aie_inline inline vector<T, N> operator+(const vector<T, N>& a, const vector<T, N>& b) {
  return add(a, b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> operator-(const vector<T, N>& a, const vector<T, N>& b) {
  return sub(a, b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N>& operator+=(vector<T, N>& a, const vector<T, N>& b) {
  return a = add(a, b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N>& operator-=(vector<T, N>& a, const vector<T, N>& b) {
  return a = sub(a, b);
}
template <typename Tag, unsigned N>
__aie_inline inline accum<Tag, N> operator+(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  return add(a, b);
}
template <typename Tag, unsigned N>
__aie_inline inline accum<Tag, N> operator-(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  return sub(a, b);
}
template <typename T, unsigned N>
__aie_inline inline auto operator*(const vector<T, N>& a, const vector<T, N>& b) {
  return mul(a, b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> operator&(const vector<T, N>& a, const vector<T, N>& b) {
  return bit_and(a, b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> operator|(const vector<T, N>& a, const vector<T, N>& b) {
  return bit_or(a, b);
}
template <typename T, unsigned N>
__aie_inline inline vector<T, N> operator^(const vector<T, N>& a, const vector<T, N>& b) {
  return bit_xor(a, b);
}
template <typename T, unsigned N>
__aie_inline inline mask<N> operator<(const vector<T, N>& a, const vector<T, N>& b) {
  return lt(a, b);
}
template <typename T, unsigned N>
__aie_inline inline mask<N> operator>(const vector<T, N>& a, const vector<T, N>& b) {
  return gt(a, b);
}
template <typename T, unsigned N>
__aie_inline inline mask<N> operator<=(const vector<T, N>& a, const vector<T, N>& b) {
  return le(a, b);
}
template <typename T, unsigned N>
__aie_inline inline mask<N> operator>=(const vector<T, N>& a, const vector<T, N>& b) {
  return ge(a, b);
}
template <typename T, unsigned N>
__aie_inline inline mask<N> operator==(const vector<T, N>& a, const vector<T, N>& b) {
  return eq(a, b);
}

}  // namespace aie::operators
