// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/product.h"

/// Online softmax over tiles of keys. It uses powers of two, so place_queries() scales the queries
/// by log2(e). A row's reference value is its running maximum, which is updated only when a score
/// exceeds it by more than kSlack. The reference value does not affect the softmax, as long as no
/// sum overflows. Because of kSlack, the accumulator is rarely rescaled.
namespace npuwhisper::npu::core {

inline constexpr float kSlack = 10.0F;
/// Lower limit of a score minus its row's reference. Exp2 does not support lower exponents. The
/// weight 2^-126 is too small to change a row's sum, which is at least 1.
inline constexpr float kLowestExponent = -126.0F;
inline constexpr float kLowestScore = -3.0e38F;

/// Writes the queries times log2(e) in bf16. The factor is the sum of two bf16 parts.
inline void place_queries(const bfloat16* __restrict from, bfloat16* __restrict to) {
  const Bf16Piece high = aie::broadcast<bfloat16, kLanes>(1.4453125F);
  const Bf16Piece low = aie::broadcast<bfloat16, kLanes>(-0.00261746F);
  for (int i = 0; i < kTileElements; i += static_cast<int>(kLanes)) {
    const Bf16Piece x = aie::load_v<kLanes>(from + i);
    aie::store_v(to + i,
                 aie::mac(aie::mul<accfloat>(x, high), x, low).template to_vector<bfloat16>());
  }
}

/// Returns the maximum of each row of a piece. Lane [i][row] has the maximum of row `row`, for
/// every i.
inline FloatPiece maximum_of_columns(const FloatPiece& piece) {
  FloatPiece v = aie::transpose(piece, 4, kBlocks.n);
  for (unsigned lanes = kLanes / 2; lanes >= 4; lanes /= 2) {
    v = aie::max(v, aie::shuffle_down_rotate(v, lanes));
  }
  return v;
}
/// Returns the sum of each row of a piece. Lane [i][row] has the sum of row `row`, for every i.
inline FloatPiece sum_of_columns(const FloatPiece& piece) {
  FloatPiece v = aie::transpose(piece, 4, kBlocks.n);
  for (unsigned lanes = kLanes / 2; lanes >= 4; lanes /= 2) {
    v = aie::add(v, aie::shuffle_down_rotate(v, lanes));
  }
  return v;
}

/// Returns a mask of a piece's lanes whose column (key), counted from the piece's first column, is
/// at or beyond `n_valid`.
inline aie::mask<kLanes> columns_beyond(int n_valid) {
  const unsigned n = n_valid < 0 ? 0U : static_cast<unsigned>(n_valid);
  const unsigned row =
      n >= static_cast<unsigned>(kBlocks.n) ? 0U : ((1U << kBlocks.n) - 1U) & ~((1U << n) - 1U);
  unsigned lanes = 0;
  for (int r = 0; r < 4; ++r) lanes |= row << (r * kBlocks.n);
  return aie::mask<kLanes>::from_uint32(lanes);
}

/// Multiplies the rows of a quad by `factors` ([row][*]), in place.
inline void scale_quad(float* accumulator, int quad, const FloatPiece& factors) {
  for (int j = 0; j < kColumnBlocks; ++j) {
    float* piece = accumulator + piece_of_c(quad, j);
    aie::store_v(piece, multiply_floats(aie::load_v<kLanes>(piece), factors));
  }
}

/// Converts the scores of 4 rows and 64 keys (the first `n_valid` are valid) to softmax weights,
/// written to `weights` in A's layout. Updates the rows' references (`maximum`) and sums (`sum`),
/// and rescales the accumulator if a reference is raised.
inline void weigh_quad(float* __restrict scores, int quad_of_scores, int n_valid,
                       bfloat16* __restrict weights, int quad, float* __restrict maximum,
                       float* __restrict sum, float* __restrict accumulator) {
  const Exp2 exp2;
  const FloatPiece least = aie::broadcast<float, kLanes>(kLowestExponent);
  const Bf16Piece one = ones();
  const bool masked = n_valid < kTile;
  const FloatPiece lowest = aie::broadcast<float, kLanes>(kLowestScore);
  FloatPiece best = lowest;
  for (int j = 0; j < kColumnBlocks; ++j) {
    float* piece = scores + piece_of_c(quad_of_scores, j);
    FloatPiece score = aie::load_v<kLanes>(piece);
    if (masked) {
      score = aie::select(score, lowest, columns_beyond(n_valid - j * kBlocks.n));
      aie::store_v(piece, score);
    }
    best = aie::max(best, score);
  }
  best = maximum_of_columns(best);
  FloatPiece reference = aie::load_v<4>(maximum).template grow_replicate<kLanes>();
  const aie::mask<kLanes> exceeded =
      aie::lt(aie::add(reference, aie::broadcast<float, kLanes>(kSlack)), best);
  if (!exceeded.empty()) {
    const FloatPiece raised = aie::select(reference, best, exceeded);
    const FloatPiece factors = Accumulators(exp2(aie::max(aie::sub(reference, raised), least)))
                                   .template to_vector<float>();
    reference = raised;
    aie::store_v(maximum, reference.template extract<4>(0));
    const FloatPiece old = aie::load_v<4>(sum).template grow_replicate<kLanes>();
    aie::store_v(sum, multiply_floats(old, factors).template extract<4>(0));
    scale_quad(accumulator, quad, aie::transpose(factors, kBlocks.n, 4));
  }
  reference = aie::transpose(reference, kBlocks.n, 4);
  Accumulators added = aie::zeros<accfloat, kLanes>();
  for (int k = 0; k < kAPieces; ++k) {
    Bf16Piece parts[kPartsOfA];
    aie::unroll_times<kPartsOfA>([&](unsigned i) __aie_inline {
      const int j = k * kPartsOfA + static_cast<int>(i);
      const FloatPiece score = aie::load_v<kLanes>(scores + piece_of_c(quad_of_scores, j));
      parts[i] = exp2(aie::max(aie::sub(score, reference), least));
      if (masked) {
        parts[i] = aie::select(parts[i], aie::zeros<bfloat16, kLanes>(),
                               columns_beyond(n_valid - j * kBlocks.n));
      }
      added = aie::mac(added, parts[i], one);
    });
    store_as_a(weights + piece_of_a(quad, k), parts);
  }
  const aie::vector<float, 4> row_sums =
      sum_of_columns(added.template to_vector<float>()).template extract<4>(0);
  aie::store_v(sum, aie::add(aie::load_v<4>(sum), row_sums));
}

/// Processes one tile of keys: computes its scores in `scores`, 8 rows at a time, and writes their
/// weights to `weights`. Updates `maximum`, `sum` and `accumulator` as weigh_quad() does.
inline void weigh_keys(const bfloat16* queries, const bfloat16* keys, int n_valid,
                       bfloat16* weights, float* maximum, float* sum, float* accumulator,
                       float* scores) {
  constexpr int kRows = kProductRows * kBlocks.m;
  static_assert(kRows * kTile * static_cast<int>(sizeof(float)) <= kScoresBytes);
  for (int row = 0; row < kTile; row += kRows) {
    multiply_rows(queries + row * kTile, keys, scores, true);
    for (int i = 0; i < kRows; i += 4) {
      weigh_quad(scores, i / 4, n_valid, weights, (row + i) / 4, maximum + row + i, sum + row + i,
                 accumulator);
    }
  }
}

}  // namespace npuwhisper::npu::core
