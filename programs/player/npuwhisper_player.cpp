// SPDX-License-Identifier: LGPL-2.1-or-later

// npuwhisper-player: plays a file or URI with captions of its speech. Shows how a player uses
// npuwhisperbin (player_pipeline.cpp), and which settings can change during playback.

#include <gst/gst.h>
#include <gst/video/navigation.h>

#include <array>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "key_input.h"
#include "player_pipeline.h"
#include "programs/common/gst_owned.h"
#include "programs/common/missing_plugin.h"
#include "programs/common/plugin_lookup.h"
#include "programs/common/program_options.h"

namespace npuwhisper::player {
namespace {

enum ExitCode { kOk = 0, kFailed = 1, kUsage = 2 };

constexpr const char* kSummary =
    "Plays a file or a URI with captions of its speech.\n"
    "\n"
    "Keys, in the terminal and in the window:\n"
    "  space         pause, resume\n"
    "  left, right   seek back or ahead by ten seconds\n"
    "  l             next language: auto, en, de, fr, es, it, pt, zh, ja\n"
    "  t             switch between transcription and translation into English\n"
    "  c             show or hide captions\n"
    "  q             quit";

constexpr std::array kLanguages = {"auto", "en", "de", "fr", "es", "it", "pt", "zh", "ja"};
constexpr gint64 kStep = 10 * GST_SECOND;

void complain(const std::string& message) {
  std::cerr << "npuwhisper-player: " << message << std::endl;
}

/// The program's options, as given on the command line.
struct Options {
  std::optional<std::string> model, device, language, task;
  PlayerPipeline::Sinks sinks;
  int latency = 0;  ///< In milliseconds. 0: the default of npuwhisperbin.
  std::vector<std::string> uris;
};

Result<Options> parse(int argc, char** argv) {
  Options options;
  cli::ProgramOptions program("FILE|URI", kSummary);
  program.add("model", options.model, "Model, by name or path (default: base)", "NAME|PATH");
  program.add("device", options.device, "Device that runs the model (default: auto)",
              "auto|cpu|npu");
  program.add("language", options.language, "Spoken language (default: auto, detected)",
              "auto|CODE|NAME");
  program.add("task", options.task, "Transcribe, or translate into English (default: transcribe)",
              "transcribe|translate");
  program.add("latency", options.latency,
              "Maximum delay of the text in milliseconds (default: 4000); a longer delay gives "
              "fewer errors",
              "MS");
  program.add("videosink", options.sinks.video, "Video sink (default: autovideosink)", "ELEMENT");
  program.add("audiosink", options.sinks.audio, "Audio sink (default: autoaudiosink)", "ELEMENT");
  program.add_rest(options.uris);
  program.add_library(gst_init_get_option_group());
  if (auto parsed = program.parse(argc, argv); !parsed) return fail(parsed.error());
  if (options.uris.size() != 1) {
    return fail(ErrorCode::InvalidArgument, "wanted one FILE or URI (see --help)");
  }
  return options;
}

std::string uri_of(const std::string& file_or_uri) {
  if (gst_uri_is_valid(file_or_uri.c_str())) return file_or_uri;
  const cli::Owned<gchar> uri(gst_filename_to_uri(file_or_uri.c_str(), nullptr));
  return uri ? uri.get() : file_or_uri;
}

/// Runs the main loop: handles keys and bus messages, and changes the pipeline accordingly.
class Player {
 public:
  explicit Player(PlayerPipeline& pipeline)
      : pipeline_(pipeline), loop_(g_main_loop_new(nullptr, FALSE)) {
    GstBus* bus = gst_element_get_bus(pipeline.element());
    watch_ = gst_bus_add_watch(bus, on_message, this);
    gst_object_unref(bus);
  }
  ~Player() {
    g_source_remove(watch_);
    g_main_loop_unref(loop_);
  }
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  int run() {
    const KeyInput keys([this](Key key) { press(key); });
    pipeline_.set_paused(false);
    g_main_loop_run(loop_);
    return exit_code_;
  }

 private:
  void press(Key key) {
    GObject* captions = G_OBJECT(pipeline_.captions());
    switch (key) {
      case Key::Pause:
        pipeline_.set_paused(!pipeline_.paused());
        break;
      case Key::Back:
      case Key::Forward:
        seek(key == Key::Back ? -kStep : kStep);
        break;
      case Key::Language:
        language_ = (language_ + 1) % kLanguages.size();
        g_object_set(captions, "language-code", kLanguages[language_], nullptr);
        std::cout << "language: " << kLanguages[language_] << std::endl;
        break;
      case Key::Task:
        translates_ = !translates_;
        gst_util_set_object_arg(captions, "task", translates_ ? "translate" : "transcribe");
        std::cout << "task: " << (translates_ ? "translate" : "transcribe") << std::endl;
        break;
      case Key::Captions:
        std::cout << "captions: " << (pipeline_.toggle_captions() ? "on" : "off") << std::endl;
        break;
      case Key::Quit:
        g_main_loop_quit(loop_);
        break;
    }
  }

