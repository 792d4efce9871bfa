// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "design/core_interface.h"

namespace npuwhisper::npu {

/// The part of an array that a design uses: cores (row 2 + r, column c) for r < core_rows, c <
/// core_columns.
struct DesignSpec {
  const ArrayModel* array = nullptr;
  int core_rows = 0;
  int core_columns = 0;

  /// Returns the number of columns of the partition. It is at least core_rows, because each core
  /// row needs its own shim and memory tile for A.
  int columns() const;
  /// Returns the column whose shim and memory tile carry A for a core row. The rows are spread over
  /// the partition to balance the load of the shims.
  int a_column(int row) const;
  int n_cores() const { return core_rows * core_columns; }
  core::BlockShape blocks() const;
};

/// Returns a design with core_rows x core_columns cores of the array named `array`. Errors:
/// NotFound (no such array), InvalidArgument (rows or columns that the array does not have).
Result<DesignSpec> make_design_spec(std::string_view array, int core_rows, int core_columns);

/// Channels, locks, descriptors and addresses that the configuration and the instruction streams
/// share. They are the same in all columns. The shim and the memory tile of column c carry B and C
/// of core column c. If c is the a_column() of a core row, they also carry A of that row.
///
/// The configuration runs the cores' DMAs and the collection of C in the memory tiles, in endless
/// loops. An instruction stream drives the shims, and the memory tiles' A and B channels. Data is
/// read from the host once per job and stays in the memory tile while the job sends it to the
/// cores. Weights that do not fit into the memory tile are read from the host for each pass.
namespace layout {

// The shim's channels.
inline constexpr int kShimA = 0;  ///< MM2S channel.
inline constexpr int kShimB = 1;  ///< MM2S channel.
inline constexpr int kShimC = 0;  ///< S2MM channel.
/// Controller id of all shims: the packet id of their task-complete tokens. The array program gives
/// this id to the shims, and the instruction streams write it to the channels. mlir-aie's aiecc
/// adds a route for packets with this id from each shim to the controller. 15 is also aiecc's own
/// choice for shims without an id.
inline constexpr int kShimControllerId = 15;

// The memory tile's channels. A and B have the same channel numbers in both directions.
inline constexpr int kMemA = 0;
inline constexpr int kMemB = 1;
inline constexpr int kMemCIn = 2;   ///< S2MM channel for core row 0; add the core row.
inline constexpr int kMemCOut = 2;  ///< MM2S channel.

// The core's channels.
inline constexpr int kCoreA = 0;  ///< S2MM channel.
inline constexpr int kCoreB = 1;  ///< S2MM channel.
inline constexpr int kCoreC = 0;  ///< MM2S channel.

// Memory tile's memory, in bytes: a pair of C tiles for each core row, then the tiles of the
// instruction streams.
inline constexpr std::uint32_t kMemCAddress = 0;
inline constexpr std::uint32_t kMemStreamAddress = 0x10000;
inline constexpr int kMemStreamTiles = 56;

// Memory tile's locks.
inline constexpr int kMemAFree = 0;  ///< Counts the free slots for A, at most kMemSlots.
inline constexpr int kMemAFull = 1;
inline constexpr int kMemCFree = 2;  ///< Lock id for core row 0; add 2 per core row.
inline constexpr int kMemCFull = 3;  ///< Lock id for core row 0; add 2 per core row.
/// Counts the tiles of B that have arrived and are not sent yet.
inline constexpr int kMemBFull = 10;
/// Counts the free slots for residual or query tiles, at most kMemSlots. A slot has one tile per
/// core row. If the weights do not stay in the memory tile, they pass through these slots
/// (Job::b_slot_tiles).
inline constexpr int kMemRowsFree = 11;
inline constexpr int kMemRowsFull = 12;
inline constexpr int kMemSlots = 2;
/// Number of a memory tile's locks for A, B and rows. C has two more locks for each core row.
inline constexpr int kMemStreamLocks = 5;

// Memory tile's descriptors. Even channels use the descriptors from 0 on, and odd channels use the
// descriptors from 24 on. The instruction streams have one set of descriptors for each of two jobs.
inline constexpr int kMemCInBd = 0;   ///< First descriptor for C from even core rows; 2 per row.
inline constexpr int kMemCOutBd = 4;  ///< First descriptor for C to the shim; 2 per core row.
/// First descriptor for A. Each of two jobs has kMemABdsPerJob descriptors.
inline constexpr int kMemABd = 12;
inline constexpr int kMemABdsPerJob = 5;
inline constexpr int kMemOddBd = 24;  ///< First descriptor for C from odd core rows; 2 per row.
/// First descriptor for B. Each of two jobs has kMemBBdsPerJob descriptors.
inline constexpr int kMemBBd = 28;
inline constexpr int kMemBBdsPerJob = 8;

/// Returns the memory tile's descriptor that receives tile `half` (0, 1) of a core row's pair of C
/// tiles.
constexpr int mem_c_in_bd(int row, int half) {
  return (row % 2 == 0 ? kMemCInBd : kMemOddBd) + row / 2 * 2 + half;
}
/// Returns the memory tile's descriptor that sends tile `half` (0, 1) of a core row's pair of C
/// tiles.
constexpr int mem_c_out_bd(int row, int half) {
  return kMemCOutBd + row * 2 + half;
}

// Core's locks and descriptors.
inline constexpr int kCoreAFree = 0;
inline constexpr int kCoreAFull = 1;
inline constexpr int kCoreBFree = 2;
inline constexpr int kCoreBFull = 3;
inline constexpr int kCoreCFree = 4;
inline constexpr int kCoreCFull = 5;
inline constexpr int kCoreLocks = 6;
inline constexpr int kCoreABd = 0;  ///< First of 2 descriptors.
inline constexpr int kCoreBBd = 2;  ///< First of 2 descriptors.
inline constexpr int kCoreCBd = 4;

}  // namespace layout

}  // namespace npuwhisper::npu
