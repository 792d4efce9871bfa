// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gstnpuwhisper.h"

#include <mutex>

#include "element_state.h"
#include "gst/support/callback.h"
#include "gst/support/debug.h"
#include "gst/support/gst_ptr.h"
#include "gst/support/gsterror.h"
#include "properties.h"
#include "sink_pad.h"
#include "source_pads.h"
#include "stats.h"

GST_DEBUG_CATEGORY(npuwhisper_debug);
G_DEFINE_TYPE(GstNpuWhisper, gst_npu_whisper, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(npuwhisper, "npuwhisper", GST_RANK_NONE, GST_TYPE_NPU_WHISPER)

namespace {

using npuwhisper::ElementCallback;
using npuwhisper::ElementState;
using npuwhisper::PadCallback;
using npuwhisper::Settings;
using npuwhisper::SourceTask;
using npuwhisper::state_of;

constexpr const char* kAudioCaps =
    "audio/x-raw, format = (string) { S16LE, F32LE }, rate = (int) 16000, channels = (int) 1, "
    "layout = (string) interleaved";

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(kAudioCaps));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("text/x-raw, format = (string) { utf8, pango-markup }"));
GstStaticPadTemplate unsynced_src_template = GST_STATIC_PAD_TEMPLATE(
    "unsynced_src", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS("application/x-json"));
GstStaticPadTemplate audio_src_template =
    GST_STATIC_PAD_TEMPLATE("audio_src", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(kAudioCaps));

GstPad* make_source_pad(GstStaticPadTemplate* templ, const char* name, SourceTask& output) {
  GstPad* pad = gst_pad_new_from_static_template(templ, name);
  gst_pad_set_element_private(pad, &output);
  gst_pad_set_activatemode_function(pad, npuwhisper::source_activate_mode);
  gst_pad_set_event_function(pad, PadCallback<npuwhisper::source_event>::call<FALSE>);
  gst_pad_set_query_function(pad, PadCallback<npuwhisper::source_query>::call<FALSE>);
  g_signal_connect(pad, "linked", G_CALLBACK(npuwhisper::source_linked), nullptr);
  return pad;
}

npuwhisper::AllocatorUse memory_use(const ElementState& state) {
  const auto offered = npuwhisper::audio_allocator_use(state.allocator.get());
  const auto chunks = npuwhisper::audio_allocator_use(state.chunk_allocator.get());
  return {offered.hits + chunks.hits, offered.misses + chunks.misses};
}

/// Passes latency, lateness and meta-sync on to the objects that use them in other threads.
void set_timing(ElementState& state, const Settings& settings) {
  state.latency.set_lateness(settings.lateness_ms * GST_MSECOND);
  state.latency.set_budget(settings.latency_ms * GST_MSECOND);
  state.audio.set_sync(settings.meta_sync);
}

/// Passes on changes of latency, lateness and meta-sync. Posts a LATENCY message if latency or
/// meta-sync has changed.
void apply_timing(GstElement* element, ElementState& state) {
  const Settings settings = state.settings.get();
  const bool other_lateness = settings.lateness_ms * GST_MSECOND != state.latency.lateness();
  const bool other_latency = settings.latency_ms * GST_MSECOND != state.latency.budget() ||
                             settings.meta_sync != state.audio.is_sync();
  if (!other_latency && !other_lateness) return;
  set_timing(state, settings);
  // Lateness is not part of the pipeline's latency, but it raises the input queue's limit.
  npuwhisper::update_own_latency(element, state, other_latency);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  ElementState& state = state_of(object);
  GValue old = G_VALUE_INIT;
  g_value_init(&old, G_PARAM_SPEC_VALUE_TYPE(spec));
  const bool known = npuwhisper::get_property(state.settings.get(), id, &old);
  const bool same = known && g_param_values_cmp(spec, &old, value) == 0;
  g_value_unset(&old);
  if (!known) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  if (same) return;
  state.settings.change(npuwhisper::remakes_transcriber(id),
                        [&](Settings& settings) { npuwhisper::set_property(settings, id, value); });
  apply_timing(GST_ELEMENT(object), state);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  ElementState& state = state_of(object);
  switch (id) {
    case npuwhisper::kPropStats:
      g_value_take_boxed(
          value, npuwhisper::make_stats(state.loader.engine().get(), state.loader.load_time(),
                                        state.worker.stats(), state.counters, memory_use(state)));
      return;
    case npuwhisper::kPropMaxObservedDelay:
      g_value_set_uint(value, state.max_delay_ms);
      return;
    default:
      if (!npuwhisper::get_property(state.settings.get(), id, value)) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
      }
  }
}

