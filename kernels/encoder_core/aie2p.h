// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <aie_api/aie.hpp>
#include <aie_api/utils.hpp>

#include "design/core_interface.h"

/// The parts of the encoder's core functions that are specific to AIE2P (npu2). Products multiply
/// blocks of 8 x 8 x 8, with four accumulators at a time. f32 steps process pieces of 4 rows x 8
/// columns, which fill two vector registers.
namespace npuwhisper::npu::core {

inline constexpr BlockShape kBlocks = kBlocksAie2p;
/// Number of mmul blocks of C, in rows and columns, that a product's loop accumulates at a time.
/// The blocks use 4 of the 5 registers of 64 sums. The blocks span 8 rows, because a job's buffer
/// has no room for 16 rows of scores.
inline constexpr int kProductRows = 1;
inline constexpr int kProductColumns = 4;

inline constexpr unsigned kLanes = 32;

/// Products of bf16 round their operands to bfp16 blocks of 8 values along k.
inline constexpr bool kProductsByBlocks = true;

/// Computes 2^y in bf16 with the exponential instruction of AIE2P.
class Exp2 {
 public:
  inline aie::vector<bfloat16, kLanes> operator()(const aie::vector<float, kLanes>& y) const {
    return aie::exp2<bfloat16>(y);
  }
};

/// Stores a piece of C as a piece of A. Both have the same layout.
inline void store_as_a(bfloat16* a, const aie::vector<bfloat16, kLanes> (&parts)[1]) {
  aie::store_v(a, parts[0]);
}

/// Returns eight rows of 8 sums as a block of C. Both have the same layout.
inline aie::vector<float, 64> in_order_of_c(const aie::vector<float, 64>& rows) {
  return rows;
}

inline aie::vector<bfloat16, kLanes> part_of_a(const aie::vector<bfloat16, 32>& a, unsigned) {
  return a;
}

}  // namespace npuwhisper::npu::core
