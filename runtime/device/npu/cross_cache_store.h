// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "device/cpu/caches.h"
#include "device/npu/encoder_operations.h"
#include "simd/aligned.h"
#include "simd/thread_pool.h"

namespace npuwhisper::npu_device {

/// Converts the keys and values that the array computes for a window (bf16, one row per position)
/// to the CPU's layout and stores them in a stream's cross-attention buffer. The heads are divided
/// among the CPU's threads. Allocates only in the constructor. Only one thread at a time may call
/// store(), and this thread must have exclusive use of the pool.
class CrossCacheStore {
 public:
  /// Creates a store for windows of `n_keys` positions. `rows`: keys and values of all layers in
  /// the output buffer of a run. `type`: the cache's data type. `pool` must outlive this object.
  /// Throws std::bad_alloc.
  CrossCacheStore(std::vector<CacheRows> rows, int n_keys, DataType type, cpu::ThreadPool& pool);

  std::size_t cache_bytes() const { return layout_.bytes(); }
  void store(std::span<const std::byte> output, std::span<std::byte> cache);

 private:
  void store_head(const CacheRows& layer, int head, const std::byte* output, std::byte* cache,
                  float* scratch) const;

  std::vector<CacheRows> rows_;
  cpu::CrossCacheLayout layout_;
  cpu::ThreadPool& pool_;
  /// For each thread: a head's keys, then the head's values, in f32.
  std::vector<cpu::AlignedBytes> scratch_;
};

}  // namespace npuwhisper::npu_device
