// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <npuwhisper/engine.h>

#include <memory>

#include "element_state.h"

namespace npuwhisper {

/// Answers the sink pad's allocation query with the element's allocator. Where the engine's log-mel
/// is computed by the device and the audio is 16-bit, its memory is the device's own from then on,
/// so that the audio gets there without a copy. There is no pool: the ring behind that memory is
/// one, and wants its slices used in their order, which a pool of buffers would mix up.
///
/// A query that comes while the engine is loading waits for it if the stage mel was asked for (else
/// the audio up to then would be copied); the element's stopping, or a flush, ends that. A live
/// source, which would lose what it captures meanwhile, never waits: its memory is the device's as
/// soon as the engine is there.
void answer_allocation(GstElement* element, ElementState& state, GstQuery* query);

/// Gives the allocator memory of the engine's device, unless it has some. False: the device reads
/// no samples, or there is no memory, which the log says. Thread-safe.
bool provide_ring(GstElement* element, GstAllocator* allocator, std::shared_ptr<Engine> engine);

}  // namespace npuwhisper
