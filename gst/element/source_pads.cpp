// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_pads.h"

#include "element_state.h"
#include "gstnpuwhisper.h"

namespace npuwhisper {
namespace {

// The input queue's limit for a source that is not live, in samples. It is about half of a window
// of 30 s, so that upstream decodes ahead while a window is transcribed. Each second takes 64 kB as
// F32.
constexpr std::int64_t kQueueSamples = 16 * kSampleRate;
// The input queue's limit for live audio, in samples, beyond latency and lateness. If more audio
// than the latency is queued, the transcriber skips to the live edge. The transcriber selects the
// audio to skip better than the queue. Therefore, the queue drops audio only if an inference
// exceeds latency and lateness by this constant.
constexpr std::int64_t kSpareLiveSamples = 5 * kSampleRate;

bool refresh(ElementState& state, bool may_end_live) {
  const bool changed = state.latency.query_upstream(state.sink_pad, may_end_live);
  {
    const std::scoped_lock lock(state.limit_mutex);
    const bool live = state.latency.live();
    const std::int64_t longest_delay = time_to_samples(state.latency.longest_delay());
    state.input.set_limit(live ? longest_delay + kSpareLiveSamples : kQueueSamples, live);
  }
  if (changed) {
    state.text.wake();
    state.json.wake();
    state.audio.wake();
  }
  return changed;
}

void post_latency(GstElement* element) {
  gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
}

}  // namespace

SourceTask& source_task_of(GstPad* pad) {
  return *static_cast<SourceTask*>(gst_pad_get_element_private(pad));
}

gboolean source_activate_mode(GstPad* pad, GstObject*, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  return source_task_of(pad).activate(active != FALSE);
}

gboolean source_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_QOS:  // Producing less text would not save time.
      gst_event_unref(event);
      return TRUE;
    case GST_EVENT_RECONFIGURE:
      // An upstream queue that stopped because of NOT_LINKED waits for this event. In all other
      // cases, the event concerns upstream only if it comes from audio_src, because that pad has
      // the caps of the input audio.
      if (source_task_of(pad).relinked() || &source_task_of(pad) == &state_of(parent).audio) break;
      gst_event_unref(event);
      return TRUE;
    case GST_EVENT_SEEK: {
      // A pipeline sends a seek to every sink, so several source pads receive the same seek.
      const guint32 seqnum = gst_event_get_seqnum(event);
      if (state_of(parent).last_seek.exchange(seqnum) != seqnum) break;
      gst_event_unref(event);
      return TRUE;
    }
    default:
      break;
  }
  return gst_pad_event_default(pad, parent, event);
}

void source_linked(GstPad* pad, GstPad*, gpointer) {
  source_task_of(pad).linked();
}

gboolean source_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    ElementState& state = state_of(parent);
    refresh(state, false);
    const bool at_once = &source_task_of(pad) == &state.audio && !state.audio.is_sync();
    state.latency.answer(query, at_once ? 0 : state.latency.budget());
    return TRUE;
  }
  return gst_pad_query_default(pad, parent, query);
}

void update_latency(GstElement* element, ElementState& state) {
  if (refresh(state, true)) post_latency(element);
}

void update_own_latency(GstElement* element, ElementState& state, bool announces) {
  if (refresh(state, false) || announces) post_latency(element);
}

}  // namespace npuwhisper