  void seek(gint64 step) {
    const GstClockTime target = pipeline_.seek_by(step);
    if (GST_CLOCK_TIME_IS_VALID(target)) {
      std::cout << "at " << target / GST_SECOND << " s" << std::endl;
    } else {
      std::cout << "this stream cannot seek" << std::endl;
    }
  }

  static gboolean on_message(GstBus*, GstMessage* message, gpointer self) {
    static_cast<Player*>(self)->take(message);
    return G_SOURCE_CONTINUE;
  }

  void take(GstMessage* message) {
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_EOS:
        g_main_loop_quit(loop_);
        break;
      case GST_MESSAGE_ERROR:
        report(message, gst_message_parse_error);
        exit_code_ = kFailed;
        g_main_loop_quit(loop_);
        break;
      case GST_MESSAGE_WARNING:
        report(message, gst_message_parse_warning);
        break;
      case GST_MESSAGE_BUFFERING: {
        gint percent = 0;
        gst_message_parse_buffering(message, &percent);
        pipeline_.set_buffering(percent < 100);
        break;
      }
      case GST_MESSAGE_STATE_CHANGED:
        if (GST_MESSAGE_SRC(message) == GST_OBJECT(pipeline_.element())) take_state(message);
        break;
      case GST_MESSAGE_LATENCY:
        gst_bin_recalculate_latency(GST_BIN(pipeline_.element()));
        break;
      case GST_MESSAGE_ELEMENT:
        // If a stream lacks a decoder, the other streams still play.
        if (const auto missing = cli::read_missing_plugin(message)) {
          complain(to_string(*missing));
          told_missing_ = true;
        }
        take_window_key(message);
        break;
      default:
        break;
    }
  }

  static void take_state(GstMessage* message) {
    GstState before = GST_STATE_NULL;
    GstState now = GST_STATE_NULL;
    GstState next = GST_STATE_NULL;
    gst_message_parse_state_changed(message, &before, &now, &next);
    if (next != GST_STATE_VOID_PENDING) return;
    if (now == GST_STATE_PLAYING) std::cout << "playing" << std::endl;
    if (now == GST_STATE_PAUSED) std::cout << "paused" << std::endl;
  }

  void report(GstMessage* message, void (*parse)(GstMessage*, GError**, gchar**)) {
    GError* error = nullptr;
    gchar* debug = nullptr;
    parse(message, &error, &debug);
    const bool is_missing_plugin =
        g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ||
        g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND);
    // An error about a missing plugin adds nothing to the message that was printed earlier.
    if (!is_missing_plugin || !told_missing_) complain(error->message);
    g_error_free(error);
    g_free(debug);
  }

  // Handles a key press in the video window that no upstream element has handled.
  void take_window_key(GstMessage* message) {
    if (gst_navigation_message_get_type(message) != GST_NAVIGATION_MESSAGE_EVENT) return;
    GstEvent* event = nullptr;
    if (!gst_navigation_message_parse_event(message, &event)) return;
    const gchar* name = nullptr;
    if (gst_navigation_event_get_type(event) == GST_NAVIGATION_EVENT_KEY_PRESS &&
        gst_navigation_event_parse_key_event(event, &name)) {
      if (const auto key = key_named(name)) press(*key);
    }
    gst_event_unref(event);
  }

  PlayerPipeline& pipeline_;
  GMainLoop* loop_;
  guint watch_ = 0;
  bool told_missing_ = false;  ///< Whether a missing plugin has been reported.
  std::size_t language_ = 0;
  bool translates_ = false;
  int exit_code_ = kOk;
};

int run(int argc, char** argv) {
  // By default, GStreamer catches faults while it loads plugins, and calls exit() in the signal
  // handler.
  gst_segtrap_set_enabled(FALSE);
  const auto options = parse(argc, argv);
  if (!options) {
    complain(options.error().message);
    return kUsage;
  }
  if (const auto found = cli::find_plugin("npuwhisperbin"); !found) {
    complain(found.error().message);
    return kFailed;
  }
  const auto pipeline = PlayerPipeline::create(uri_of(options->uris[0]), options->sinks);
  if (!pipeline) {
    complain(pipeline.error().message);
    return kFailed;
  }
  GObject* captions = G_OBJECT((*pipeline)->captions());
  const auto set = [captions](const char* property, const std::optional<std::string>& value) {
    if (value) gst_util_set_object_arg(captions, property, value->c_str());
  };
  set("model", options->model);
  set("device", options->device);
  set("language-code", options->language);
  set("task", options->task);
  if (options->latency > 0) g_object_set(captions, "latency", options->latency, nullptr);
  return Player(**pipeline).run();
}

}  // namespace
}  // namespace npuwhisper::player

int main(int argc, char** argv) {
  return npuwhisper::player::run(argc, argv);
}
