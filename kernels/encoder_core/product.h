// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/tiles.h"

namespace npuwhisper::npu::core {

/// Computes C += A * B or, with `from_zero`, C = A * B. A (bf16) and C (f32) have kProductRows rows
/// of blocks and 64 columns; B (bf16) is 64 x 64. All three matrices are in blocks. Products,
/// scores and weighted values share this loop, to keep a core's program short.
[[gnu::noinline]] inline void multiply_rows(const bfloat16* __restrict a,
                                            const bfloat16* __restrict b, float* __restrict c,
                                            bool from_zero) {
  constexpr int kRows = kProductRows;
  constexpr int kColumns = kProductColumns;
  constexpr unsigned kSums = kRows * kColumns;
  constexpr int kBlockRow = kTile * kBlocks.m;  // Elements of a row of blocks of A or C.
  constexpr int kBlockRowOfB = kTile * kBlocks.k;
  for (int j = 0; j < kColumnBlocks; j += kColumns) {
    const bfloat16* __restrict a_block = a;
    const bfloat16* __restrict b_block = b + j * static_cast<int>(Mmul::size_B);
    float* __restrict c_block = c + j * static_cast<int>(Mmul::size_C);
    Mmul sums[kSums];
    if (!from_zero) {
      aie::unroll_times<kSums>([&](unsigned i) __aie_inline {
        sums[i] = Mmul(aie::load_v<Mmul::size_C>(c_block + i / kColumns * kBlockRow +
                                                 i % kColumns * Mmul::size_C));
      });
    }
    for (int k = 0; k < kTile / kBlocks.k; ++k) {
      aie::vector<bfloat16, Mmul::size_A> a_now[kRows];
      aie::vector<bfloat16, Mmul::size_B> b_now[kColumns];
      aie::unroll_times<kRows>([&](unsigned i) __aie_inline {
        a_now[i] = aie::load_v<Mmul::size_A>(a_block + i * kBlockRow);
      });
      aie::unroll_times<kColumns>([&](unsigned i) __aie_inline {
        b_now[i] = aie::load_v<Mmul::size_B>(b_block + i * Mmul::size_B);
      });
      aie::unroll_times<kSums>(
          [&](unsigned i) __aie_inline { sums[i].mac(a_now[i / kColumns], b_now[i % kColumns]); });
      a_block += Mmul::size_A;
      b_block += kBlockRowOfB;
    }
    aie::unroll_times<kSums>([&](unsigned i) __aie_inline {
      aie::store_v(c_block + i / kColumns * kBlockRow + i % kColumns * Mmul::size_C,
                   sums[i].template to_vector<float>());
    });
  }
}

/// Computes C += A * B for whole tiles.
inline void multiply_tile(const bfloat16* a, const bfloat16* b, float* c) {
  for (int i = 0; i < kTileElements; i += kProductRows * kBlocks.m * kTile) {
    multiply_rows(a + i, b, c + i, false);
  }
}

[[gnu::noinline]] inline void clear_accumulator(float* __restrict c) {
  for (int i = 0; i < kTileElements; i += 16) {
    aie::store_v(c + i, aie::zeros<float, 16>());
  }
}

/// Adds a tile of residuals to C. The tile is in B's blocks of 8 rows x n columns; each block holds
/// two pieces of C.
inline void add_residual_tile(const bfloat16* __restrict b, float* __restrict c) {
  for (int row = 0; row < kTile / 8; ++row) {
    for (int j = 0; j < kColumnBlocks; ++j) {
      const aie::vector<bfloat16, 2 * kLanes> block = aie::load_v<2 * kLanes>(b);
      b += 2 * kLanes;
      for (int half = 0; half < 2; ++half) {
        float* piece = c + piece_of_c(2 * row + half, j);
        const Accumulators sum(aie::load_v<kLanes>(piece));
        const Bf16Piece residual = block.template extract<kLanes>(static_cast<unsigned>(half));
        aie::store_v(piece, aie::add(sum, residual).template to_vector<float>());
      }
    }
  }
}

/// Returns the sums of four rows of 8; element r is the sum of row r.
inline aie::vector<float, 4> sum_rows_of_a(const aie::accum<accfloat, 32>& piece) {
  const aie::vector<float, 32> all = aie::transpose(piece.to_vector<float>(), 4, 8);
  aie::vector<float, 16> v = aie::add(all.extract<16>(0), all.extract<16>(1));
  v = aie::add(v, aie::shuffle_down_rotate(v, 8));
  v = aie::add(v, aie::shuffle_down_rotate(v, 4));
  return v.extract<4>(0);
}

/// Adds the values of a tile of A to the rows' `sums`, and their squares to `squares`. Each square
/// is exact. Both sums are accumulated in f32.
[[gnu::noinline]] inline void add_tile_to_sums(const bfloat16* a, float* __restrict sums,
                                               float* __restrict squares) {
  const aie::vector<bfloat16, 32> one = aie::broadcast<bfloat16, 32>(1.0F);
  for (int quad = 0; quad < kQuads; ++quad) {
    const bfloat16* __restrict piece = a + piece_of_a(quad, 0);
    aie::accum<accfloat, 32> sum = aie::zeros<accfloat, 32>();
    aie::accum<accfloat, 32> square = aie::zeros<accfloat, 32>();
    for (int k = 0; k < kAPieces; ++k) {
      const aie::vector<bfloat16, 32> x = aie::load_v<32>(piece);
      piece += kBlocks.m * 8;
      sum = aie::mac(sum, x, one);
      square = aie::mac(square, x, x);
    }
    aie::store_v(sums, aie::add(aie::load_v<4>(sums), sum_rows_of_a(sum)));
    aie::store_v(squares, aie::add(aie::load_v<4>(squares), sum_rows_of_a(square)));
    sums += 4;
    squares += 4;
  }
}

}  // namespace npuwhisper::npu::core
