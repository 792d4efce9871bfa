// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>

#include "gst_ptr.h"

namespace npuwhisper {

/// The allocator that the element offers upstream and uses for its own copies: memory aligned for
/// vector loads, recycled instead of freed, so a running stream allocates nothing. Unlimited on
/// purpose: a producer that waited for our memory while we waited for its audio would hang.
/// Thread-safe. Blocks go back to the system when the allocator's last reference goes.
AllocatorPtr make_audio_allocator();

/// How often an allocator made by the above was asked, and where the memory came from.
struct AllocatorUse {
  std::uint64_t hits = 0;    ///< Memory that had been used before.
  std::uint64_t misses = 0;  ///< Memory that had to be allocated.
};
AllocatorUse audio_allocator_use(GstAllocator* allocator);

/// True if `memory` (or what it is a part of) came from any allocator made by the above.
bool is_audio_memory(const GstMemory* memory);

}  // namespace npuwhisper
