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

/// A core's functions, loaded from the object that the emulated array links too, in 64 KiB of
/// memory laid out as the design lays it out; and the loop that the generator writes around them.
namespace npuwhisper::npu::testing {

/// A tile as it crosses a stream into or out of a core: bf16 (or a header) in blocks.
using Tile = std::vector<std::uint16_t>;

std::uint16_t to_bf16(double value);
double from_bf16(std::uint16_t bits);
/// `m` with every element rounded to bf16.
reference::Matrix rounded(reference::Matrix m);
/// Normally distributed, rounded to bf16.
reference::Matrix random_matrix(int rows, int columns, double deviation, std::mt19937& generator);
/// `n` multiples of 1/8, from -1 to 1.
std::vector<double> some_bias(int n);

class CoreObject {
 public:
  /// `path`: the shared object of that generation.
  CoreObject(Generation generation, const char* path);
  ~CoreObject();
  CoreObject(const CoreObject&) = delete;
  CoreObject& operator=(const CoreObject&) = delete;

  Generation generation() const { return generation_; }
  core::BlockShape blocks() const {
    return generation_ == Generation::Aie2 ? core::kBlocksAie2 : core::kBlocksAie2p;
  }
  NpuWhisperCoreState& state() { return *state_; }

  /// 64 x 64 elements in the blocks of A, or of B: bits(row, column).
  template <typename F>
  Tile a_tile(F bits) const {
    return pack(blocks().m, blocks().k, bits);
  }
  template <typename F>
  Tile b_tile(F bits) const {
    return pack(blocks().k, blocks().n, bits);
  }
  /// In columns of 8, as samples lie (mel_core.h).
  template <typename F>
  Tile sample_tile(F bits) const {
    return pack(core::kTile, 8, bits);
  }
  /// Tile (row, column) of a matrix, as bf16.
  Tile a_tile(const reference::Matrix& m, int row, int column) const;
  Tile b_tile(const reference::Matrix& m, int row, int column) const;
  /// A C tile's element.
  double c_element(const Tile& tile, int row, int column) const;
  /// That of the matrix that C tiles beside each other make up, each of them transposed or not.
  double c_element(const std::vector<Tile>& tiles, int row, int column, bool transposed) const;

  /// Runs one job as the core in `row`: takes the tiles in turn, gives the C tiles. Throws
  /// std::runtime_error where a kernel traps.
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
