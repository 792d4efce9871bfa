// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/generation.h"

/// Access to tiles and to pieces of tiles. A tile of 64 x 64 is a matrix of mmul blocks
/// (core_interface.h). Functions that compute in f32 process pieces. A piece has 4 rows (a quad)
/// and n columns: kLanes elements, which are contiguous in C's blocks. A piece of A has 4 rows and
/// 8 columns (32 elements) in both generations.
namespace npuwhisper::npu::core {

inline constexpr int kQuads = kTile / 4;
inline constexpr int kColumnBlocks = kTile / kBlocks.n;
inline constexpr int kAPieces = kTile / 8;       ///< Number of pieces of A in 64 columns.
inline constexpr int kPartsOfA = 8 / kBlocks.n;  ///< Number of pieces of C in a piece of A.
static_assert(kBlocks.k == 8 && kLanes == 4 * kBlocks.n);

using Mmul = aie::mmul<kBlocks.m, kBlocks.k, kBlocks.n, bfloat16, bfloat16, accfloat>;
using FloatPiece = aie::vector<float, kLanes>;
using Bf16Piece = aie::vector<bfloat16, kLanes>;
using Accumulators = aie::accum<accfloat, kLanes>;

/// Returns the offset of a piece in a tile of C, in elements.
inline int piece_of_c(int quad, int column_block) {
  if constexpr (kBlocks.m == 4) {
    return (quad * kColumnBlocks + column_block) * static_cast<int>(kLanes);
  } else {
    return ((quad >> 1) * kColumnBlocks + column_block) * 64 + (quad & 1) * 32;
  }
}

/// Returns the offset of a piece in a tile of A, in elements.
inline int piece_of_a(int quad, int k_block) {
  if constexpr (kBlocks.m == 4) {
    return (quad * kAPieces + k_block) * 32;
  } else {
    return ((quad >> 1) * kAPieces + k_block) * 64 + (quad & 1) * 32;
  }
}

inline const bfloat16* tile_in_turn(const void* pair, std::int32_t slot) {
  return static_cast<const bfloat16*>(pair) + slot * kTileElements;
}

/// Returns a piece whose lane [row][column] is rows[row], for 4 rows.
inline FloatPiece spread_rows(const float* rows) {
  return aie::transpose(aie::load_v<4>(rows).template grow_replicate<kLanes>(), kBlocks.n, 4);
}

/// Returns a piece whose lane [row][column] is columns[column], for n columns.
inline FloatPiece spread_columns(const float* columns) {
  return aie::load_v<kBlocks.n>(columns).template grow_replicate<kLanes>();
}

inline Bf16Piece to_bf16(const FloatPiece& x) {
  return Accumulators(x).to_vector<bfloat16>();
}

/// A piece of f32 values, each stored as the sum of two bf16 values with 16 bits of mantissa in
/// all. It replaces f32 operands, which the multiplier does not support.
struct SplitPiece {
  Bf16Piece high, low;
};
inline SplitPiece split(const FloatPiece& x, const Bf16Piece& one) {
  const Accumulators all(x);
  const Bf16Piece high = all.template to_vector<bfloat16>();
  return {high, aie::msc(all, high, one).template to_vector<bfloat16>()};
}
inline Bf16Piece ones() {
  return aie::broadcast<bfloat16, kLanes>(1.0F);
}

/// Returns sum + x y with 16 bits of mantissa. The product of the two low parts is left out.
inline Accumulators add_product(Accumulators sum, const SplitPiece& x, const SplitPiece& y) {
  sum = aie::mac(sum, x.high, y.high);
  sum = aie::mac(sum, x.low, y.high);
  return aie::mac(sum, x.high, y.low);
}
inline Accumulators subtract_product(Accumulators sum, const SplitPiece& x, const SplitPiece& y) {
  sum = aie::msc(sum, x.high, y.high);
  sum = aie::msc(sum, x.low, y.high);
  return aie::msc(sum, x.high, y.low);
}

/// Returns f32 products with 16 bits of mantissa. aie::mul for f32 has three times as much code.
/// This function is not inlined, because its speed is never critical.
[[gnu::noinline]] inline FloatPiece multiply_floats(const FloatPiece& x, const FloatPiece& y) {
  const Bf16Piece one = ones();
  return add_product(aie::zeros<accfloat, kLanes>(), split(x, one), split(y, one))
      .template to_vector<float>();
}

/// Copies a tile of bf16.
inline void copy_tile(const bfloat16* __restrict from, bfloat16* __restrict to) {
  for (int i = 0; i < kTileElements / 32; ++i) {
    aie::store_v(to, aie::load_v<32>(from));
    from += 32;
    to += 32;
  }
}

}  // namespace npuwhisper::npu::core
