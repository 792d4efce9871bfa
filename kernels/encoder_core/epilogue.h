// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/tiles.h"

/// Steps applied to 64 x 64 sums before a core writes them as bf16. Each step is a small loop that
/// updates the accumulator in place. Several operations use the same steps.
namespace npuwhisper::npu::core {

/// Returns 1 / sqrt(x) for x > 0. Three Newton steps refine an estimate that is made from the bits
/// of x.
[[gnu::noinline]] inline FloatPiece reciprocal_root(const FloatPiece& x) {
  const auto guess = aie::sub(aie::broadcast<int32, kLanes>(0x5f3759df),
                              aie::downshift(x.template cast_to<int32>(), 1));
  const FloatPiece half = multiply_floats(x, aie::broadcast<float, kLanes>(0.5F));
  const FloatPiece three_halves = aie::broadcast<float, kLanes>(1.5F);
  FloatPiece y = guess.template cast_to<float>();
  for (int i = 0; i < 3; ++i) {
    const FloatPiece step = multiply_floats(half, multiply_floats(y, y));
    y = multiply_floats(y, aie::sub(three_halves, step));
  }
  return y;
}

/// Replaces the rows' sums and sums of squares by means and reciprocal standard deviations.
inline void make_row_statistics(float* sums, float* squares, float inverse_features,
                                float epsilon) {
  const FloatPiece inverse = aie::broadcast<float, kLanes>(inverse_features);
  for (int i = 0; i < kTile; i += static_cast<int>(kLanes)) {
    const FloatPiece mean = multiply_floats(aie::load_v<kLanes>(sums + i), inverse);
    const FloatPiece square = multiply_floats(aie::load_v<kLanes>(squares + i), inverse);
    FloatPiece variance = aie::sub(square, multiply_floats(mean, mean));
    variance = aie::max(variance, aie::zeros<float, kLanes>());
    variance = aie::add(variance, aie::broadcast<float, kLanes>(epsilon));
    aie::store_v(sums + i, mean);
    aie::store_v(squares + i, reciprocal_root(variance));
  }
}

/// Multiplies the sums of products with int8 weights by the weights' scales.
inline void scale_columns(const float* scales, float* accumulator) {
  const Bf16Piece one = ones();
  const Accumulators zero = aie::zeros<accfloat, kLanes>();
  for (int j = 0; j < kColumnBlocks; ++j) {
    const SplitPiece column = split(spread_columns(scales + j * kBlocks.n), one);
    for (int quad = 0; quad < kQuads; ++quad) {
      float* piece = accumulator + piece_of_c(quad, j);
      const Accumulators y = add_product(zero, split(aie::load_v<kLanes>(piece), one), column);
      aie::store_v(piece, y.template to_vector<float>());
    }
  }
}

inline void add_bias(const float* bias, float* accumulator) {
  for (int j = 0; j < kColumnBlocks; ++j) {
    const FloatPiece column = spread_columns(bias + j * kBlocks.n);
    for (int quad = 0; quad < kQuads; ++quad) {
      float* piece = accumulator + piece_of_c(quad, j);
      aie::store_v(piece, aie::add(aie::load_v<kLanes>(piece), column));
    }
  }
}

/// Applies a layer norm of A that is folded into the product: rstd * (sum - mean * column_sum) +
/// bias. `deviations` has each row's reciprocal standard deviation, rstd.
inline void normalise(const float* bias, const float* column_sum, const float* means,
                      const float* deviations, float* accumulator) {
  const Bf16Piece one = ones();
  for (int quad = 0; quad < kQuads; ++quad) {
    const SplitPiece mean = split(spread_rows(means + 4 * quad), one);
    const SplitPiece deviation = split(spread_rows(deviations + 4 * quad), one);
    for (int j = 0; j < kColumnBlocks; ++j) {
      float* piece = accumulator + piece_of_c(quad, j);
      const SplitPiece columns = split(spread_columns(column_sum + j * kBlocks.n), one);
      const Accumulators centred =
          subtract_product(Accumulators(aie::load_v<kLanes>(piece)), mean, columns);
      const Accumulators y =
          add_product(Accumulators(spread_columns(bias + j * kBlocks.n)),
                      split(centred.template to_vector<float>(), one), deviation);
      aie::store_v(piece, y.template to_vector<float>());
    }
  }
}

inline constexpr float kGeluRange = 5.5F;

/// Computes gelu(y) = max(y, 0) - |y| P(-|y|), where P is the normal distribution function. log2
/// P(-t) is close to a parabola. A polynomial of degree 4 (weighted least squares on 0 .. 5.5)
/// approximates log2 P(-t) in bf16 steps, with an error of 2e-5 in gelu. Approximating the
/// logarithm keeps the relative error of P small even in the tail.
inline void gelu(float* accumulator) {
  const Exp2 exp2;
  const FloatPiece zero = aie::zeros<float, kLanes>();
  const FloatPiece range = aie::broadcast<float, kLanes>(kGeluRange);
  const Bf16Piece c4 = aie::broadcast<bfloat16, kLanes>(0.00342058F);
  const Accumulators c3(aie::broadcast<float, kLanes>(-0.04189744F));
  const Accumulators c2(aie::broadcast<float, kLanes>(-0.47115847F));
  const Accumulators c1(aie::broadcast<float, kLanes>(-1.14609150F));
  const Accumulators c0(aie::broadcast<float, kLanes>(-1.00049570F));
  for (int i = 0; i < kTileElements; i += static_cast<int>(kLanes)) {
    const FloatPiece y = aie::load_v<kLanes>(accumulator + i);
    const Bf16Piece t = to_bf16(aie::min(aie::abs(y), range));
    Bf16Piece q = aie::mac(c3, t, c4).template to_vector<bfloat16>();
    q = aie::mac(c2, t, q).template to_vector<bfloat16>();
    q = aie::mac(c1, t, q).template to_vector<bfloat16>();
    const Bf16Piece p = exp2(aie::mac(c0, t, q).template to_vector<float>());
    const Accumulators result = aie::msc(Accumulators(aie::max(y, zero)), t, p);
    aie::store_v(accumulator + i, result.template to_vector<float>());
  }
}

/// Divides each row of the accumulator by the sum of its weights (attention), and replaces the sums
/// by their reciprocals.
inline void divide_rows(float* sums, float* accumulator) {
  for (int i = 0; i < kTile; i += static_cast<int>(kLanes)) {
    const FloatPiece root = reciprocal_root(aie::load_v<kLanes>(sums + i));
    aie::store_v(sums + i, multiply_floats(root, root));
  }
  const Bf16Piece one = ones();
  const Accumulators zero = aie::zeros<accfloat, kLanes>();
  for (int quad = 0; quad < kQuads; ++quad) {
    const SplitPiece factor = split(spread_rows(sums + 4 * quad), one);
    for (int j = 0; j < kColumnBlocks; ++j) {
      float* piece = accumulator + piece_of_c(quad, j);
      const Accumulators y = add_product(zero, split(aie::load_v<kLanes>(piece), one), factor);
      aie::store_v(piece, y.template to_vector<float>());
    }
  }
}

/// Writes the kept tile times gamma to the accumulator, in f32 and in C's blocks. In a layer-norm
/// job, normalise() then reads the result. The kept tile (bf16, in A's blocks) is in the upper half
/// of the accumulator. The conversion begins with the tile's first element, so writes never
/// overtake reads.
inline void expand_kept(const bfloat16* kept, const float* gamma, float* accumulator) {
  const Bf16Piece one = ones();
  const Accumulators zero = aie::zeros<accfloat, kLanes>();
  for (int row = 0; row < kTile; row += kBlocks.m) {
    for (int k = 0; k < kAPieces; ++k) {
      for (int quad = row / 4; quad < (row + kBlocks.m) / 4; ++quad) {
        const aie::vector<bfloat16, 32> x = aie::load_v<32>(kept + piece_of_a(quad, k));
        for (int part = 0; part < kPartsOfA; ++part) {
          const int j = k * kPartsOfA + part;
          const SplitPiece weight = split(spread_columns(gamma + j * kBlocks.n), one);
          const Bf16Piece value = part_of_a(x, static_cast<unsigned>(part));
          const Accumulators y = aie::mac(aie::mac(zero, value, weight.high), value, weight.low);
          aie::store_v(accumulator + piece_of_c(quad, j), y.template to_vector<float>());
        }
      }
    }
  }
}

inline void write_tile(const float* __restrict accumulator, bfloat16* __restrict c) {
  for (int i = 0; i < kTileElements; i += static_cast<int>(kLanes)) {
    aie::store_v(c + i, to_bf16(aie::load_v<kLanes>(accumulator + i)));
  }
}

/// Sets the rows of a C tile from `n_valid` on to zero, even if they hold NaN.
inline void clear_rows(bfloat16* c, int n_valid) {
  const Bf16Piece zero = aie::zeros<bfloat16, kLanes>();
  for (int quad = (n_valid < 0 ? 0 : n_valid) / 4; quad < kQuads; ++quad) {
    const int keep = n_valid - 4 * quad;
    const unsigned lanes = keep <= 0 ? 0U : (1U << (keep * kBlocks.n)) - 1U;
    const aie::mask<kLanes> kept = aie::mask<kLanes>::from_uint32(lanes);
    for (int j = 0; j < kColumnBlocks; ++j) {
      bfloat16* piece = c + piece_of_c(quad, j);
      aie::store_v(piece, aie::select(zero, aie::load_v<kLanes>(piece), kept));
    }
  }
}

/// Transposes a C tile in place. Its blocks are square and keep their layout.
inline void transpose_tile(bfloat16* c) {
  static_assert(kBlocks.m == kBlocks.n);
  constexpr unsigned kElements = static_cast<unsigned>(kBlocks.m * kBlocks.n);
  constexpr int kBlocksInRow = kTile / kBlocks.n;
  for (int i = 0; i < kBlocksInRow; ++i) {
    for (int j = i; j < kBlocksInRow; ++j) {
      bfloat16* upper = c + (i * kBlocksInRow + j) * static_cast<int>(kElements);
      bfloat16* lower = c + (j * kBlocksInRow + i) * static_cast<int>(kElements);
      const auto u = aie::transpose(aie::load_v<kElements>(upper), kBlocks.m, kBlocks.n);
      const auto l = aie::transpose(aie::load_v<kElements>(lower), kBlocks.m, kBlocks.n);
      aie::store_v(upper, l);
      aie::store_v(lower, u);
    }
  }
}

}  // namespace npuwhisper::npu::core
