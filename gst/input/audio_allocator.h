// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/audio_ring.h>

#include <cstdint>
#include <memory>

#include "gst/support/gst_ptr.h"

namespace npuwhisper {

/// Creates the allocator that the element offers upstream and uses for its own copies. Its memory
/// is aligned for vector loads. Up to 8 MiB of unused memory are kept and reused instead of freed,
/// so a running stream allocates nothing. The allocator never waits for memory to be returned;
/// otherwise, a producer could wait for memory while the element waits for the producer's audio.
/// Thread-safe. Unused memory is freed with the allocator's last reference.
///
/// With a ring, the allocator hands out memory that the device reads itself: consecutive slices of
/// the ring. If the ring is full, the allocator uses ordinary memory. A slice keeps the ring, the
/// engine and the device alive.
AllocatorPtr make_audio_allocator();

/// Takes the memory of future allocations from `ring`, or from the system if `ring` is nullptr.
/// Cancels promise_audio_ring().
void set_audio_ring(GstAllocator* allocator, std::shared_ptr<AudioRing> ring);
/// Sets `ring` for future allocations, unless the allocator already has a ring.
void offer_audio_ring(GstAllocator* allocator, std::shared_ptr<AudioRing> ring);
/// Records that upstream expects a ring that will be set later.
void promise_audio_ring(GstAllocator* allocator);
bool is_audio_ring_promised(GstAllocator* allocator);
std::shared_ptr<AudioRing> audio_ring(GstAllocator* allocator);
/// Alignment of the ring's slices as a mask, as in GstAllocationParams: 4 bytes. Requests for a
/// larger alignment are served from other memory.
inline constexpr gsize kRingAlign = 3;

/// Counts the blocks of memory that an audio allocator used. A slice of the ring needs one block
/// for its header.
struct AllocatorUse {
  std::uint64_t hits = 0;    ///< Blocks that were reused.
  std::uint64_t misses = 0;  ///< Blocks that were allocated from the system.
};
AllocatorUse audio_allocator_use(GstAllocator* allocator);

/// Returns true if `memory` (or the memory it is a part of) came from any audio allocator.
bool is_audio_memory(const GstMemory* memory);

/// Returns true if `memory` (or the memory it is a part of) is a slice of a ring.
bool is_ring_memory(const GstMemory* memory);

}  // namespace npuwhisper
