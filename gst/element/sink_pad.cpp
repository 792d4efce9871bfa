// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sink_pad.h"

#include <algorithm>
#include <span>
#include <utility>

#include "allocation.h"
#include "element_state.h"
#include "gst/support/debug.h"
#include "gst/support/mapped_buffer.h"
#include "gst/support/segment_clip.h"
#include "gst/support/timeline.h"
#include "gstnpuwhisper.h"
#include "source_pads.h"

namespace npuwhisper {
namespace {

// Returns the flow for upstream: the first failure of a source pad; EOS or NOT_LINKED if no pad
// takes data any more; else OK.
GstFlowReturn combined_flow(const ElementState& state) {
  bool is_ok = false;
  GstFlowReturn end = GST_FLOW_NOT_LINKED;
  const SourceTask* const tasks[] = {&state.text, &state.json, &state.audio};
  for (const SourceTask* task : tasks) {
    if (task != &state.text && !task->active()) continue;
    const GstFlowReturn flow = task->last_flow();
    if (flow == GST_FLOW_OK) {
      is_ok = true;
    } else if (flow == GST_FLOW_EOS) {
      end = flow;
    } else if (flow != GST_FLOW_NOT_LINKED) {
      return flow;
    }
  }
  return is_ok ? GST_FLOW_OK : end;
}

void pass_audio(GstObject* parent, GstBuffer* buffer, GstClockTime start, std::int64_t n_samples) {
  ElementState& state = state_of(parent);
  const std::int64_t n_dropped = state.audio.write(buffer, start, n_samples);
  if (n_dropped == 0) return;
  GST_ELEMENT_WARNING(parent, RESOURCE, BUSY,
                      ("Downstream of audio_src does not accept audio: dropped %.2f s",
                       static_cast<double>(n_dropped) / kSampleRate),
                      ("the element linked to audio_src blocks live audio; its text continues"));
}

void warn_of_lost_audio(GstObject* parent, std::int64_t n_samples) {
  if (n_samples == 0) return;
  GST_ELEMENT_WARNING(parent, RESOURCE, BUSY,
                      ("Cannot keep up with live audio: skipped %.2f s",
                       static_cast<double>(n_samples) / kSampleRate),
                      ("the input queue was full; see the properties latency and stats"));
}

// Counts lost events. Posts one WARNING until the element is started again, because otherwise
// warnings would be posted at the rate of the events.
void note_lost_events(GstObject* parent, std::size_t n) {
  if (n == 0) return;
  ElementState& state = state_of(parent);
  state.counters.dropped_events.fetch_add(n, std::memory_order_relaxed);
  if (state.lost_events_told.exchange(true)) return;
  GST_ELEMENT_WARNING(parent, RESOURCE, BUSY,
                      ("Upstream sends too many events: dropping the oldest"),
                      ("see dropped-events in the property stats"));
}

bool is_sole_reference(const void* object) {
  return GST_MINI_OBJECT_REFCOUNT_VALUE(static_cast<const GstMiniObject*>(object)) == 1;
}

// Returns whether the samples are released with the buffer: no other owner and no pool holds them.
// The device reads samples in a ring until their window is done. During this time, another owner
// could overwrite the samples.
bool goes_with_its_samples(GstBuffer* buffer) {
  const GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
  return buffer->pool == nullptr && is_sole_reference(buffer) && is_sole_reference(memory) &&
         (memory->parent == nullptr || is_sole_reference(memory->parent));
}

InputQueue::PushResult queue_audio(ElementState& state, BufferPtr buffer) {
  const SampleFormat format = state.format;
  const std::size_t step = bytes_per_sample(format);
  const GstClockTime pts = GST_BUFFER_PTS(buffer.get());
  const std::size_t n_samples = gst_buffer_get_size(buffer.get()) / step;
  if (n_samples == 0) return {};
  const GstMemory* memory = gst_buffer_peek_memory(buffer.get(), 0);
  const bool is_in_ring = is_ring_memory(memory);
  if (gst_buffer_n_memory(buffer.get()) == 1 && is_audio_memory(memory) &&
      (!is_in_ring || goes_with_its_samples(buffer.get()))) {
    if (is_in_ring) {
      state.counters.device_buffers.fetch_add(1, std::memory_order_relaxed);
    }
    Audio audio{.buffer = std::move(buffer), .format = format, .pts = pts};
    audio.n_samples = static_cast<std::int64_t>(n_samples);
    return state.input.push(std::move(audio));
  }
  const MappedBuffer mapped(buffer.get());
  return state.input.copy(std::as_bytes(mapped.bytes().first(n_samples * step)), format, pts);
}

void flush_start(ElementState& state, GstEvent* event) {
  state.waits.flush_start();
  state.input.flush_start();
  state.worker.cancel();
  state.text.flush_start(event);
  state.json.flush_start(event);
  state.audio.flush_start(event);
}

void flush_stop(ElementState& state, GstEvent* event) {
  gst_segment_init(&state.segment, GST_FORMAT_TIME);
  state.waits.flush_stop();
  const std::uint64_t epoch = state.input.flush_stop();
  state.text.flush_stop(event, epoch);
  state.json.flush_stop(event, epoch);
  state.audio.flush_stop(event, epoch);
}

// Answers CAPS with the template's caps. If audio_src is active, restricts the answer to caps that
// the peer of audio_src accepts, because the audio leaves the element unchanged on that pad.
void answer_caps(GstPad* pad, const ElementState& state, GstQuery* query) {
  GstCaps* filter = nullptr;
  gst_query_parse_caps(query, &filter);
  const CapsPtr templ(gst_pad_get_pad_template_caps(pad));
  CapsPtr caps(state.audio.active() ? nullptr : gst_caps_ref(templ.get()));
  if (!caps) {
    const CapsPtr downstream = state.audio.peer_caps(templ.get());
    caps.reset(gst_caps_intersect_full(templ.get(), downstream.get(), GST_CAPS_INTERSECT_FIRST));
  }
  if (filter != nullptr) {
    caps.reset(gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
  }
  gst_query_set_caps_result(query, caps.get());
}

void set_caps(ElementState& state, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const char* format = gst_structure_get_string(gst_caps_get_structure(caps, 0), "format");
  state.format = g_strcmp0(format, "S16LE") == 0 ? SampleFormat::S16 : SampleFormat::F32;
}

// Handles the pad's sticky SEGMENT again if the current stream has sent no SEGMENT. Depayloaders do
// not forward a SEGMENT that equals the SEGMENT of the previous stream.
void keep_segment(GstPad* pad, GstObject* parent) {
  if (!state_of(parent).lacks_segment) return;
  if (GstEvent* kept = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0)) {
    sink_event(pad, parent, kept);
  }
}

}  // namespace

GstFlowReturn sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  ElementState& state = state_of(parent);
  keep_segment(pad, parent);
  if (state.latency.is_unanswered()) update_latency(GST_ELEMENT(parent), state);
  if (const GstFlowReturn flow = combined_flow(state); flow != GST_FLOW_OK) {
    gst_buffer_unref(buffer);
    return flow;
  }
  buffer =
      clip_to_segment(state.segment, buffer, static_cast<gint>(bytes_per_sample(state.format)));
  if (buffer == nullptr) return GST_FLOW_OK;
  const auto n_samples =
      static_cast<std::int64_t>(gst_buffer_get_size(buffer) / bytes_per_sample(state.format));
  const GstClockTime start = state.audio.start_of(buffer, n_samples);
  const BufferPtr passed(state.audio.active() ? gst_buffer_ref(buffer) : nullptr);
  const auto [flow, n_dropped] = queue_audio(state, BufferPtr(buffer));
  warn_of_lost_audio(parent, n_dropped);
  if (flow == GST_FLOW_OK && passed) pass_audio(parent, passed.get(), start, n_samples);
  return flow;
}

gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  ElementState& state = state_of(parent);
  EventPtr owned(event);
  if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) keep_segment(pad, parent);
  if (GST_EVENT_IS_SERIALIZED(event) && GST_EVENT_TYPE(event) != GST_EVENT_FLUSH_STOP) {
    note_lost_events(parent, state.audio.write(event));
  }
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
      flush_start(state, event);
      return TRUE;
    case GST_EVENT_FLUSH_STOP:
      flush_stop(state, event);
      return TRUE;
    case GST_EVENT_CAPS:
      set_caps(state, event);  // The text pads have caps of their own.
      return TRUE;
    case GST_EVENT_STREAM_COLLECTION:
      return TRUE;  // The collection describes upstream's streams, but not the text.
    case GST_EVENT_STREAM_START:
      state.lacks_segment = true;
      break;
    case GST_EVENT_SEGMENT:
      state.lacks_segment = false;
      gst_event_copy_segment(event, &state.segment);
      update_latency(GST_ELEMENT(parent), state);
      break;
    default:
      break;
  }
  if (!GST_EVENT_IS_SERIALIZED(event)) return gst_pad_event_default(pad, parent, owned.release());
  const InputQueue::EventResult result = state.input.push(std::move(owned));
  warn_of_lost_audio(parent, result.n_dropped_samples);
  note_lost_events(parent, result.n_lost);
  return result.accepted;
}

gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_ALLOCATION:
      answer_allocation(GST_ELEMENT(parent), state_of(parent), query);
      return TRUE;
    case GST_QUERY_CAPS:
      answer_caps(pad, state_of(parent), query);
      return TRUE;
    default:
      // The source pads have threads of their own. A serialized query (DRAIN) forwarded to them
      // would block on sinks that wait, and audio_src may still hold buffers.
      if (GST_QUERY_IS_SERIALIZED(query)) return FALSE;
      return gst_pad_query_default(pad, parent, query);
  }
}

}  // namespace npuwhisper
