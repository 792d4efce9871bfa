// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>

#include <memory>

#include "element_state.h"

namespace npuwhisper {

/// Answers the sink pad's allocation query with the element's allocator. If the device computes the
/// engine's log-mel and the audio is 16-bit, the allocator hands out the device's own memory, so
/// that audio reaches the device without a copy. Offers no buffer pool, because a pool would change
/// the order of the memory. The memory comes from a ring, whose slices avoid copies only if they
/// are used in order.
///
/// If NPU stage `mel` is selected, the device computes log-mel, and a query that arrives while the
/// engine is loading waits for the engine. Without the wait, the audio that arrives during the load
/// would be copied. A stop or a flush of the element ends the wait. A query of a live source never
/// waits, because the source would lose the audio captured meanwhile. A live source gets device
/// memory as soon as the engine is loaded.
void answer_allocation(GstElement* element, ElementState& state, GstQuery* query);

/// Gives the allocator a ring in memory of the engine's device, unless the allocator already has
/// one. Returns false and logs the reason if the device does not read samples itself or if there is
/// no memory. Thread-safe.
bool provide_ring(GstElement* element, GstAllocator* allocator, std::shared_ptr<Engine> engine);

}  // namespace npuwhisper
