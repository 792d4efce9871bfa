// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "aie_api/emulation.h"
#include "array/array_model.h"
#include "design/core_interface.h"
#include "encoder_core/encoder_core_ref.h"

/// Runs a core's functions without an emulated array. CoreObject loads the functions from the same
/// object that the emulated array links. It has 64 KiB of memory in the design's layout, and its
/// own version of the loop that the generator writes. In this loop, queries arrive as tiles of A,
/// and take_a also gets the tiles of A that an attention job holds.
namespace npuwhisper::npu::testing {

/// A tile as a stream carries it into or out of a core: bf16 values (or a header) in blocks.
using Tile = std::vector<std::uint16_t>;

std::uint16_t to_bf16(double value);
double from_bf16(std::uint16_t bits);
/// Returns `m` with every element rounded to bf16.
reference::Matrix rounded(reference::Matrix m);
/// Returns a matrix of normally distributed values, rounded to bf16.
reference::Matrix random_matrix(int rows, int columns, double deviation, std::mt19937& generator);
/// Returns `n` multiples of 1/8 from -1 to 1.
std::vector<double> some_bias(int n);

class CoreObject {
 public:
  /// Loads the shared object at `path`, built for `generation`. Throws std::runtime_error on
  /// failure.
  CoreObject(Generation generation, const char* path);
  ~CoreObject();
  CoreObject(const CoreObject&) = delete;
  CoreObject& operator=(const CoreObject&) = delete;

  Generation generation() const { return generation_; }
  core::BlockShape blocks() const {
    return generation_ == Generation::Aie2 ? core::kBlocksAie2 : core::kBlocksAie2p;
  }
  NpuWhisperCoreState& state() { return *state_; }

  /// Returns a tile of 64 x 64 elements bits(row, column) in the blocks of A (a_tile) or B
  /// (b_tile).
  template <typename F>
  Tile a_tile(F bits) const {
    return pack(blocks().m, blocks().k, bits);
  }
  template <typename F>
  Tile b_tile(F bits) const {
    return pack(blocks().k, blocks().n, bits);
  }
  /// Returns a tile of elements bits(row, column) in columns of 8, the layout of samples
  /// (mel_core.h).
  template <typename F>
  Tile sample_tile(F bits) const {
    return pack(core::kTile, 8, bits);
  }
  /// Returns tile (row, column) of a matrix as bf16, in the blocks of A (a_tile) or B (b_tile).
  Tile a_tile(const reference::Matrix& m, int row, int column) const;
  Tile b_tile(const reference::Matrix& m, int row, int column) const;
  /// Returns an element of a C tile.
  double c_element(const Tile& tile, int row, int column) const;
  /// Returns an element of the matrix formed by C tiles side by side. If `transposed`, each tile is
  /// transposed.
  double c_element(const std::vector<Tile>& tiles, int row, int column, bool transposed) const;

  /// Runs one job as the core in `row`. Consumes the tiles in order and returns the C tiles. Throws
  /// std::runtime_error if a kernel traps, or if the job needs more or fewer tiles than `a` and `b`
  /// contain.
  std::vector<Tile> run(const core::JobHeader& header, std::deque<Tile> a, std::deque<Tile> b,
                        int row = 0);

  std::byte* memory() { return memory_.get(); }

  template <typename F>
  F* function(const char* name) const {
    return reinterpret_cast<F*>(find(name));
  }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  void* find(const char* name) const;

  template <typename F>
  static Tile pack(int block_rows, int block_columns, F bits) {
    Tile tile(core::kTileElements);
    std::size_t i = 0;
    for (int r = 0; r < core::kTile; r += block_rows) {
      for (int c = 0; c < core::kTile; c += block_columns) {
        for (int y = 0; y < block_rows; ++y) {
          for (int x = 0; x < block_columns; ++x) tile[i++] = bits(r + y, c + x);
        }
      }
    }
    return tile;
  }

  Generation generation_;
  void* handle_ = nullptr;
  NpuWhisperCoreState* state_ = nullptr;
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace npuwhisper::npu::testing
