// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <aie_api/aie.hpp>
#include <aie_api/utils.hpp>

#include "design/core_interface.h"

/// What the encoder's core functions take from the generation AIE2P (npu2): products of 8 x 8 x 8,
/// four accumulators of them at once; f32 work on pieces of 4 rows x 8 columns, two registers.
namespace npuwhisper::npu::core {

inline constexpr BlockShape kBlocks = kBlocksAie2p;
/// mmul blocks of C that a product's loop accumulates at once: 4 of the 5 registers of 64 sums, and
/// no more than the 8 rows of scores that there is room for.
inline constexpr int kProductRows = 1;
inline constexpr int kProductColumns = 4;

inline constexpr unsigned kLanes = 32;

/// Products of bf16 round their operands to bfp16 blocks, 8 of k each.
inline constexpr bool kProductsByBlocks = true;

/// 2^y to bf16: an instruction of this generation.
class Exp2 {
 public:
  inline aie::vector<bfloat16, kLanes> operator()(const aie::vector<float, kLanes>& y) const {
    return aie::exp2<bfloat16>(y);
  }
};

/// A piece of C is one of A already.
inline void store_as_a(bfloat16* a, const aie::vector<bfloat16, kLanes> (&parts)[1]) {
  aie::store_v(a, parts[0]);
}

/// Eight rows of 8 sums are a block of C already.
inline aie::vector<float, 64> in_order_of_c(const aie::vector<float, 64>& rows) {
  return rows;
}

inline aie::vector<bfloat16, kLanes> part_of_a(const aie::vector<bfloat16, 32>& a, unsigned) {
  return a;
}

}  // namespace npuwhisper::npu::core
