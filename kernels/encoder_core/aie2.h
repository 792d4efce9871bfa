// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <aie_api/aie.hpp>
#include <aie_api/utils.hpp>

#include "design/core_interface.h"

/// The parts of the encoder's core functions that are specific to AIE2 (npu1). Products multiply
/// bf16 natively in blocks of 4 x 8 x 4, with eight accumulators at a time. f32 steps process
/// pieces of 4 rows x 4 columns, which fill one vector register.
namespace npuwhisper::npu::core {

inline constexpr BlockShape kBlocks = kBlocksAie2;
/// Number of mmul blocks of C, in rows and columns, that a product's loop accumulates at a time.
/// The blocks use 8 of the 18 accumulator registers. The blocks span 8 rows, because a job's buffer
/// has no room for 16 rows of scores.
inline constexpr int kProductRows = 2;
inline constexpr int kProductColumns = 4;

inline constexpr unsigned kLanes = 16;

/// Whether products round bf16 operands to blocks with a shared exponent. AIE2 multiplies bf16
/// exactly.
inline constexpr bool kProductsByBlocks = false;

/// Computes 2^y in bf16, for y from -126 to 127. With y = n + f and f in [-1/2, 1/2], the result is
/// a cubic in f (minimax, 1e-4 relative error), with n added to the exponent. The cubic has bf16
/// factors and f32 sums. Construct an Exp2 before a loop, so that its constants are loaded once.
class Exp2 {
 public:
  inline aie::vector<bfloat16, kLanes> operator()(const aie::vector<float, kLanes>& y) const {
    const aie::vector<float, kLanes> shifted = aie::add(y, magic_);
    const aie::vector<float, kLanes> n = aie::sub(shifted, magic_);
    const aie::vector<bfloat16, kLanes> f = Sums(aie::sub(y, n)).to_vector<bfloat16>();
    aie::vector<bfloat16, kLanes> q = aie::mac(second_, f, third_).to_vector<bfloat16>();
    q = aie::mac(first_, f, q).to_vector<bfloat16>();
    const aie::vector<float, kLanes> p = aie::mac(constant_, f, q).to_vector<float>();
    const aie::vector<int32, kLanes> exponent = aie::upshift(shifted.cast_to<int32>(), 23);
    const aie::vector<int32, kLanes> bits = aie::add(p.cast_to<int32>(), exponent);
    return Sums(bits.cast_to<float>()).to_vector<bfloat16>();
  }

 private:
  using Sums = aie::accum<accfloat, kLanes>;
  // 1.5 * 2^23. Adding a value to this constant rounds the value to an integer in the low bits of
  // the sum.
  aie::vector<float, kLanes> magic_ = aie::broadcast<float, kLanes>(12582912.0F);
  Sums constant_{aie::broadcast<float, kLanes>(0.99992807F)};
  Sums first_{aie::broadcast<float, kLanes>(0.69326099F)};
  Sums second_{aie::broadcast<float, kLanes>(0.24261112F)};
  aie::vector<bfloat16, kLanes> third_ = aie::broadcast<bfloat16, kLanes>(0.05517166F);
};

/// Stores two neighbouring pieces of C (4 x 4 each) as one piece of A (4 x 8).
inline void store_as_a(bfloat16* a, const aie::vector<bfloat16, kLanes> (&parts)[2]) {
  const auto [low, high] = aie::interleave_zip(parts[0], parts[1], 4);
  aie::store_v(a, aie::concat(low, high));
}

/// Returns four rows of 8 sums as two neighbouring pieces of C.
inline aie::vector<float, 32> in_order_of_c(const aie::vector<float, 32>& rows) {
  return aie::concat(aie::filter_even(rows, 4), aie::filter_odd(rows, 4));
}

/// Returns column piece `half` (0, 1) of a piece of A.
inline aie::vector<bfloat16, kLanes> part_of_a(const aie::vector<bfloat16, 32>& a, unsigned half) {
  return half == 0 ? aie::filter_even(a, 4) : aie::filter_odd(a, 4);
}

}  // namespace npuwhisper::npu::core
