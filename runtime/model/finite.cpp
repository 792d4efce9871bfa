// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/finite.h"

#include <cstdint>
#include <cstring>

namespace npuwhisper {
namespace {

// A value is NaN or infinite if all bits of its exponent are ones.
constexpr std::uint32_t kExponentF32 = 0x7f800000;
constexpr std::uint16_t kExponentF16 = 0x7c00;
constexpr std::uint16_t kExponentBf16 = 0x7f80;

template <typename Bits, Bits kExponent>
bool is_finite(const std::byte* at) {
  Bits bits;
  std::memcpy(&bits, at, sizeof bits);
  return (bits & kExponent) != kExponent;
}

/// Returns whether all values are finite. Has no branches, so that the compiler can vectorise it
/// for any CPU.
template <typename Bits, Bits kExponent>
bool all_of(std::span<const std::byte> values) {
  const std::byte* const from = values.data();
  const std::size_t n = values.size() / sizeof(Bits);
  Bits found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    found =
        static_cast<Bits>(found | (is_finite<Bits, kExponent>(from + i * sizeof(Bits)) ? 0U : 1U));
  }
  return found == 0;
}

}  // namespace

bool all_finite(DataType type, std::span<const std::byte> values) {
  switch (type) {
    case DataType::F32:
      return all_of<std::uint32_t, kExponentF32>(values);
    case DataType::F16:
      return all_of<std::uint16_t, kExponentF16>(values);
    case DataType::Bf16:
      return all_of<std::uint16_t, kExponentBf16>(values);
    case DataType::I8:
    case DataType::I16:
    case DataType::I32:
      return true;
  }
  return true;
}

std::size_t first_not_finite(DataType type, std::span<const std::byte> values) {
  const std::size_t size = size_of(type);
  std::size_t i = 0;
  while (i * size < values.size() && all_finite(type, values.subspan(i * size, size))) ++i;
  return i;
}

}  // namespace npuwhisper