// Records the longest delay of text so far (max-observed-delay), from which users can choose a
// latency. Posts a WARNING if this maximum has grown and exceeds latency plus lateness.
void note_delay(GstElement* element, GstClockTime delay) {
  ElementState& state = state_of(element);
  const auto ms = static_cast<guint>(delay / GST_MSECOND);
  if (ms <= state.max_delay_ms) return;
  state.max_delay_ms = ms;
  g_object_notify(G_OBJECT(element), "max-observed-delay");
  if (delay > state.latency.longest_delay()) {
    GST_ELEMENT_WARNING(
        element, RESOURCE, BUSY,
        ("Text was sent %u ms after it was spoken, which exceeds latency plus lateness", ms),
        (nullptr));
  }
}

// Returns whether a step of a state change succeeded. Posts an ERROR if it failed.
bool posted(GstElement* element, const npuwhisper::Result<void>& done) {
  if (done) return true;
  npuwhisper::post_error_now(element, done.error().code, done.error().message.c_str());
  return false;
}

bool start(GstElement* element, ElementState& state) {
  state.waits.start();
  state.lost_events_told = false;
  const npuwhisper::EngineOptions options = state.settings.get().engine;
  if (!posted(element, state.loader.start(options))) return false;
  if (state.loader.failed(options)) return false;  // The loader has posted the ERROR.
  const auto epoch = state.input.start();
  if (!epoch) {
    GST_ELEMENT_ERROR(element, RESOURCE, NO_SPACE_LEFT, ("No memory for audio buffers"), (nullptr));
    return false;
  }
  state.text.set_epoch(*epoch);
  state.json.set_epoch(*epoch);
  state.audio.set_epoch(*epoch);
  state.max_delay_ms = 0;
  gst_segment_init(&state.segment, GST_FORMAT_TIME);
  state.lacks_segment = false;
  if (!posted(element, state.watchdog.start())) return false;
  if (posted(element, state.worker.start())) return true;
  state.watchdog.stop();
  return false;
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  ElementState& state = state_of(element);
  switch (transition) {
    case GST_STATE_CHANGE_NULL_TO_READY:
      if (!posted(element, state.loader.start(state.settings.get().engine))) {
        return GST_STATE_CHANGE_FAILURE;
      }
      break;
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      if (!start(element, state)) return GST_STATE_CHANGE_FAILURE;
      break;
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      state.watchdog.set_playing(false);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      state.waits.stop();
      state.input.stop();  // Releases the streaming thread and the worker.
      state.worker.cancel();
      break;
    default:
      break;
  }
  // In a downward transition, this call deactivates the pads, so no thread may still wait in a pad.
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_npu_whisper_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) {
    state.watchdog.set_playing(result != GST_STATE_CHANGE_FAILURE);
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE)) {
    state.input.stop();
    state.worker.stop();
    state.watchdog.stop();
    // Releases the element's reference to the ring. From here on, only memory that upstream still
    // holds keeps the device open.
    npuwhisper::set_audio_ring(state.allocator.get(), nullptr);
  }
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) state.loader.end();
  return result;
}

// Returns the member that holds the request pad of template `name`. The caller holds
// request_pads_mutex.
GstPad*& request_pad_of(ElementState& state, const char* name) {
  return g_strcmp0(name, "audio_src") == 0 ? state.audio_src_pad : state.unsynced_src_pad;
}

