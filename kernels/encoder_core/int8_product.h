// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/tiles.h"

/// Products of a bf16 tile of A and int8 weights. Each row of the tile is rounded to int8 in its
/// own unit. The unit is a power of two, so the rounding needs no division: multiplication by the
/// inverse of the unit is exact. An addition to the exponents multiplies the sums of integers by
/// the unit.
///
/// Conversions use f32 values in [2^23, 2^24), which hold an integer in their lowest bits. Adding
/// the f32 1.5 * 2^23 to a value rounds the value to an integer. Adding an integer to the bits of
/// 1.5 * 2^23 (kInteger) gives the f32 sum of 1.5 * 2^23 and the integer. AMD's own conversions use
/// this method.
namespace npuwhisper::npu::core {

/// Elements of a block of A.
inline constexpr unsigned kRowBlock = static_cast<unsigned>(kBlocks.m) * 8;
inline constexpr int kBlocksOfK = kTile / 8;

using Int8Mmul = aie::mmul<kBlocks.m, 8, 8, int8, int8, acc32>;
using Integers = aie::accum<acc32, kRowBlock>;
static_assert(Int8Mmul::size_A == kRowBlock && Int8Mmul::size_C == kRowBlock);

/// Bits of the f32 1.5 * 2^23. Integers from -2^22 to 2^22 - 1 can be added to these bits. The
/// magnitude of a sum of 64 products of int8 is below 2^20.
inline constexpr int32 kInteger = 0x4b400000;

/// Bias of the exponents of bf16 and f32.
inline constexpr int kBias = 127;
/// Difference between the exponent of a row and the exponent of its unit. An int8 has 7 bits and a
/// sign, and its highest bit has the weight 2^6.
inline constexpr int kUnitBits = 6;
/// Minimum biased exponent of a row. With this exponent, the row's unit is 2^-126, the lowest
/// normal f32. Rows with a lower exponent use the minimum.
inline constexpr int kLowestRow = 7;

/// Returns the bits of a bf16 with the biased exponent `biased`, which may exceed 8 bits. The
/// result for 2 * kBias + kUnitBits overflows int16; subtracting a row's exponent brings it back
/// into range.
constexpr int16 bf16_exponent(int biased) {
  return static_cast<int16>(biased << 7);
}
/// Returns the bits of an f32 with the biased exponent `biased`.
constexpr int32 f32_exponent(int biased) {
  return biased << 23;
}

/// A row of A's blocks (kBlocks.m rows x 64), rounded to int8.
struct RoundedRows {
  aie::vector<int8, kRowBlock> values[kBlocksOfK];
  Integers unit;  ///< Exponent of each row's unit, without bias, in the bits of an f32's exponent.
};

/// Rounds a row of A's blocks to int8. Construct it before a loop, so that its constants are loaded
/// once.
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

  /// Returns the exponent of each row's largest magnitude, in all lanes of the row. The exponent is
  /// one higher if that magnitude would be rounded to 128. Only 255/128 * 2^e, the largest bf16
  /// with the exponent e, is rounded to 128.
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

/// Computes C += A * B for a tile of bf16 A and 64 x 64 int8 weights. A, B and C are stored in
/// blocks. The integer sums are exact.
[[gnu::noinline]] inline void multiply_int8_tile(const bfloat16* __restrict a,
                                                 const int8* __restrict b, float* __restrict c) {
  constexpr int kColumns = 4;  // Blocks of C accumulated at a time.
  constexpr int kBlocksOfN = kTile / kInt8Block;
  // Without saturation, the conversion to int8 takes the lowest bits of the integer in the f32.
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
