// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gstnpuwhisperbin.h"

#include <string_view>
#include <utility>

#include "caption_bin.h"
#include "gst/element/properties.h"
#include "gst/support/debug.h"

G_DEFINE_TYPE(GstNpuWhisperBin, gst_npu_whisper_bin, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(npuwhisperbin, "npuwhisperbin", GST_RANK_NONE, GST_TYPE_NPU_WHISPER_BIN)

namespace {

using npuwhisper::CaptionBin;
using npuwhisper::CaptionMode;

// ID of the bin's own property. All other properties belong to npuwhisper and have the same IDs.
constexpr guint kPropMode = 1000;
// The bin's default latency. It is shorter than npuwhisper's default, because the bin holds raw
// video for this time.
constexpr guint kLatencyMs = 4000;

constexpr const char* kAudioCaps = "audio/x-raw";
constexpr const char* kVideoCaps = "video/x-raw(ANY)";
GstStaticPadTemplate audio_sink_template = GST_STATIC_PAD_TEMPLATE(
    "audio_sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(kAudioCaps));
GstStaticPadTemplate video_sink_template = GST_STATIC_PAD_TEMPLATE(
    "video_sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(kVideoCaps));
GstStaticPadTemplate audio_src_template =
    GST_STATIC_PAD_TEMPLATE("audio_src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(kAudioCaps));
GstStaticPadTemplate video_src_template =
    GST_STATIC_PAD_TEMPLATE("video_src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(kVideoCaps));

CaptionBin& inside(gpointer self) {
  return *GST_NPU_WHISPER_BIN(self)->inside;
}

GType mode_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(CaptionMode::None), "No captions: audio and video pass through", "none"},
      {static_cast<int>(CaptionMode::Overlay), "Text in the picture", "overlay"},
      {static_cast<int>(CaptionMode::Cea608), "CEA-608 captions, attached to the frames", "cea608"},
      {static_cast<int>(CaptionMode::Cea708),
       "CEA-608 captions within CEA-708 (cc_data), attached to the frames for H.264 encoders",
       "cea708"},
      {0, nullptr, nullptr}};
  static const GType type = [] {
    const GType registered = g_enum_register_static("GstNpuWhisperBinMode", values);
    gst_type_mark_as_plugin_api(registered, static_cast<GstPluginAPIFlags>(0));
    return registered;
  }();
  return type;
}

void set_mode(GstElement* self, CaptionMode mode) {
  if (GST_STATE(self) > GST_STATE_READY || GST_STATE_TARGET(self) > GST_STATE_READY) {
    GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS, ("The mode can be changed only in NULL or READY"),
                        ("the mode is unchanged"));
    return;
  }
  inside(self).set_mode(mode);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  if (id == kPropMode) {
    set_mode(GST_ELEMENT(object), static_cast<CaptionMode>(g_value_get_enum(value)));
    return;
  }
  g_object_set_property(G_OBJECT(inside(object).whisper()), spec->name, value);
  const std::string_view name = spec->name;
  if (name == "latency" || name == "streaming") inside(object).size_queues();
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  if (id == kPropMode) {
    g_value_set_enum(value, static_cast<int>(inside(object).mode()));
    return;
  }
  g_object_get_property(G_OBJECT(inside(object).whisper()), spec->name, value);
}

// Notifies listeners of the bin's property when npuwhisper's read-only property with the same name
// changes.
void on_notify(GObject*, GParamSpec* spec, gpointer self) {
  if ((spec->flags & G_PARAM_WRITABLE) != 0) return;
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(self), spec->name) != nullptr) {
    g_object_notify(G_OBJECT(self), spec->name);
  }
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  const bool up = transition == GST_STATE_CHANGE_NULL_TO_READY ||
                  transition == GST_STATE_CHANGE_READY_TO_PAUSED;  // The mode may change in READY.
  if (up && !inside(element).check_elements()) return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) inside(element).start();
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) inside(element).set_playing(true);
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) inside(element).set_playing(false);
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_npu_whisper_bin_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) inside(element).started();
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) inside(element).stop();
  return result;
}

// Sizes the queues again when an element's latency has changed.
void handle_message(GstBin* bin, GstMessage* message) {
  // `inside` is nullptr during construction and disposal.
  CaptionBin* inside = GST_NPU_WHISPER_BIN(bin)->inside;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY && inside != nullptr) inside->size_queues();
  GST_BIN_CLASS(gst_npu_whisper_bin_parent_class)->handle_message(bin, message);
}

void dispose(GObject* object) {
  GstNpuWhisperBin* self = GST_NPU_WHISPER_BIN(object);
  if (self->inside != nullptr) {
    g_signal_handlers_disconnect_by_data(self->inside->whisper(), self);
    delete std::exchange(self->inside, nullptr);
  }
  G_OBJECT_CLASS(gst_npu_whisper_bin_parent_class)->dispose(object);
}

}  // namespace

static void gst_npu_whisper_bin_class_init(GstNpuWhisperBinClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->dispose = dispose;
  npuwhisper::install_properties(object_class, npuwhisper::PropertySet::SuitsVideo);
  g_object_class_install_property(
      object_class, kPropMode,
      g_param_spec_enum("mode", "Mode", "How captions are put on the video", mode_type(),
                        static_cast<int>(CaptionMode::Overlay),
                        static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                 GST_PARAM_MUTABLE_READY)));

  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  gst_element_class_add_static_pad_template(element_class, &audio_sink_template);
  gst_element_class_add_static_pad_template(element_class, &video_sink_template);
  gst_element_class_add_static_pad_template(element_class, &audio_src_template);
  gst_element_class_add_static_pad_template(element_class, &video_src_template);
  gst_element_class_set_static_metadata(
      element_class, "Captions by Whisper speech recognition", "Filter/Audio/Video/Text",
      "Transcribes the speech of a video and adds the text to the video as captions",
      "The npuwhisper developers");
}

static void gst_npu_whisper_bin_init(GstNpuWhisperBin* self) {
  self->inside = new CaptionBin(GST_BIN(self));
  GstElement* whisper = self->inside->whisper();
  g_object_set(whisper, "latency", kLatencyMs, "streaming", TRUE, nullptr);
  g_signal_connect(whisper, "notify", G_CALLBACK(on_notify), self);
  self->inside->size_queues();
}
