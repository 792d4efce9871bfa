// SPDX-License-Identifier: LGPL-2.1-or-later

// A plugin with the element mediaobserver, a sink for raw audio or video. On PAUSED to READY, the
// sink writes a JSON file that describes the data since the last flush. The sink is for programs
// that take the description of a sink, such as npuwhisper-player.

#include <gst/base/gstbasesink.h>
#include <gst/gst.h>

#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>

#include "observer.h"

#define PACKAGE "npuwhisper"

namespace npuwhisper::media {
namespace {

/// Blocks a streaming thread until the sink pauses or is flushed, unless the sink has paused
/// before. A pause therefore always comes in the middle of the stream, however fast the data
/// arrives.
class Hold {
 public:
  /// Waits for a pause or flush. Returns false if a pause has already happened.
  bool wait() {
    std::unique_lock lock(mutex_);
    if (released_) return false;
    changed_.wait(lock, [this] { return interrupted_; });
    return true;
  }
  /// Makes all later calls of wait() return immediately.
  void release() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
  }
  /// While `interrupted` is true, wait() does not block.
  void interrupt(bool interrupted) {
    const std::scoped_lock lock(mutex_);
    interrupted_ = interrupted;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  bool interrupted_ = false;
};

/// The state of a sink: the values of its properties, its observer and its progress.
struct State {
  std::unique_ptr<Observer> observer;
  std::string report;
  std::uint64_t hold_at = 0;  ///< Number of the buffer that waits for a pause, or 0 for none.
  std::uint64_t n_rendered = 0;
  Hold hold;
};

}  // namespace
}  // namespace npuwhisper::media

using npuwhisper::media::State;

struct GstMediaObserver {
  GstBaseSink parent;
  State* state;
};
struct GstMediaObserverClass {
  GstBaseSinkClass parent_class;
};

static GType gst_media_observer_get_type();
G_DEFINE_TYPE(GstMediaObserver, gst_media_observer, GST_TYPE_BASE_SINK)

namespace {

enum Property { kMedia = 1, kReport, kHoldAt };

State& state_of(gpointer self) {
  return *static_cast<GstMediaObserver*>(self)->state;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = state_of(object);
  if (id == kMedia) {
    if (g_strcmp0(g_value_get_string(value), "audio") == 0) {
      state.observer = std::make_unique<npuwhisper::media::AudioObserver>();
    } else {
      state.observer = std::make_unique<npuwhisper::media::VideoObserver>();
    }
    state.observer->watch(GST_BASE_SINK_PAD(object));
  } else if (id == kReport) {
    state.report = g_value_get_string(value);
  } else if (id == kHoldAt) {
    state.hold_at = g_value_get_uint64(value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

GstFlowReturn render(GstBaseSink* sink, GstBuffer*) {
  State& state = state_of(sink);
  if (++state.n_rendered != state.hold_at) return GST_FLOW_OK;
  return state.hold.wait() ? gst_base_sink_wait_preroll(sink) : GST_FLOW_OK;
}

gboolean unlock(GstBaseSink* sink) {
  state_of(sink).hold.interrupt(true);
  return TRUE;
}

gboolean unlock_stop(GstBaseSink* sink) {
  state_of(sink).hold.interrupt(false);
  return TRUE;
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  State& state = state_of(element);
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) state.hold.release();
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_media_observer_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY && state.observer) {
    const nlohmann::json report = {{"from", state.observer->from()},
                                   {"seen", state.observer->report()}};
    std::ofstream(state.report) << report.dump();
  }
  return result;
}

void finalize(GObject* object) {
  delete &state_of(object);
  G_OBJECT_CLASS(gst_media_observer_parent_class)->finalize(object);
}

}  // namespace

static void gst_media_observer_class_init(GstMediaObserverClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->finalize = finalize;
  const auto flags = static_cast<GParamFlags>(G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      object_class, kMedia,
      g_param_spec_string("media", "Media", "audio or video; once", nullptr, flags));
  g_object_class_install_property(
      object_class, kReport,
      g_param_spec_string("report", "Report", "Path of the file to write", nullptr, flags));
  g_object_class_install_property(
      object_class, kHoldAt,
      g_param_spec_uint64("hold-at", "Hold at",
                          "Number of the rendered buffer that waits for a pause; 0: none", 0,
                          G_MAXUINT64, 0, flags));
  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Media observer", "Sink",
                                        "Writes down what arrives", "npuwhisper's tests");
  static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
      "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("audio/x-raw; video/x-raw"));
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  element_class->change_state = change_state;
  auto* sink_class = GST_BASE_SINK_CLASS(klass);
  sink_class->render = render;
  sink_class->unlock = unlock;
  sink_class->unlock_stop = unlock_stop;
}

static void gst_media_observer_init(GstMediaObserver* self) {
  self->state = new State;
  gst_base_sink_set_sync(&self->parent, FALSE);
}

namespace {

gboolean init(GstPlugin* plugin) {
  return gst_element_register(plugin, "mediaobserver", GST_RANK_NONE,
                              gst_media_observer_get_type());
}

}  // namespace

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, mediaobserver, "Observes media in tests",
                  init, "1.0", "LGPL", PACKAGE, "Unknown package origin")
