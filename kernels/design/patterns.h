// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include "array/buffer_descriptor.h"
#include "design/core_interface.h"
#include "design/host_matrix.h"

namespace npuwhisper::npu {

/// Access patterns of descriptors, in 32-bit words (two bf16 elements each). "Shim:" or "Memory
/// tile:" names the tiles that use a pattern. The rest of the comment names the data that the
/// returned descriptor accesses.
namespace patterns {

inline constexpr std::uint32_t kRowWords = core::kTile / 2;  ///< Words in a row of a tile.
inline constexpr std::uint32_t kTileWords = core::kTileElements / 2;

constexpr std::uint32_t u32(int value) {
  return static_cast<std::uint32_t>(value);
}

/// Shim: `n_tiles` adjacent tiles of a row panel. There are `executions` executions; each starts
/// `next_rows` rows below the previous one.
BufferDescriptor tiles_of_rows(const HostMatrix& matrix, int n_tiles, int next_rows,
                               int executions);

/// Shim: `n_tiles` adjacent tiles. Each execution continues to the right of the previous one.
BufferDescriptor tiles_along_rows(const HostMatrix& matrix, int n_tiles, int executions);

/// Shim: `n_rows` rows of one tile's columns. Each execution continues below the previous one.
BufferDescriptor column_of_tiles(const HostMatrix& matrix, int n_rows, int executions);

/// Shim: the data of `times` executions of column_of_tiles(), in a single execution.
BufferDescriptor whole_column_of_tiles(const HostMatrix& matrix, int n_rows, int times);

/// Host or memory tile: `n_tiles` contiguous tiles.
BufferDescriptor linear(int n_tiles);

/// Host or memory tile: contiguous 16-bit samples; their number is even.
BufferDescriptor samples(std::int64_t n_samples);

/// Memory tile: `n_tiles` adjacent tiles of frames that start one hop apart, read in the order that
/// mel_core.h defines for samples: columns of 8, each of 64 rows. Each execution starts `advance`
/// frames after the previous one.
BufferDescriptor frames(int n_tiles, int advance, int executions);

/// Memory tile: a stack of `n_tiles` row-major tiles, read in the blocks of A or B.
BufferDescriptor blocks_of_a(core::BlockShape block, int n_tiles);
BufferDescriptor blocks_of_b(core::BlockShape block, int n_tiles);

}  // namespace patterns

/// Returns the index of a 32-bit word in a row-major tile of B. The memory tile cuts the tile into
/// blocks, so that this word reaches a core as word number `word`.
int word_before_blocks(core::BlockShape block, int word);

/// Writes `bytes` to a tile of B, permuted so that they reach a core in their original order. The
/// memory tile cuts the tile into blocks, which reverses the permutation.
void write_in_order(std::span<const std::byte> bytes, core::BlockShape block, std::byte* tile);

}  // namespace npuwhisper::npu
