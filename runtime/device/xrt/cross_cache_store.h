// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "device/cpu/aligned.h"
#include "device/cpu/caches.h"
#include "device/cpu/thread_pool.h"
#include "device/xrt/encoder_operations.h"

namespace npuwhisper::xdna {

/// Puts keys and values that the array made, bf16 rows of a window, into a stream's cross-attention
/// buffer in the CPU's layout: heads shared out among the CPU's threads. Allocates in the
/// constructor only. One caller at a time, who has the pool.
class CrossCacheStore {
 public:
  /// `rows` of all layers, in the output buffer of a window of `n_keys` positions; `type` of the
  /// cache. `pool` must outlive this. Throws std::bad_alloc.
  CrossCacheStore(std::vector<CacheRows> rows, int n_keys, DataType type, cpu::ThreadPool& pool);

  std::size_t cache_bytes() const { return layout_.bytes(); }
  void store(std::span<const std::byte> output, std::span<std::byte> cache);

 private:
  void store_head(const CacheRows& layer, int head, const std::byte* output, std::byte* cache,
                  float* scratch) const;

  std::vector<CacheRows> rows_;
  cpu::CrossCacheLayout layout_;
  cpu::ThreadPool& pool_;
  std::vector<cpu::AlignedBytes> scratch_;  ///< By thread: keys, then values of a head in f32.
};

}  // namespace npuwhisper::xdna
