// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace npuwhisper {

/// The format of a tensor's values in a model file. All formats are little-endian. The formats from
/// Q4_0 on are those of ggml (ggml-quants.c, version 2): blocks of 32 consecutive values of a row
/// that share a scale d, and in Q4_1 and Q5_1 also a minimum m. d and m are binary16.
///   Q4_0: d, 4-bit numbers q; d * (q - 8).        Q4_1: d, m, 4-bit numbers q; d * q + m.
///   Q5_0: d, high bits, low bits; d * (q - 16).   Q5_1: d, m, high bits, low bits; d * q + m.
///   Q8_0: d, 8-bit signed numbers q; d * q.
enum class StoredType : std::uint8_t { F32, F16, Bf16, I8, I16, I32, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 };

/// The smallest group of values that can be read separately.
struct StoredBlock {
  std::size_t n_values = 0;
  std::size_t n_bytes = 0;
};

StoredBlock block_of(StoredType type);
std::string_view to_string(StoredType type);
/// Returns whether the values are floating-point numbers or ggml's blocks.
bool is_real(StoredType type);

/// Returns the number of bytes of an array. Returns nullopt if a dimension is below 1, if the last
/// dimension does not consist of whole blocks, or if the size exceeds `limit` bytes.
std::optional<std::uint64_t> stored_bytes(StoredType type, std::span<const std::int64_t> dims,
                                          std::uint64_t limit);

/// Converts whole blocks to f32. `in` may be unaligned and holds the blocks of out.size() values.
/// Integers become the floating-point numbers of the same value. Reentrant.
void stored_to_f32(StoredType type, std::span<const std::byte> in, std::span<float> out);

}  // namespace npuwhisper
