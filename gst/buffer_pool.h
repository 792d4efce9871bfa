// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "audio_allocator.h"
#include "gst_ptr.h"

namespace npuwhisper {

/// Bytes of one buffer of the pool: 256 ms of F32 audio at 16 kHz.
inline constexpr gsize kChunkBytes = 16384;

/// An active pool of buffers of kChunkBytes, `n_preallocated` of them made now, at most
/// `n_max` in all. For audio that arrives in memory which is not ours. nullptr: no memory.
BufferPoolPtr make_chunk_pool(GstAllocator* allocator, guint n_preallocated, guint n_max);

}  // namespace npuwhisper
