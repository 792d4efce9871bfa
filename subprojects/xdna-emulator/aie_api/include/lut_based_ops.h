// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <aie_api/aie.hpp>

/// Replacements for functions of mlir-aie's runtime library for AIE2. The library computes these
/// functions from tables; the replacements compute them in f32, so that kernels that use the
/// functions run and give correct results.

namespace aie::detail {
template <typename F>
__aie_inline inline v16accfloat each_of_16(const v16bfloat16& x, F f) {
  // Counts the cost of the original: two look-ups, of four lanes at a time, and a product.
  count_vector_op(8 * 64);
  return v16accfloat(each<float>(bf16_to_float(x.lanes()), f));
}
}  // namespace aie::detail

inline v16accfloat getExpBf16(v16bfloat16 x) {
  return aie::detail::each_of_16(x, [](float v) { return std::exp(v); });
}
inline bfloat16 getInvBf16(float x) {
  return static_cast<bfloat16>(1.0F / x);
}
inline v16bfloat16 getTanhBf16(v16bfloat16 x) {
  return aie::detail::each_of_16(x, [](float v) { return std::tanh(v); }).to_vector<bfloat16>();
}
inline v16bfloat16 getRsqrtBf16(v16bfloat16 x) {
  return aie::detail::each_of_16(x, [](float v) { return 1.0F / std::sqrt(v); })
      .to_vector<bfloat16>();
}
inline v16bfloat16 getSqrtBf16(v16bfloat16 x) {
  return aie::detail::each_of_16(x, [](float v) { return std::sqrt(v); }).to_vector<bfloat16>();
}
