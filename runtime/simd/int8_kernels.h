// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "simd/int8_rows.h"
#include "simd/panel_kernels.h"
#include "simd/round_up.h"

namespace npuwhisper::cpu {

/// Int8 panels are the right side of products in integer arithmetic. A panel has 64 columns, like
/// the other panels (panel_kernels.h). The weights of four successive k of a column are adjacent,
/// as the dot products of VNNI and the tiles of AMX need them: element (k, n) is byte
/// (k / 4 * 64 + n % 64) * 4 + k % 4. A byte is the weight, -127 to 127, plus kInt8Offset, as an
/// unsigned number. k is padded to a multiple of 4; the padding may have any values.
inline constexpr std::size_t kInt8Depth = 4;  ///< Successive k of a column that are adjacent.
inline constexpr int kInt8Offset = 128;

/// Returns the index of element (k, column) in an int8 panel.
constexpr std::size_t int8_index(std::size_t k, std::size_t column) {
  return (k / kInt8Depth * kPanelColumns + column) * kInt8Depth + k % kInt8Depth;
}
/// Returns the size of an int8 panel in bytes.
constexpr std::size_t int8_panel_bytes(std::size_t k) {
  return round_up(k, kInt8Depth) * kPanelColumns;
}
/// Returns the byte that represents a weight.
constexpr std::uint8_t int8_byte(int weight) {
  return static_cast<std::uint8_t>(weight + kInt8Offset);
}

/// The instructions that int8 products can use, from the slowest to the fastest.
enum class Int8Isa {
  Portable,
  Avx2,        ///< VPMADDUBSW on 256 bits.
  AvxVnni,     ///< VPDPBUSD on 256 bits.
  Avx512Vnni,  ///< VPDPBUSD on 512 bits.
};
std::string_view to_string(Int8Isa isa);

/// Returns the instructions that this CPU has, in the order of Int8Isa. Thread-safe.
std::vector<Int8Isa> available_int8_isas();
/// Returns the last of available_int8_isas() that NPUWHISPER_MAX_ISA allows. Thread-safe.
Int8Isa best_int8_isa();

/// Multiplies rows by an int8 panel. For m < rows.n_rows(): sums[m * 64 + j] = sum over k of row m,
/// as rounded by Int8Rows, times the weight (k, j) times its scale. `scales`: [k / 64 rounded up,
/// 64]; nullptr: all scales are 1. Sums over 64 successive k are exact, and are added in f32. All
/// instruction sets but Portable compute the same bits. Thread-safe.
void multiply_int8(Int8Isa isa, const Int8Rows& rows, const std::uint8_t* panel,
                   const float* scales, float* sums);

}  // namespace npuwhisper::cpu
