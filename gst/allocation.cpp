// SPDX-License-Identifier: LGPL-2.1-or-later
#include "allocation.h"

#include <npuwhisper/audio_ring.h>

#include <memory>
#include <utility>

#include "debug.h"

namespace npuwhisper {
namespace {

constexpr gsize kAlign = 63;  // One cache line.

bool is_16_bit(GstQuery* query) {
  GstCaps* caps = nullptr;
  gst_query_parse_allocation(query, &caps, nullptr);
  if (caps == nullptr || gst_caps_is_empty(caps) || gst_caps_is_any(caps)) return false;
  const char* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
  return g_strcmp0(format, "S16LE") == 0;
}

// nullptr: the device does not read samples, or there is no memory, which the log says.
std::shared_ptr<AudioRing> make_ring(GstElement* element, ElementState& state) {
  std::shared_ptr<Engine> engine = state.loader.engine();
  const bool is_wanted = state.settings.get().engine.npu_stages.mel;
  if (engine == nullptr && is_wanted) engine = state.loader.wait(state.patience.get_token());
  if (engine == nullptr) return nullptr;
  auto ring = AudioRing::create(std::move(engine));
  if (ring) return std::move(*ring);
  GST_CAT_LEVEL_LOG(
      npuwhisper_debug,
      ring.error().code == ErrorCode::Unsupported ? GST_LEVEL_DEBUG : GST_LEVEL_WARNING, element,
      "no device memory for audio: %s", ring.error().message.c_str());
  return nullptr;
}

}  // namespace

void answer_allocation(GstElement* element, ElementState& state, GstQuery* query) {
  GstAllocator* allocator = state.allocator.get();
  std::shared_ptr<AudioRing> ring;
  if (is_16_bit(query)) {
    ring = audio_ring(allocator);
    if (ring == nullptr) ring = make_ring(element, state);
  }
  GstAllocationParams params;
  gst_allocation_params_init(&params);
  params.align = ring != nullptr ? kRingAlign : kAlign;
  set_audio_ring(allocator, std::move(ring));
  gst_query_add_allocation_param(query, allocator, &params);
}

}  // namespace npuwhisper
