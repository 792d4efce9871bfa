// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "design/core_interface.h"
#include "design/design_spec.h"
#include "design/patterns.h"

/// The numbers of the descriptors that JobWriter writes for a job, and helper functions that set
/// parts of a descriptor.
namespace npuwhisper::npu {

/// A shim's descriptors for one job.
enum ShimBd {
  kBdA = 0,
  kBdPanel = 1,
  kBdRows = 2,  ///< Residual or queries.
  kBdKeys = 3,
  /// Product: weights that do not stay in the memory tile. A product has no kBdKeys.
  kBdWeights = 3,
  kBdC = 4,  ///< Up to kMaxBlocks descriptors; attention has one.
  kBdValues = 7,
  kShimBdsPerJob = 8
};
static_assert(kBdC + core::kMaxBlocks == kShimBdsPerJob);
/// A memory tile's descriptors for A in one job, from layout::kMemABd on.
enum MemABd {
  kBdAIn = 0,
  kBdAOut = 1,       ///< Up to kMaxBlocks descriptors, one for each block.
  kBdSamplesIn = 1,  ///< Spectrum (has no kBdAOut): receives the later pieces of samples.
  kBdFrames = 2,     ///< Spectrum: sends frames; up to kMaxBlocks - 1 descriptors.
};
static_assert(kBdAOut + core::kMaxBlocks == layout::kMemABdsPerJob);
/// A memory tile's descriptors for B in one job, from layout::kMemBBd on. "In" descriptors receive
/// data from the host, "Out" descriptors send data to the cores.
enum MemBBd {
  kBdFill = 0,    ///< In: the panel or, in attention, the header.
  kBdFirst = 1,   ///< Out: the tiles of kBdFill, for the first pass.
  kBdAgain = 2,   ///< Out: weights, or keys and values, for a further pass.
  kBdRowsIn = 3,  ///< In: a pass's residual or queries, or a slot of weights.
  /// Out: a pass's residual or queries, then kBdAgain. If the weights do not stay in the memory
  /// tile: a slot of weights or of the residual, without a next descriptor.
  kBdRowsOut = 4,
  /// Out: the residual of the last pass or the queries of the first pass, without a next
  /// descriptor.
  kBdRowsEnd = 5,
  kBdKeysIn = 6,   ///< In: keys and values of attention.
  kBdKeysOut = 7,  ///< Out: keys and values of attention, for the first pass.
  kMemBBdsUsed = 8
};
static_assert(kMemBBdsUsed == layout::kMemBBdsPerJob);

/// Address of a memory tile's own memory in its descriptors. A descriptor can access the memory and
/// the locks of its own memory tile and of the two neighbouring ones (AMD's manual AM020).
inline constexpr std::uint64_t kOwnMemory = 512 * 1024;
/// Index of a memory tile's first own lock in its descriptors.
inline constexpr std::uint32_t kOwnLocks = 64;

constexpr std::uint64_t tile_bytes(int n_tiles) {
  return static_cast<std::uint64_t>(n_tiles) * core::kTileBytes;
}

inline void acquire(BufferDescriptor& d, int lock, int value) {
  d.acquire_enable = true;
  d.acquire_lock = kOwnLocks + patterns::u32(lock);
  d.acquire_value = -value;  // Negative: acquires when the lock is at least `value`.
}
inline void release(BufferDescriptor& d, int lock, int value) {
  d.release_lock = kOwnLocks + patterns::u32(lock);
  d.release_value = value;
}
inline void iterate(BufferDescriptor& d, int executions, int step_tiles) {
  d.iteration_wrap = patterns::u32(executions);
  d.iteration_step = executions > 1 ? patterns::u32(step_tiles) * patterns::kTileWords : 1;
}

}  // namespace npuwhisper::npu
