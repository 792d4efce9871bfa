// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include <npuwhisper/result.h>

#include "array/array_model.h"
#include "design/core_interface.h"

namespace npuwhisper::npu {

/// Which part of an array a design uses: cores (row 2 + r, column c) for r < core_rows, c <
/// core_columns.
struct DesignSpec {
  const ArrayModel* array = nullptr;
  int core_rows = 0;
  int core_columns = 0;

  /// Columns of the partition: each core row's A needs a shim and a memory tile of its own.
  int columns() const;
  /// The column whose shim and memory tile carry A for a core row; spread over the partition, so
  /// that no shim carries more than it must.
  int a_column(int row) const;
  int n_cores() const { return core_rows * core_columns; }
  core::BlockShape blocks() const;
};

/// Errors: NotFound (array), InvalidArgument (rows, columns that the array does not have).
Result<DesignSpec> make_design_spec(std::string_view array, int core_rows, int core_columns);

/// What the configuration and the instruction streams must agree on: channels, locks, descriptors
/// and addresses, the same in all columns. Column c's shim and memory tile serve core column c (B
/// and C) and, where c is a row's a_column(), that row's A.
///
/// The configuration runs the cores' DMAs and the collection of C in the memory tiles, endlessly.
/// An instruction stream drives the shims, and the memory tiles' A and B: what comes once from the
/// host stays there for as long as a job plays it to the cores.
namespace layout {

// Shim.
inline constexpr int kShimA = 0;  ///< MM2S
inline constexpr int kShimB = 1;  ///< MM2S
inline constexpr int kShimC = 0;  ///< S2MM

// Memory tile: A and B have the same channel numbers in both directions.
inline constexpr int kMemA = 0;
inline constexpr int kMemB = 1;
inline constexpr int kMemCIn = 2;   ///< S2MM, + core row
inline constexpr int kMemCOut = 2;  ///< MM2S

// Core.
inline constexpr int kCoreA = 0;  ///< S2MM
inline constexpr int kCoreB = 1;  ///< S2MM
inline constexpr int kCoreC = 0;  ///< MM2S

// Memory tile's memory, bytes: a pair of C tiles for each core row; the rest is the streams'.
inline constexpr std::uint32_t kMemCAddress = 0;
inline constexpr std::uint32_t kMemStreamAddress = 0x10000;
inline constexpr int kMemStreamTiles = 56;

// Memory tile's locks.
inline constexpr int kMemAFree = 0;  ///< Counts kMemSlots.
inline constexpr int kMemAFull = 1;
inline constexpr int kMemCFree = 2;      ///< + 2 * core row
inline constexpr int kMemCFull = 3;      ///< + 2 * core row
inline constexpr int kMemBFull = 10;     ///< Tiles of B that have come and were not played yet.
inline constexpr int kMemRowsFree = 11;  ///< Residual or query tiles, one for each core row: counts
                                         ///< kMemSlots.
inline constexpr int kMemRowsFull = 12;
inline constexpr int kMemSlots = 2;
inline constexpr int kMemStreamLocks = 5;  ///< Without the two of each core row for C.

// Memory tile's descriptors: the even channels' from 0, the odd ones' from 24. The streams have a
// set for each of two jobs.
inline constexpr int kMemCInBd = 0;   ///< 2 for each even core row
inline constexpr int kMemCOutBd = 4;  ///< 2 for each core row
inline constexpr int kMemABd = 12;    ///< kMemABdsPerJob for each of two jobs
inline constexpr int kMemABdsPerJob = 5;
inline constexpr int kMemOddBd = 24;  ///< C, 2 for each odd core row
inline constexpr int kMemBBd = 28;    ///< kMemBBdsPerJob for each of two jobs
inline constexpr int kMemBBdsPerJob = 8;

/// The C descriptors of a core row.
constexpr int mem_c_in_bd(int row, int half) {
  return (row % 2 == 0 ? kMemCInBd : kMemOddBd) + row / 2 * 2 + half;
}
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
inline constexpr int kCoreABd = 0;  ///< 2
inline constexpr int kCoreBBd = 2;  ///< 2
inline constexpr int kCoreCBd = 4;

}  // namespace layout

}  // namespace npuwhisper::npu