bool has_pad(GstElement* element, const char* name) {
  return npuwhisper::PadPtr(gst_element_get_static_pad(element, name)) != nullptr;
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar*, const GstCaps*) {
  ElementState& state = state_of(element);
  const char* name = GST_PAD_TEMPLATE_NAME_TEMPLATE(templ);
  const bool is_audio = g_strcmp0(name, "audio_src") == 0;
  SourceTask& output = is_audio ? static_cast<SourceTask&>(state.audio) : state.json;
  GstPad* pad = nullptr;
  {
    const std::scoped_lock lock(state.request_pads_mutex);
    GstPad*& known = request_pad_of(state, name);
    // A released pad stays in the element until its thread has ended.
    if (known != nullptr || has_pad(element, name)) return nullptr;
    pad = make_source_pad(is_audio ? &audio_src_template : &unsynced_src_template, name, output);
    known = pad;
  }
  output.attach(pad);
  const bool runs =
      GST_STATE(element) > GST_STATE_READY || GST_STATE_NEXT(element) == GST_STATE_PAUSED;
  if (runs && !gst_pad_set_active(pad, TRUE)) {  // The ERROR is already posted.
    gst_object_unref(gst_object_ref_sink(pad));
    const std::scoped_lock lock(state.request_pads_mutex);
    request_pad_of(state, name) = nullptr;
    return nullptr;
  }
  gst_element_add_pad(element, pad);
  return pad;
}

void remove_request_pad(GstElement* element, GstPad* pad) {
  if (!gst_pad_set_active(pad, FALSE)) {
    GST_WARNING_OBJECT(pad, "the thread of the pad did not stop");
  }
  gst_element_remove_pad(element, pad);
}

void release_pad(GstElement* element, GstPad* pad) {
  {
    // A probe that releases its pad and stays installed calls release_pad() again for each further
    // buffer.
    ElementState& state = state_of(element);
    const std::scoped_lock lock(state.request_pads_mutex);
    GstPad*& known = request_pad_of(state, GST_PAD_NAME(pad));
    if (known != pad) return;
    known = nullptr;
  }
  if (!npuwhisper::source_task_of(pad).is_own_thread()) {
    remove_request_pad(element, pad);
    return;
  }
  // Pads are often released in one of their probes. The pad's thread cannot wait for its own end.
  gst_element_call_async(
      element,
      [](GstElement* self, gpointer released) { remove_request_pad(self, GST_PAD(released)); },
      gst_object_ref(pad), gst_object_unref);
}

void finalize(GObject* object) {
  delete GST_NPU_WHISPER(object)->state;
  G_OBJECT_CLASS(gst_npu_whisper_parent_class)->finalize(object);
}

}  // namespace

static void gst_npu_whisper_class_init(GstNpuWhisperClass* klass) {
  GST_DEBUG_CATEGORY_INIT(npuwhisper_debug, "npuwhisper", 0, "Whisper speech recognition");
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = ElementCallback<set_property>::call_void;
  object_class->get_property = ElementCallback<get_property>::call_void;
  object_class->finalize = finalize;
  npuwhisper::install_properties(object_class, npuwhisper::PropertySet::All);
  npuwhisper::register_segment_meta();

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = ElementCallback<change_state>::call<GST_STATE_CHANGE_FAILURE>;
  element_class->request_new_pad = ElementCallback<request_new_pad>::call<nullptr>;
  element_class->release_pad = ElementCallback<release_pad>::call_void;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_add_static_pad_template(element_class, &unsynced_src_template);
  gst_element_class_add_static_pad_template(element_class, &audio_src_template);
  gst_element_class_set_static_metadata(
      element_class, "Whisper speech recognition", "Filter/Converter/Audio/Text",
      "Transcribes speech to timed text on an AMD XDNA NPU or the CPU",
      "The npuwhisper developers");
}

static void gst_npu_whisper_init(GstNpuWhisper* self) {
  GstElement* element = GST_ELEMENT(self);
  self->state = new ElementState(element);
  ElementState& state = *self->state;
  set_timing(state, state.settings.get());
  state.text.on_late([element](GstClockTime delay) { note_delay(element, delay); });

  state.sink_pad = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(state.sink_pad,
                             PadCallback<npuwhisper::sink_chain>::call<GST_FLOW_ERROR>);
  gst_pad_set_event_function(state.sink_pad, PadCallback<npuwhisper::sink_event>::call<FALSE>);
  gst_pad_set_query_function(state.sink_pad, PadCallback<npuwhisper::sink_query>::call<FALSE>);
  gst_element_add_pad(element, state.sink_pad);

  state.src_pad = make_source_pad(&src_template, "src", state.text);
  state.text.attach(state.src_pad);
  gst_element_add_pad(element, state.src_pad);
}
