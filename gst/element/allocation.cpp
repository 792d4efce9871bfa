// SPDX-License-Identifier: LGPL-2.1-or-later
#include "allocation.h"

#include <npuwhisper/audio_ring.h>

#include <utility>

#include "gst/support/debug.h"
#include "source_pads.h"

namespace npuwhisper {
namespace {

constexpr gsize kAlign = 63;  // Mask for an alignment of 64 bytes, one cache line.

bool is_16_bit(GstQuery* query) {
  GstCaps* caps = nullptr;
  gst_query_parse_allocation(query, &caps, nullptr);
  if (caps == nullptr || gst_caps_is_empty(caps) || gst_caps_is_any(caps)) return false;
  const char* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
  return g_strcmp0(format, "S16LE") == 0;
}

// Gives the allocator a ring if possible. Returns true if the allocator has a ring or will get one
// as soon as the engine is loaded. Waits for an engine that is loading, unless the source is live.
bool has_ring(GstElement* element, ElementState& state) {
  GstAllocator* allocator = state.allocator.get();
  if (audio_ring(allocator) != nullptr) return true;
  std::shared_ptr<Engine> engine = state.loader.engine();
  if (engine == nullptr && state.settings.get().engine.npu_stages.mel) {
    // The latency is usually updated on SEGMENT, which has not arrived yet.
    update_latency(element, state);
    if (state.latency.live()) {
      // Records the promise before checking for the engine again. If the engine is loaded after
      // this check, the worker sees the promise and sets the ring.
      promise_audio_ring(allocator);
      engine = state.loader.engine();
      if (engine == nullptr) return true;
    } else {
      engine = state.loader.wait(state.waits.token());
    }
  }
  return engine != nullptr && provide_ring(element, allocator, std::move(engine));
}

}  // namespace

bool provide_ring(GstElement* element, GstAllocator* allocator, std::shared_ptr<Engine> engine) {
  auto ring = AudioRing::create(std::move(engine));
  if (ring) {
    offer_audio_ring(allocator, std::move(*ring));
    return true;
  }
  GST_CAT_LEVEL_LOG(
      npuwhisper_debug,
      ring.error().code == ErrorCode::Unsupported ? GST_LEVEL_DEBUG : GST_LEVEL_WARNING, element,
      "no device memory for audio: %s", ring.error().message.c_str());
  return false;
}

void answer_allocation(GstElement* element, ElementState& state, GstQuery* query) {
  GstAllocator* allocator = state.allocator.get();
  GstAllocationParams params;
  gst_allocation_params_init(&params);
  params.align = kAlign;
  if (!is_16_bit(query)) {
    set_audio_ring(allocator, nullptr);
  } else if (has_ring(element, state)) {
    params.align = kRingAlign;
  }
  gst_query_add_allocation_param(query, allocator, &params);
}

}  // namespace npuwhisper
