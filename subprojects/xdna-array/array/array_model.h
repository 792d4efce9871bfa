// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include <npuwhisper/result.h>

namespace npuwhisper::npu {

enum class Generation : std::uint8_t {
  Aie2,  ///< npu1 (Phoenix, Hawk Point).
  Aie2p  ///< npu2 (Strix, Krackan).
};
enum class TileKind : std::uint8_t { Shim, Mem, Core };

/// Position of a tile. Row 0 holds the shims, row 1 the memory tiles, rows 2 and up the cores.
struct TileId {
  int column = 0;
  int row = 0;
  friend bool operator==(const TileId&, const TileId&) = default;
  friend auto operator<=>(const TileId&, const TileId&) = default;
};

/// Resources of one kind of tile. The values come from mlir-aie's target model and AM020.
struct TileLimits {
  int memory_bytes;
  int n_locks;
  int max_lock_value;
  int n_descriptors;
  /// Whether even channels can use only the lower half of the descriptors, and odd channels only
  /// the upper half.
  bool descriptors_by_parity;
  int n_s2mm_channels;
  int n_mm2s_channels;
  int n_dims;    ///< Dimensions of a descriptor, not counting the iteration.
  int max_wrap;  ///< Maximum wrap of every dimension except the outermost.
  int max_step;  ///< Maximum step in 32-bit words. The hardware stores the step minus one.
  int max_iteration;
};

/// Sizes and limits of one array model.
struct ArrayModel {
  std::string_view name;     ///< Name for find_array(): "npu1" or "npu2".
  std::string_view product;  ///< Name of the product, such as "NPU Phoenix".
  Generation generation;
  int n_columns;
  int n_rows;  ///< Number of rows, including the rows of shims and memory tiles.
  TileLimits shim;
  TileLimits mem;
  TileLimits core;
  int program_bytes;     ///< Size of a core's program memory.
  int vector_alignment;  ///< Alignment of the widest aligned load, in bytes.
  int max_contexts;

  const TileLimits& limits(TileKind kind) const;
  TileKind kind(TileId tile) const;
  bool contains(TileId tile) const;
};

/// Returns the array named "npu1" or "npu2". Errors: NotFound.
Result<const ArrayModel*> find_array(std::string_view name);

}  // namespace npuwhisper::npu
