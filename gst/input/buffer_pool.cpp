// SPDX-License-Identifier: LGPL-2.1-or-later
#include "buffer_pool.h"

namespace npuwhisper {

BufferPoolPtr make_chunk_pool(GstAllocator* allocator, guint n_preallocated, guint n_max) {
  BufferPoolPtr pool(gst_buffer_pool_new());
  GstStructure* config = gst_buffer_pool_get_config(pool.get());
  // The pool has no caps, because a buffer may hold S16 or F32 samples. The input queue records the
  // format.
  gst_buffer_pool_config_set_params(config, nullptr, kChunkBytes, n_preallocated, n_max);
  gst_buffer_pool_config_set_allocator(config, allocator, nullptr);
  if (!gst_buffer_pool_set_config(pool.get(), config)) return nullptr;
  if (!gst_buffer_pool_set_active(pool.get(), TRUE)) return nullptr;
  return pool;
}

}  // namespace npuwhisper
