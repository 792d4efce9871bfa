// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/product.h"

/// Products for AIE2P that are nearly as exact as their bf16 operands, although they use bfp16.
/// Each operand is split into its bfp16 value and the remainder. AIE2P's product of plain bf16
/// works lane by lane and is slower than three products of blocks.
namespace npuwhisper::npu::core {

/// Writes the remainders of `n` blocks of A or, with `of_b`, of B. Blocks of B share exponents
/// along columns. The remainder of x is x minus its bfp16 value. AIE2P's product of x and the
/// negated unit matrix is the negated bfp16 value. A remainder has at most 8 bits, so the sum of x
/// and this product is exact, and so is the conversion of the sum to bf16. `to` may equal `from`.
[[gnu::noinline]] inline void take_rests(const bfloat16* from, bfloat16* to, int n,
                                         const bfloat16* minus_unit, bool of_b) {
  using Product = aie::mmul<8, 8, 8, bfloat16, bfloat16, accfloat>;
  const bfloat16* a = of_b ? minus_unit : from;
  const bfloat16* b = of_b ? from : minus_unit;
  const int a_step = of_b ? 0 : 64;
  for (int i = 0; i < n; ++i) {
    Product rest(aie::accum<accfloat, 64>(aie::load_v<64>(from)));
    rest.mac(aie::load_v<64>(a), aie::load_v<64>(b));
    aie::store_v(to, rest.template to_vector<bfloat16>());
    from += 64;
    to += 64;
    a += a_step;
    b += 64 - a_step;
  }
}

/// Computes C += A * B for tiles, with operands in two parts each (core_interface.h, kInParts).
/// Overwrites B with its remainders. `scratch` is Job::rests.
[[gnu::noinline]] inline void multiply_tile_in_parts(const bfloat16* a, bfloat16* b, float* c,
                                                     bfloat16* scratch) {
  constexpr int kRowElements = 8 * kTile;
  bfloat16* minus_unit = scratch + kRowElements;
  const auto diagonal = aie::mask<64>::from_uint64(0x8040201008040201U);
  aie::store_v(minus_unit, aie::select(aie::zeros<bfloat16, 64>(),
                                       aie::broadcast<bfloat16, 64>(-1.0F), diagonal));
  for (int i = 0; i < kTileElements; i += kRowElements) {
    take_rests(a + i, scratch, kTile / 8, minus_unit, false);
    multiply_rows(a + i, b, c + i, false);
    multiply_rows(scratch, b, c + i, false);
  }
  take_rests(b, b, kTileElements / 64, minus_unit, true);
  multiply_tile(a, b, c);
}

}  // namespace npuwhisper::npu::core
