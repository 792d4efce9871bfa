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

/// Returns whether the scales of all ggml blocks are finite, and also the minimums that follow the
/// scales if `has_minimum`.
bool all_blocks(StoredType type, bool has_minimum, std::span<const std::byte> blocks) {
  const std::size_t n_bytes = block_of(type).n_bytes;
  const std::size_t n_checked = (has_minimum ? 2 : 1) * sizeof(std::uint16_t);
  bool found = true;
  for (std::size_t at = 0; at < blocks.size(); at += n_bytes) {
    found = found && all_of<std::uint16_t, kExponentF16>(blocks.subspan(at, n_checked));
  }
  return found;
}

}  // namespace

bool all_finite(StoredType type, std::span<const std::byte> values) {
  switch (type) {
    case StoredType::F32:
      return all_of<std::uint32_t, kExponentF32>(values);
    case StoredType::F16:
      return all_of<std::uint16_t, kExponentF16>(values);
    case StoredType::Bf16:
      return all_of<std::uint16_t, kExponentBf16>(values);
    case StoredType::I8:
    case StoredType::I16:
    case StoredType::I32:
      return true;
    case StoredType::Q4_0:
    case StoredType::Q5_0:
    case StoredType::Q8_0:
      return all_blocks(type, false, values);
    case StoredType::Q4_1:
    case StoredType::Q5_1:
      return all_blocks(type, true, values);
  }
  return true;
}

std::size_t first_not_finite(StoredType type, std::span<const std::byte> values) {
  const StoredBlock block = block_of(type);
  std::size_t at = 0;
  while (at < values.size() && all_finite(type, values.subspan(at, block.n_bytes))) {
    at += block.n_bytes;
  }
  return at / block.n_bytes * block.n_values;
}

}  // namespace npuwhisper
