// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::npu {

enum class Generation : std::uint8_t {
  Aie2,
  Aie2p
};  ///< npu1 (Phoenix, Hawk Point), npu2 (Strix, Krackan).
enum class TileKind : std::uint8_t { Shim, Mem, Core };

/// Row 0 is the shim row, row 1 the memory tiles, rows 2.. the cores.
struct TileId {
  int column = 0;
  int row = 0;
  friend bool operator==(const TileId&, const TileId&) = default;
  friend auto operator<=>(const TileId&, const TileId&) = default;
};

/// What one kind of tile has. Sources: the target model of mlir-aie, AM020.
struct TileLimits {
  int memory_bytes;
  int n_locks;
  int max_lock_value;
  int n_descriptors;
  bool descriptors_by_parity;  ///< Even channels see the lower half of the descriptors, odd ones
                               ///< the upper half.
  int n_s2mm_channels;
  int n_mm2s_channels;
  int n_dims;    ///< Of a descriptor, without the iteration dimension.
  int max_wrap;  ///< Of all dimensions but the outermost.
  int max_step;  ///< In 32-bit words; the hardware stores it less one.
  int max_iteration;
};

/// The limits of one array, as data.
struct ArrayModel {
  std::string_view name;     ///< "npu1", "npu2".
  std::string_view product;  ///< "NPU Phoenix", "NPU Strix".
  Generation generation;
  int n_columns;
  int n_rows;  ///< Shim and memory tiles included.
  TileLimits shim;
  TileLimits mem;
  TileLimits core;
  int program_bytes;     ///< Of a core.
  int vector_alignment;  ///< Bytes, of the widest aligned load.
  int max_contexts;

  const TileLimits& limits(TileKind kind) const;
  TileKind kind(TileId tile) const;
  bool contains(TileId tile) const;
};

/// "npu1" or "npu2". Errors: NotFound.
Result<const ArrayModel*> find_array(std::string_view name);

}  // namespace npuwhisper::npu
