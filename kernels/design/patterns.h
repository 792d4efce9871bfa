// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "array/buffer_descriptor.h"
#include "design/core_interface.h"
#include "design/operation.h"

namespace npuwhisper::npu {

/// The walks of descriptors, in 32-bit words (two bf16 elements each).
namespace patterns {

inline constexpr std::uint32_t kRowWords = core::kTile / 2;  ///< Of a tile.
inline constexpr std::uint32_t kTileWords = core::kTileElements / 2;

constexpr std::uint32_t u32(int value) {
  return static_cast<std::uint32_t>(value);
}

/// Shim. `n_tiles` tiles beside each other in a row panel; the next execution is `next_rows` rows
/// further down, `executions` in all.
BufferDescriptor tiles_of_rows(const HostMatrix& matrix, int n_tiles, int next_rows,
                               int executions);

/// Shim. `n_tiles` tiles beside each other; the next execution is as many further right.
BufferDescriptor tiles_along_rows(const HostMatrix& matrix, int n_tiles, int executions);

/// Shim. `n_rows` rows of one tile's columns; the next execution is as many rows further down.
BufferDescriptor column_of_tiles(const HostMatrix& matrix, int n_rows, int executions);

/// As column_of_tiles(), all by one execution.
BufferDescriptor whole_column_of_tiles(const HostMatrix& matrix, int n_rows, int times);

/// Host or memory tile: `n_tiles` tiles as they lie.
BufferDescriptor linear(int n_tiles);

/// Host or memory tile: 16-bit samples as they lie; an even number.
BufferDescriptor samples(std::int64_t n_samples);

/// Memory tile: `n_tiles` tiles beside each other of frames that begin a hop apart, out in the
/// order that mel_core.h has for samples: columns of 8, each of 64 rows. The next execution is
/// `advance` frames further.
BufferDescriptor frames(int n_tiles, int advance, int executions);

/// Memory tile: `n_tiles` row-major tiles in a stack, out in the blocks of A or B.
BufferDescriptor blocks_of_a(core::BlockShape block, int n_tiles);
BufferDescriptor blocks_of_b(core::BlockShape block, int n_tiles);

}  // namespace patterns

/// Where in a tile of B (32-bit words, row-major) the word is that reaches a core as its word
/// number `word`.
int word_before_blocks(core::BlockShape block, int word);

}  // namespace npuwhisper::npu
