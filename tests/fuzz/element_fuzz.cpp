// SPDX-License-Identifier: LGPL-2.1-or-later
// An input is a sequence of pipeline actions on an element: buffers, events, queries, properties,
// links and state changes. The runtime is scripted, so no model is needed. GStreamer's criticals
// are findings.
#include <gst/gst.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>

#include "decisions.h"
#include "element_neighbours.h"
#include "element_settings.h"
#include "element_traffic.h"
#include "gst/cea608/gsttexttocea608.h"
#include "gst/element/gstnpuwhisper.h"
#include "harness.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::fuzz {
namespace {

/// Maximum number of steps of an input. A long input takes more time than several short ones and
/// finds no more faults.
constexpr int kMostSteps = 200;

/// Ignores warnings, because inputs send events in the wrong order and pads refuse queries. Aborts
/// the program on a critical message. GLib's own way to make criticals fatal raises a signal that
/// libFuzzer does not catch.
void take_message(const gchar*, GLogLevelFlags level, const gchar* message, gpointer) {
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0) return;
  std::fprintf(stderr, "finding: CRITICAL %s\n", message);
  std::abort();
}

std::ptrdiff_t count_threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

/// Number of threads that run until the program exits.
std::ptrdiff_t lasting_threads;

/// Ends the idle threads of GLib's pools, and waits for at most 5 s until they have ended.
/// LeakSanitizer, which runs after this function, takes GLib's memory of a thread that is ending
/// for a leak.
void end_threads() {
  g_thread_pool_stop_unused_threads();
  for (int i = 0; i < 500 && count_threads() > lasting_threads; ++i) g_usleep(10'000);
}

void start_gstreamer() {
  lasting_threads = count_threads() + 1;  // GStreamer's system clock has a thread.
  std::atexit(end_threads);
  // Excludes the plugins of the system, so that GLib registers few quarks. GLib leaks the old array
  // of quarks when the array grows.
  g_setenv("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv("GST_PLUGIN_PATH_1_0", "", TRUE);
  g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
  g_log_set_default_handler(take_message, nullptr);
  gst_debug_set_default_threshold(GST_LEVEL_NONE);
  gst_init(nullptr, nullptr);
}

void write_script(Decisions& input) {
  test::Script script;
  script.texts = {" One sound,", " two words.", " \xE4\xB8\x96\xE7\x95\x8C<b>&\xFF", ""};
  script.drafts = input.yes();
  script.overlapping_words = input.yes();
  if (input.yes()) script.ring_samples = 16000;
  if (input.choice(16) == 15) script.push_error = Error{ErrorCode::DeviceError, "scripted"};
  test::set_script(std::move(script));
}

/// An element under test, its bus, and the pads around it. step() performs one action on them.
class Session {
 public:
  explicit Session(Decisions& input)
      : is_text_(input.choice(4) == 0),
        element_(GST_ELEMENT(
            g_object_new(is_text_ ? GST_TYPE_TEXT_TO_CEA608 : GST_TYPE_NPU_WHISPER, nullptr))),
        bus_(gst_bus_new()),
        traffic_(is_text_) {
    gst_object_ref_sink(element_);
    gst_element_set_bus(element_, bus_);
    neighbours_ = std::make_unique<Neighbours>(element_, input.yes());
    GstClock* clock = gst_system_clock_obtain();
    gst_element_set_clock(element_, clock);
    gst_object_unref(clock);
    // The session begins with a stream in PLAYING, because most inputs would not reach this state
    // by themselves.
    set_some_properties(input, element_, input.choice(4));
    gst_element_set_state(element_, GST_STATE_PLAYING);
    traffic_.begin_stream(neighbours_->upstream());
  }

  ~Session() {
    gst_element_set_state(element_, GST_STATE_NULL);
    neighbours_.reset();
    gst_element_set_bus(element_, nullptr);
    gst_bus_set_flushing(bus_, TRUE);  // Messages hold references to the element.
    gst_object_unref(bus_);
    gst_object_unref(element_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void step(Decisions& input) {
    switch (input.choice(16)) {
      case 0:
        return change_state(input);
      case 1:
        return set_some_properties(input, element_, 1);
      case 2:
        return read_properties(element_);
      case 3:
        return traffic_.query(input, element_, neighbours_->any_pad(input));
      case 4:
        return traffic_.send_upstream(input, neighbours_->downstream(input));
      case 5:
        return neighbours_->request_or_release(input);
      case 6:
        return neighbours_->link_or_unlink(input);
      case 7:
        return neighbours_->answer_with(input);
      case 8:
      case 9:
      case 10:
        return traffic_.send_event(input, neighbours_->upstream());
      case 11:
        return forget_messages();
      default:
        return traffic_.push_buffer(input, neighbours_->upstream());
    }
  }

 private:
  void change_state(Decisions& input) {
    constexpr std::array kStates = {GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED,
                                    GST_STATE_PLAYING};
    gst_element_set_state(element_, kStates[static_cast<std::size_t>(input.choice(4))]);
  }

  void forget_messages() {
    while (GstMessage* message = gst_bus_pop(bus_)) gst_message_unref(message);
  }

  const bool is_text_;
  GstElement* const element_;
  GstBus* const bus_;
  Traffic traffic_;
  std::unique_ptr<Neighbours> neighbours_;
};

}  // namespace
}  // namespace npuwhisper::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace npuwhisper::fuzz;
  static const bool started = (start_gstreamer(), true);
  (void)started;
  Decisions input(data, size);
  write_script(input);
  Session session(input);
  for (int i = 0; i < kMostSteps && !input.done(); ++i) session.step(input);
  return 0;
}
