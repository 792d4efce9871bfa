// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/tiles.h"

/// Products of a bf16 tile of A and int8 weights. Each row of the tile is rounded to int8 in a unit
/// of its own, a power of two: that needs no division, an exact product makes the integers, and
/// adding to an exponent undoes it. An f32 in [2^23, 2^24) holds an integer in its lowest bits:
/// kInteger's, as AMD's own conversions use it, so that nothing else converts.
namespace npuwhisper::npu::core {

inline constexpr unsigned kRowBlock = static_cast<unsigned>(kBlocks.m) * 8;  ///< Of A.
inline constexpr int kBlocksOfK = kTile / 8;

using Int8Mmul = aie::mmul<kBlocks.m, 8, 8, int8, int8, acc32>;
using Integers = aie::accum<acc32, kRowBlock>;
static_assert(Int8Mmul::size_A == kRowBlock && Int8Mmul::size_C == kRowBlock);

inline constexpr int32 kInteger = 0x4b400000;  ///< 1.5 * 2^23. Sums of 64 products stay in 2^21.

/// Exponents (bf16's, biased, in place) of the rows' largest magnitudes stay where neither their
/// unit nor its inverse nor kInteger times it leaves f32.
inline constexpr int kExponentShift = 7;
inline constexpr int kLowestRow = 7;
inline constexpr int kHighestRow = 237;
/// A value fills 7 bits and sign: the unit's exponent is the row's less 6.
inline constexpr int kBias = 127;
inline constexpr int kUnitBits = 6;

constexpr int16 exponent_bits(int biased) {
  return static_cast<int16>(biased << kExponentShift);
}

/// A row of A's blocks (kBlocks.m rows x 64), rounded.
struct RoundedRows {
  aie::vector<int8, kRowBlock> values[kBlocksOfK];
  Integers unit;  ///< Exponent of the row's unit, less f32's bias, in the place of an f32's.
};

inline RoundedRows round_rows(const bfloat16* __restrict a) {
  using Bits = aie::vector<int16, kRowBlock>;
  constexpr unsigned kRows = static_cast<unsigned>(kBlocks.m);
  const Bits magnitude = aie::broadcast<int16, kRowBlock>(0x7fff);
  Bits largest = aie::zeros<int16, kRowBlock>();
  for (int k = 0; k < kBlocksOfK; ++k) {
    const Bits x =
        aie::load_v<kRowBlock>(a + k * static_cast<int>(kRowBlock)).template cast_to<int16>();
    largest = aie::max(largest, aie::bit_and(x, magnitude));
  }
  largest = aie::transpose(largest, kRows, 8);
  for (unsigned lanes = kRowBlock / 2; lanes >= kRows; lanes /= 2) {
    largest = aie::max(largest, aie::shuffle_down_rotate(largest, lanes));
  }
  largest = aie::transpose(largest, 8, kRows);

  Bits exponent = aie::bit_and(largest, aie::broadcast<int16, kRowBlock>(0x7f80));
  exponent = aie::max(exponent, aie::broadcast<int16, kRowBlock>(exponent_bits(kLowestRow)));
  exponent = aie::min(exponent, aie::broadcast<int16, kRowBlock>(exponent_bits(kHighestRow)));
  // 2 bias + 6 - exponent, in two steps: the constant alone is more than an int16 holds.
  const Bits above =
      aie::sub(exponent, aie::broadcast<int16, kRowBlock>(exponent_bits(kLowestRow)));
  const Bits inverse = aie::sub(
      aie::broadcast<int16, kRowBlock>(exponent_bits(2 * kBias + kUnitBits - kLowestRow)), above);

  RoundedRows rounded;
  const Integers integer(aie::broadcast<int32, kRowBlock>(kInteger));
  const auto zero_point = integer.template cast_to<accfloat>();
  for (int k = 0; k < kBlocksOfK; ++k) {
    const auto x = aie::load_v<kRowBlock>(a + k * static_cast<int>(kRowBlock));
    const auto y = aie::mac(zero_point, x, inverse.template cast_to<bfloat16>());
    rounded.values[k] = aie::sub(y.template cast_to<acc32>(), integer).template to_vector<int8>();
  }
  const aie::accum<accfloat, kRowBlock> power(exponent.template cast_to<bfloat16>());
  rounded.unit = aie::sub(power.template cast_to<acc32>(),
                          Integers(aie::broadcast<int32, kRowBlock>((kBias + kUnitBits) << 23)));
  return rounded;
}

/// C += A * B: tiles in blocks, the accumulator in C's. The sums are exact.
[[gnu::noinline]] inline void multiply_int8_tile(const bfloat16* __restrict a,
                                                 const int8* __restrict b, float* __restrict c) {
  constexpr int kColumns = 4;  // Accumulators that are live.
  constexpr int kBlocksOfN = kTile / kInt8Block;
  const Integers integer(aie::broadcast<int32, kRowBlock>(kInteger));
  for (int row = 0; row < kTile; row += kBlocks.m) {
    const RoundedRows rounded = round_rows(a);
    a += kBlocks.m * kTile;
    const auto zero_point = aie::add(integer, rounded.unit).template cast_to<accfloat>();
    for (int j = 0; j < kBlocksOfN; j += kColumns) {
      Int8Mmul sums[kColumns];
      aie::unroll_times<kColumns>([&](unsigned i) __aie_inline { sums[i] = integer; });
      aie::unroll_times<kBlocksOfK>([&](unsigned k) __aie_inline {
        aie::unroll_times<kColumns>([&](unsigned i) __aie_inline {
          const int block = static_cast<int>(k) * kBlocksOfN + j + static_cast<int>(i);
          sums[i].mac(rounded.values[k], aie::load_v<Int8Mmul::size_B>(
                                             b + block * static_cast<int>(Int8Mmul::size_B)));
        });
      });
      aie::unroll_times<kColumns>([&](unsigned i) __aie_inline {
        const auto scaled = aie::add(sums[i].to_accum(), rounded.unit).template cast_to<accfloat>();
        const auto sum = aie::sub(scaled, zero_point).template to_vector<float>();
        const aie::accum<accfloat, kRowBlock> before(aie::load_v<kRowBlock>(c));
        aie::store_v(c, aie::add(before, in_order_of_c(sum)).template to_vector<float>());
        c += kRowBlock;
      });
    }
  }
}

}  // namespace npuwhisper::npu::core
