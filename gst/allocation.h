// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include "element_state.h"

namespace npuwhisper {

/// Answers the sink pad's allocation query with the element's allocator. Where the engine's log-mel
/// is computed by the device and the audio is 16-bit, its memory is the device's own from then on,
/// so that the audio gets there without a copy. There is no pool: the ring behind that memory is
/// one, and wants its slices used in their order, which a pool of buffers would mix up.
///
/// A query that comes while the engine is loading waits for it if the stage mel was asked for (else
/// the audio up to then would be copied); the element's stopping ends that.
void answer_allocation(GstElement* element, ElementState& state, GstQuery* query);

}  // namespace npuwhisper
