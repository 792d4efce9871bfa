// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/tiles.h"
#include "mel_core/mel_core.h"

/// Multiplies int16 samples by the int16 Fourier matrix. Sums over the 64 samples of a tile are
/// exact in 64 bits. They are then converted to f32 and added to the accumulator. B and C are
/// stored in the blocks of bf16 tiles. A is stored in groups of 8 columns (mel_core.h). Each step
/// of k = 8 consists of two int16 products of k = 4.
namespace npuwhisper::npu::mel {

using core::kBlocks;
using core::kColumnBlocks;
using core::kTile;

/// The int16 product. It computes 4 rows and n columns at a time, as in C's blocks.
using Words = aie::mmul<4, 4, kBlocks.n, int16, int16, acc64>;
inline constexpr int kBlockElements = kBlocks.k * kBlocks.n;  // Elements of a block of B.

/// Number of low bits that rounding removes from a sum of 64 products of int16. The sum has 36 bits
/// and a sign. Without the low bits, it has 30 bits and a sign, and fits an int32.
inline constexpr int kDroppedBits = 6;

/// Returns the offset of a piece of A (4 rows of 8 samples) in a tile, in samples.
inline int piece_of_samples(int quad, int column) {
  return (column * kTile + 4 * quad) * kSampleColumns;
}

inline void multiply_samples(const int16* a, const int16* b, float* accumulator) {
  for (int quad = 0; quad < core::kQuads; ++quad) {
    for (int j = 0; j < kColumnBlocks; j += 2) {
      const int16* b_left = b + j * kBlockElements;
      Words left;
      Words right;
      for (int k = 0; k < core::kAPieces; ++k) {
        const aie::vector<int16, 32> samples = aie::load_v<32>(a + piece_of_samples(quad, k));
        const auto early = aie::filter_even(samples, 4);
        const auto late = aie::filter_odd(samples, 4);
        const auto l = aie::load_v<kBlockElements>(b_left);
        const auto r = aie::load_v<kBlockElements>(b_left + kBlockElements);
        left.mac(early, l.template extract<kBlockElements / 2>(0));
        left.mac(late, l.template extract<kBlockElements / 2>(1));
        right.mac(early, r.template extract<kBlockElements / 2>(0));
        right.mac(late, r.template extract<kBlockElements / 2>(1));
        b_left += kColumnBlocks * kBlockElements;
      }
      const auto add = [&](const Words& sums, int column_block) __aie_inline {
        float* piece = accumulator + core::piece_of_c(quad, column_block);
        const auto whole = sums.template to_vector<int32>(kDroppedBits);
        const auto value = aie::to_float(whole, 2 * kFractionBits - kDroppedBits);
        aie::store_v(piece, aie::add(aie::load_v<core::kLanes>(piece), value));
      };
      add(left, j);
      add(right, j + 1);
    }
  }
}

/// Replaces each real part in the accumulator by its bin's power, and each imaginary part by zero.
inline void take_power(float* accumulator) {
  // Distance between a real part and its imaginary part, in blocks of columns.
  constexpr int kApart = kBinGroup / kBlocks.n;
  const core::Bf16Piece one = core::ones();
  const core::Accumulators zero = aie::zeros<accfloat, core::kLanes>();
  for (int quad = 0; quad < core::kQuads; ++quad) {
    for (int group = 0; group < kColumnBlocks; group += 2 * kApart) {
      for (int j = group; j < group + kApart; ++j) {
        float* real = accumulator + core::piece_of_c(quad, j);
        float* imaginary = accumulator + core::piece_of_c(quad, j + kApart);
        const core::SplitPiece x = core::split(aie::load_v<core::kLanes>(real), one);
        const core::SplitPiece y = core::split(aie::load_v<core::kLanes>(imaginary), one);
        const core::Accumulators power = core::add_product(core::add_product(zero, x, x), y, y);
        aie::store_v(real, power.template to_vector<float>());
        aie::store_v(imaginary, zero.template to_vector<float>());
      }
    }
  }
}

}  // namespace npuwhisper::npu::mel
