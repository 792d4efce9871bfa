// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/patterns.h"

#include <cstring>

#include "mel_core/mel_core.h"

namespace npuwhisper::npu {
namespace patterns {
namespace {

std::uint32_t row_step(const HostMatrix& matrix) {
  return u32(matrix.row_stride) / 2;
}

/// Sets the iteration to `executions` executions that begin `step` words apart. A single execution
/// needs no step.
void iterate(BufferDescriptor& d, int executions, std::uint32_t step) {
  d.iteration_wrap = u32(executions);
  d.iteration_step = executions > 1 ? step : 1;
}

BufferDescriptor tiles_side_by_side(const HostMatrix& matrix, int n_tiles) {
  BufferDescriptor d{.valid = true, .length = u32(n_tiles) * kTileWords};
  d.dims[0] = {.wrap = kRowWords, .step = 1};
  d.dims[1] = {.wrap = core::kTile, .step = row_step(matrix)};
  d.dims[2] = {.step = kRowWords};
  return d;
}

/// Returns the pattern of a stack of row-major tiles, read as blocks [rows][columns]. The rows of
/// further tiles follow the rows of the first tile.
BufferDescriptor blocks(int rows, int columns, int n_tiles) {
  BufferDescriptor d{.valid = true, .length = u32(n_tiles) * kTileWords};
  d.dims[0] = {.wrap = u32(columns) / 2, .step = 1};
  d.dims[1] = {.wrap = u32(rows), .step = kRowWords};
  d.dims[2] = {.wrap = u32(core::kTile / columns), .step = u32(columns) / 2};
  d.dims[3] = {.step = u32(rows) * kRowWords};
  return d;
}

}  // namespace

BufferDescriptor tiles_of_rows(const HostMatrix& matrix, int n_tiles, int next_rows,
                               int executions) {
  BufferDescriptor d = tiles_side_by_side(matrix, n_tiles);
  iterate(d, executions, u32(next_rows) * row_step(matrix));
  return d;
}

BufferDescriptor tiles_along_rows(const HostMatrix& matrix, int n_tiles, int executions) {
  BufferDescriptor d = tiles_side_by_side(matrix, n_tiles);
  iterate(d, executions, u32(n_tiles) * kRowWords);
  return d;
}

BufferDescriptor column_of_tiles(const HostMatrix& matrix, int n_rows, int executions) {
  BufferDescriptor d{.valid = true, .length = u32(n_rows) * kRowWords};
  d.dims[0] = {.wrap = kRowWords, .step = 1};
  d.dims[1] = {.wrap = u32(n_rows), .step = row_step(matrix)};
  iterate(d, executions, u32(n_rows) * row_step(matrix));
  return d;
}

BufferDescriptor whole_column_of_tiles(const HostMatrix& matrix, int n_rows, int times) {
  BufferDescriptor d{.valid = true, .length = u32(n_rows) * u32(times) * kRowWords};
  d.dims[0] = {.wrap = kRowWords, .step = 1};
  d.dims[1] = {.wrap = u32(n_rows), .step = row_step(matrix)};
  d.dims[2] = {.step = times > 1 ? u32(n_rows) * row_step(matrix) : 1};
  return d;
}

BufferDescriptor linear(int n_tiles) {
  return {.valid = true, .length = u32(n_tiles) * kTileWords};
}

BufferDescriptor samples(std::int64_t n_samples) {
  return {.valid = true, .length = static_cast<std::uint32_t>(n_samples / 2)};
}

BufferDescriptor frames(int n_tiles, int advance, int executions) {
  constexpr std::uint32_t kHopWords = mel::kHopSamples / 2;
  constexpr std::uint32_t kColumnWords = mel::kSampleColumns / 2;
  BufferDescriptor d{.valid = true, .length = u32(n_tiles) * kTileWords};
  d.dims[0] = {.wrap = kColumnWords, .step = 1};
  d.dims[1] = {.wrap = core::kTile, .step = kHopWords};
  d.dims[2] = {.wrap = u32(n_tiles) * kRowWords / kColumnWords, .step = kColumnWords};
  iterate(d, executions, u32(advance) * kHopWords);
  return d;
}

BufferDescriptor blocks_of_a(core::BlockShape block, int n_tiles) {
  return blocks(block.m, block.k, n_tiles);
}
BufferDescriptor blocks_of_b(core::BlockShape block, int n_tiles) {
  return blocks(block.k, block.n, n_tiles);
}

}  // namespace patterns

int word_before_blocks(core::BlockShape block, int word) {
  const int words = block.n / 2;
  const int in_row = word % words;
  const int row = word / words % block.k;
  const int block_column = word / (words * block.k) % (core::kTile / block.n);
  const int block_row = word / (words * block.k) / (core::kTile / block.n);
  return (block_row * block.k + row) * (core::kTile / 2) + block_column * words + in_row;
}

void write_in_order(std::span<const std::byte> bytes, core::BlockShape block, std::byte* tile) {
  for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
    const int place = word_before_blocks(block, static_cast<int>(i));
    std::memcpy(tile + 4 * place, &bytes[4 * i], 4);
  }
}

}  // namespace npuwhisper::npu
