// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "encoder_core/tiles.h"
#include "mel_core/mel_core.h"

namespace npuwhisper::npu::mel {

/// Computes (log10(max(y, 1e-10)) + 4) / 4 in place. log2(y) is the exponent of y plus a polynomial
/// of degree 5 in t, the mantissa of y minus one. The polynomial (least squares on 0 .. 1, error
/// 1.5e-5) is evaluated in bf16 steps. The factor log10(2) / 4 is the sum of two bf16 numbers.
/// max(y, 1e-10) is positive and normal, so the bits above its mantissa are the exponent.
inline void take_log(float* accumulator) {
  using core::Accumulators;
  using core::Bf16Piece;
  using core::FloatPiece;
  using core::kLanes;
  using Bits = aie::vector<int32, kLanes>;
  const FloatPiece least = aie::broadcast<float, kLanes>(1e-10F);
  const FloatPiece one = aie::broadcast<float, kLanes>(1.0F);
  const FloatPiece magic = aie::broadcast<float, kLanes>(12582912.0F);  // 1.5 * 2^23
  const Bits mantissa_mask = aie::broadcast<int32, kLanes>(0x007fffff);
  const Bits bias = aie::broadcast<int32, kLanes>(0x4b400000 - 127);
  const Bf16Piece c5 = aie::broadcast<bfloat16, kLanes>(0.0463763392F);
  const Accumulators c4(aie::broadcast<float, kLanes>(-0.196249687F));
  const Accumulators c3(aie::broadcast<float, kLanes>(0.417580670F));
  const Accumulators c2(aie::broadcast<float, kLanes>(-0.709658334F));
  const Accumulators c1(aie::broadcast<float, kLanes>(1.44196520F));
  const Bf16Piece scale_high = aie::broadcast<bfloat16, kLanes>(0.0751953125F);
  const Bf16Piece scale_low = aie::broadcast<bfloat16, kLanes>(6.2186e-05F);
  const Accumulators offset(one);
  for (int i = 0; i < core::kTileElements; i += static_cast<int>(kLanes)) {
    const FloatPiece y = aie::max(aie::load_v<kLanes>(accumulator + i), least);
    const Bits bits = y.template cast_to<int32>();
    const Bits shifted = aie::add(aie::downshift(bits, 23), bias);
    const FloatPiece exponent = aie::sub(shifted.template cast_to<float>(), magic);
    const Bits normal =
        aie::bit_or(aie::bit_and(bits, mantissa_mask), one.template cast_to<int32>());
    const Bf16Piece t = core::to_bf16(aie::sub(normal.template cast_to<float>(), one));
    Bf16Piece q = aie::mac(c4, t, c5).template to_vector<bfloat16>();
    q = aie::mac(c3, t, q).template to_vector<bfloat16>();
    q = aie::mac(c2, t, q).template to_vector<bfloat16>();
    q = aie::mac(c1, t, q).template to_vector<bfloat16>();
    const Bf16Piece fraction = aie::mul<accfloat>(t, q).template to_vector<bfloat16>();
    const Bf16Piece e = core::to_bf16(exponent);  // Exact: an integer below 2^8.
    Accumulators v = aie::mac(offset, e, scale_high);
    v = aie::mac(v, e, scale_low);
    v = aie::mac(v, fraction, scale_high);
    aie::store_v(accumulator + i, v.template to_vector<float>());
  }
}

}  // namespace npuwhisper::npu::mel
