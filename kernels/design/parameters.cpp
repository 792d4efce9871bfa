// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/parameters.h"

#include <bit>

namespace npuwhisper::npu {

float Weights::at(std::size_t index) const {
  return f32.empty() ? from_bf16(bf16[index]) : f32[index];
}

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

float from_bf16(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

}  // namespace npuwhisper::npu
