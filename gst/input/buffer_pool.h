// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "audio_allocator.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Bytes of one buffer of the pool: 256 ms of F32 audio at 16 kHz.
inline constexpr gsize kChunkBytes = 16384;

/// Creates an active pool of buffers of kChunkBytes each: `n_preallocated` are allocated
/// immediately, and at most `n_max` exist at any time. The input queue copies audio from foreign
/// memory into these buffers. Returns nullptr if there is no memory.
BufferPoolPtr make_chunk_pool(GstAllocator* allocator, guint n_preallocated, guint n_max);

}  // namespace npuwhisper
