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

/// A value fills 7 bits and sign: a unit's exponent is the row's less 6.
inline constexpr int kBias = 127;
inline constexpr int kUnitBits = 6;
/// The lowest exponent (biased) of a row whose unit has an inverse in bf16.
inline constexpr int kLowestRow = 7;

/// A biased exponent as a bf16 or an f32 holds it. 2 kBias + kUnitBits wraps in 16 bits, and wraps
/// back when a row's exponent is subtracted.
constexpr int16 bf16_exponent(int biased) {
  return static_cast<int16>(biased << 7);
}
constexpr int32 f32_exponent(int biased) {
  return biased << 23;
}

/// A row of A's blocks (kBlocks.m rows x 64), rounded.
struct RoundedRows {
  aie::vector<int8, kRowBlock> values[kBlocksOfK];
  Integers unit;  ///< Exponent of the row's unit, without bias, in the place of an f32's.
};

/// Rounds rows. Made before a loop, for the constants.
class RowRounding {
 public:
  inline RoundedRows operator()(const bfloat16* __restrict a) const {
    const Bits exponent = row_exponents(a);
    const auto inverse = aie::sub(twice_bias_, exponent).template cast_to<bfloat16>();
    const aie::accum<accfloat, kRowBlock> power(exponent.template cast_to<bfloat16>());
    RoundedRows rounded;
    rounded.unit = aie::sub(power.template cast_to<acc32>(), unit_bias_);
    for (int k = 0; k < kBlocksOfK; ++k) {
      const auto x = aie::load_v<kRowBlock>(a + k * static_cast<int>(kRowBlock));
      const auto y = aie::mac(integer_.template cast_to<accfloat>(), x, inverse);
      rounded.values[k] = y.template cast_to<acc32>().template to_vector<int8>();
    }
    return rounded;
  }

  const Integers& integer() const { return integer_; }

 private:
  using Bits = aie::vector<int16, kRowBlock>;

  /// Exponents of the rows' largest magnitudes, in all their lanes. One more where a magnitude
  /// would be rounded to 128: the largest of its exponent.
  inline Bits row_exponents(const bfloat16* __restrict a) const {
    constexpr unsigned kRows = static_cast<unsigned>(kBlocks.m);
    Bits largest = aie::zeros<int16, kRowBlock>();
    for (int k = 0; k < kBlocksOfK; ++k) {
      const auto x = aie::load_v<kRowBlock>(a + k * static_cast<int>(kRowBlock));
      largest = aie::max(largest, aie::bit_and(x.template cast_to<int16>(), magnitude_));
    }
    largest = aie::transpose(largest, kRows, 8);
    for (unsigned lanes = kRowBlock / 2; lanes >= kRows; lanes /= 2) {
      largest = aie::max(largest, aie::shuffle_down_rotate(largest, lanes));
    }
    largest = aie::add(aie::transpose(largest, 8, kRows), one_);
    return aie::max(aie::bit_and(largest, infinity_), lowest_);
  }

  Bits magnitude_ = aie::broadcast<int16, kRowBlock>(0x7fff);
  Bits infinity_ = aie::broadcast<int16, kRowBlock>(bf16_exponent(255));
  Bits one_ = aie::broadcast<int16, kRowBlock>(1);
  Bits lowest_ = aie::broadcast<int16, kRowBlock>(bf16_exponent(kLowestRow));
  Bits twice_bias_ = aie::broadcast<int16, kRowBlock>(bf16_exponent(2 * kBias + kUnitBits));
  Integers unit_bias_{aie::broadcast<int32, kRowBlock>(f32_exponent(kBias + kUnitBits))};
  Integers integer_{aie::broadcast<int32, kRowBlock>(kInteger)};
};

/// C += A * B: tiles in blocks, the accumulator in C's. The sums are exact.
[[gnu::noinline]] inline void multiply_int8_tile(const bfloat16* __restrict a,
                                                 const int8* __restrict b, float* __restrict c) {
  constexpr int kColumns = 4;  // Accumulators that are live.
  constexpr int kBlocksOfN = kTile / kInt8Block;
  // A conversion to int8 takes an integer's lowest bits, under whatever float they stand.
  aie::set_saturation(aie::saturation_mode::none);
  const RowRounding round_rows;
  for (int row = 0; row < kTile; row += kBlocks.m) {
    const RoundedRows rounded = round_rows(a);
    a += kBlocks.m * kTile;
    const auto zero_point =
        aie::add(round_rows.integer(), rounded.unit).template cast_to<accfloat>();
    for (int j = 0; j < kBlocksOfN; j += kColumns) {
      Int8Mmul sums[kColumns];
      aie::unroll_times<kColumns>([&](unsigned i) __aie_inline { sums[i] = round_rows.integer(); });
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
  aie::set_saturation(aie::saturation_mode::saturate);
}

}  // namespace npuwhisper::npu::core
