// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

namespace npuwhisper {

/// Converts IEEE 754 binary16 to f32 exactly, including subnormals, infinities and NaN, and
/// independently of the thread's flush-to-zero mode. `in` is little-endian, may be unaligned, and
/// holds 2 * out.size() bytes. Reentrant.
void f16_to_f32(std::span<const std::byte> in, std::span<float> out);
/// Converts bfloat16 to f32 exactly. `in` is little-endian, may be unaligned, and holds
/// 2 * out.size() bytes. Reentrant.
void bf16_to_f32(std::span<const std::byte> in, std::span<float> out);

}  // namespace npuwhisper
