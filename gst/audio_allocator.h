// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/audio_ring.h>

#include <cstdint>
#include <memory>

#include "gst_ptr.h"

namespace npuwhisper {

/// The allocator that the element offers upstream and uses for its own copies: memory aligned for
/// vector loads, recycled instead of freed, so a running stream allocates nothing. Unlimited on
/// purpose: a producer that waited for our memory while we waited for its audio would hang.
/// Thread-safe. Blocks go back to the system when the allocator's last reference goes.
///
/// With a ring, memory is what the device reads itself: slices of the ring, one behind the other,
/// as long as there is room, and else as without. Such memory keeps the ring, and with it the
/// engine and the device, alive.
AllocatorPtr make_audio_allocator();

/// Memory that is asked for from here on comes from `ring`; nullptr: from the system. What was
/// promised is forgotten.
void set_audio_ring(GstAllocator* allocator, std::shared_ptr<AudioRing> ring);
/// The same, unless there is a ring.
void offer_audio_ring(GstAllocator* allocator, std::shared_ptr<AudioRing> ring);
/// Upstream counts on a ring that is yet to come.
void promise_audio_ring(GstAllocator* allocator);
bool is_audio_ring_promised(GstAllocator* allocator);
std::shared_ptr<AudioRing> audio_ring(GstAllocator* allocator);
/// Alignment of the ring's slices, as in GstAllocationParams: nobody may ask for more.
inline constexpr gsize kRingAlign = 3;

/// How often an allocator made by the above was asked, and where the memory came from.
struct AllocatorUse {
  std::uint64_t hits = 0;    ///< Memory that had been used before, the ring among it.
  std::uint64_t misses = 0;  ///< Memory that had to be allocated.
};
AllocatorUse audio_allocator_use(GstAllocator* allocator);

/// True if `memory` (or what it is a part of) came from any allocator made by the above.
bool is_audio_memory(const GstMemory* memory);

/// True if `memory` (or what it is a part of) is a slice of a ring.
bool is_ring_memory(const GstMemory* memory);

}  // namespace npuwhisper
