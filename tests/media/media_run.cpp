// SPDX-License-Identifier: LGPL-2.1-or-later

// media-run plays a file or URI with or without npuwhisperbin, and performs one action on it. It
// prints a report of the data that arrived at the sinks as one JSON object. The tests compare the
// reports of two runs.

#include <gst/gst.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "observer.h"
#include "programs/common/media_type.h"
#include "programs/player/black_picture.h"

namespace npuwhisper::media {
namespace {

constexpr const char* kUsage =
    "usage: media-run [--captions none|overlay|cea608|cea708] [--model NAME]\n"
    "                 [--action play|seek|pause|half|double|track] [--at SECONDS]\n"
    "                 [--queue SECONDS] [--audio-to SINK] [--video-to SINK] URI\n"
    "  --queue     the size of the queues where there is no npuwhisperbin\n"
    "  --audio-to, --video-to\n"
    "              elements, as for gst-launch, in place of fakesink\n";

/// Blocks the streaming thread that calls arrive() until release() is called.
class Barrier {
 public:
  void arrive() {
    std::unique_lock lock(mutex_);
    arrived_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
  }
  bool wait_for_arrival() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(20), [this] { return arrived_; });
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool arrived_ = false;
  bool released_ = false;
};

class Run {
 public:
  explicit Run(std::map<std::string, std::string> options) : options_(std::move(options)) {
    pipeline_ = GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("media-run")));
    if (has("captions")) {
      bin_ = make("npuwhisperbin", "b");
      gst_util_set_object_arg(G_OBJECT(bin_), "mode", options_["captions"].c_str());
      g_object_set(bin_, "model", options_["model"].c_str(), "language-code", "en", nullptr);
      GstElement* whisper = gst_bin_get_by_name(GST_BIN(bin_), "npuwhisper");
      watch(text_, whisper, "src");
      gst_object_unref(whisper);
    }
    GstElement* source = make("uridecodebin", "source");
    g_object_set(source, "uri", options_["uri"].c_str(), nullptr);
    g_signal_connect(source, "pad-added", G_CALLBACK(on_pad), this);
    g_signal_connect(source, "no-more-pads", G_CALLBACK(on_no_more_pads), this);
    bus_ = gst_element_get_bus(pipeline_);
  }
  ~Run() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    if (last_track_ != nullptr) gst_object_unref(last_track_);
    gst_object_unref(bus_);
    gst_object_unref(pipeline_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  nlohmann::json play() {
    const std::string action = options_["action"];
    const bool pauses = action == "pause" || action == "track";
    if (pauses) {
      const auto hold = [this](std::uint64_t n) {
        if (n == 20) barrier_.arrive();
      };
      audio_.on_buffer(hold);
    }
    if (pauses) {  // The state change must be complete before the pause.
      gst_element_set_state(pipeline_, GST_STATE_PAUSED);
      wait_for_state();
    } else if (action != "play") {
      preroll(action);
    }
    if (error_.empty()) gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    if (pauses) pause();
    wait_for_end();
    return {{"ended", ended_},          {"error", error_},          {"sought", sought_},
            {"audio", audio_.report()}, {"video", video_.report()}, {"cues", text_.report()}};
  }

 private:
  bool has(const char* option) { return !options_[option].empty(); }

  GstElement* make(const char* factory, const char* name) {
    GstElement* element = gst_element_factory_make(factory, name);
    if (element == nullptr) {
      std::cerr << "media-run: GStreamer has no element " << factory << '\n';
      std::exit(2);
    }
    gst_bin_add(GST_BIN(pipeline_), element);
    return element;
  }

  GstElement* make_sink(const std::string& media) {
    const std::string to = options_[media + "-to"];
    if (to.empty()) {
      GstElement* sink = make("fakesink", (media + "_out").c_str());
      g_object_set(sink, "sync", FALSE, nullptr);
      return sink;
    }
    GError* error = nullptr;
    GstElement* sink = gst_parse_bin_from_description(to.c_str(), TRUE, &error);
    if (error != nullptr) {
      std::cerr << "media-run: " << to << ": " << error->message << '\n';
      std::exit(2);
    }
    gst_bin_add(GST_BIN(pipeline_), sink);
    return sink;
  }

  static void watch(Observer& observer, GstElement* element, const char* pad_name) {
    GstPad* pad = gst_element_get_static_pad(element, pad_name);
    observer.watch(pad);
    gst_object_unref(pad);
  }

  static bool is_linked(GstElement* element, const char* name) {
    GstPad* pad = gst_element_get_static_pad(element, name);
    const bool linked = gst_pad_is_linked(pad) != FALSE;
    gst_object_unref(pad);
    return linked;
  }

  /// Links `pad` through the bin, if there is one, to a sink that `observer` watches.
  void link(GstPad* pad, const std::string& media, Observer& observer) {
    // A stream that replaces an earlier one, as in Ogg, is linked to the same pad.
    if (const auto old = first_pads_.find(media); old != first_pads_.end()) {
      gst_pad_link(pad, old->second);
      return;
    }
    GstElement* first = bin_;
    std::string sink_name = media + "_sink";
    if (bin_ == nullptr) {
      first = make("queue", (media + "_queue").c_str());
      sink_name = "sink";
      const auto room = static_cast<guint64>(std::stod(options_["queue"]) * GST_SECOND);
      g_object_set(first, "max-size-buffers", 0U, "max-size-bytes", 0U, "max-size-time", room,
                   nullptr);
      GstPad* in = gst_element_get_static_pad(first, "sink");
      gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, refuse_to_wait, nullptr, nullptr);
      gst_object_unref(in);
    }
    GstElement* sink = make_sink(media);
    watch(observer, sink, "sink");
    gst_element_link_pads(first, bin_ != nullptr ? (media + "_src").c_str() : "src", sink, "sink");
    gst_element_sync_state_with_parent(sink);
    gst_element_sync_state_with_parent(first);
    GstPad* to = gst_element_get_static_pad(first, sink_name.c_str());
    gst_pad_link(pad, to);
    first_pads_[media] = to;
    gst_object_unref(to);  // The pad's element keeps the pad alive.
  }

  /// Drops serialized queries. A decoder whose query waits in the queue for the preroll would
  /// decode nothing more before a seek.
  static GstPadProbeReturn refuse_to_wait(GstPad*, GstPadProbeInfo* info, gpointer) {
    const bool waits = GST_QUERY_IS_SERIALIZED(GST_PAD_PROBE_INFO_QUERY(info));
    return waits ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  }

  /// Returns true if no pad is currently linked for `media`.
  bool is_free(const std::string& media) const {
    const auto pad = first_pads_.find(media);
    return pad == first_pads_.end() || !gst_pad_is_linked(pad->second);
  }

  void take_pad(GstPad* pad) {
    const std::string media = cli::media_type_of(pad);
    const std::scoped_lock lock(mutex_);
    if (media == "video/x-raw" && is_free("video")) {
      link(pad, "video", video_);
    } else if (media == "audio/x-raw" && options_["action"] == "track") {
      if (tracks_ == nullptr) {
        tracks_ = make("input-selector", "tracks");
        gst_element_sync_state_with_parent(tracks_);
        GstPad* src = gst_element_get_static_pad(tracks_, "src");
        link(src, "audio", audio_);
        gst_object_unref(src);
      }
      GstPad* track = gst_element_request_pad_simple(tracks_, "sink_%u");
      gst_pad_link(pad, track);
      if (last_track_ != nullptr) gst_object_unref(last_track_);
      last_track_ = track;
    } else if (media == "audio/x-raw" && is_free("audio")) {
      link(pad, "audio", audio_);
    }
  }

  static void on_pad(GstElement*, GstPad* pad, gpointer self) {
    static_cast<Run*>(self)->take_pad(pad);
  }

  static void on_no_more_pads(GstElement*, gpointer self) {
    auto& run = *static_cast<Run*>(self);
    if (run.bin_ != nullptr && !is_linked(run.bin_, "video_sink")) run.add_black_picture();
  }

  void add_black_picture() {
    auto picture = player::BlackPicture::create(192, 108);
    if (!picture) {
      std::cerr << "media-run: " << picture.error().message << '\n';
      std::exit(2);
    }
    picture_ = std::move(*picture);
    gst_bin_add(GST_BIN(pipeline_), picture_->element());
    GstPad* sound = gst_element_get_static_pad(bin_, "audio_sink");
    picture_->end_with(sound);
    gst_object_unref(sound);
    GstPad* src = gst_element_get_static_pad(picture_->element(), "src");
    {
      const std::scoped_lock lock(mutex_);
      link(src, "video", video_);
    }
    gst_object_unref(src);
    gst_element_sync_state_with_parent(picture_->element());
  }

  void preroll(const std::string& action) {
    gst_element_set_state(pipeline_, GST_STATE_PAUSED);
    if (!wait_for_state()) return;
    // The bin prerolls later than bare sinks do. The wait lets a run without the bin decode as much
    // before the seek as a run with the bin.
    g_usleep(static_cast<gulong>(std::stod(options_["wait"]) * G_USEC_PER_SEC));
    double rate = 1.0;
    gint64 start = 0;
    if (action == "half") rate = 0.5;
    if (action == "double") rate = 2.0;
    if (action == "seek") start = static_cast<gint64>(std::stod(options_["at"]) * GST_SECOND);
    constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    sought_ = gst_element_seek(pipeline_, rate, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET, start,
                               GST_SEEK_TYPE_NONE, 0) != FALSE;
    if (sought_) wait_for_state();
  }

  // Pauses while a buffer is on its way to the sink. With two tracks, switches to the other track.
  void pause() {
    while (!barrier_.wait_for_arrival()) {
      if (look_at_bus(0)) return;
    }
    if (last_track_ != nullptr) g_object_set(tracks_, "active-pad", last_track_, nullptr);
    gst_element_set_state(pipeline_, GST_STATE_PAUSED);
    barrier_.release();
    if (!wait_for_state()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }

  /// Waits for the state change. Returns false if EOS or an error comes first.
  bool wait_for_state() {
    while (!look_at_bus(0)) {
      const GstStateChangeReturn changed =
          gst_element_get_state(pipeline_, nullptr, nullptr, 20 * GST_MSECOND);
      if (changed == GST_STATE_CHANGE_FAILURE) continue;
      if (changed != GST_STATE_CHANGE_ASYNC) return true;
    }
    return false;
  }

  void wait_for_end() {
    while (!look_at_bus(GST_SECOND)) {
    }
  }

  /// Returns true if EOS or an error has been posted.
  bool look_at_bus(GstClockTime timeout) {
    GstMessage* message = nullptr;
    while (!ended_ && error_.empty() &&
           (message = gst_bus_timed_pop_filtered(
                bus_, timeout, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)))) {
      if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        ended_ = true;
      } else {
        GError* error = nullptr;
        gchar* details = nullptr;
        gst_message_parse_error(message, &error, &details);
        error_ = std::string(error->message) + " " + (details != nullptr ? details : "");
        g_free(details);
        g_error_free(error);
      }
      gst_message_unref(message);
    }
    return ended_ || !error_.empty();
  }

  std::map<std::string, std::string> options_;
  AudioObserver audio_;
  VideoObserver video_;
  TextObserver text_;
  Barrier barrier_;
  std::unique_ptr<player::BlackPicture> picture_;
  GstElement* pipeline_ = nullptr;
  GstElement* bin_ = nullptr;
  GstBus* bus_ = nullptr;
  std::mutex mutex_;  // Guards first_pads_, tracks_ and last_track_ while pads are added.
  std::map<std::string, GstPad*> first_pads_;  // The pad to link to, by "audio" or "video".
  GstElement* tracks_ = nullptr;
  GstPad* last_track_ = nullptr;
  bool ended_ = false;
  bool sought_ = false;
  std::string error_;
};

int run(int argc, char** argv) {
  gst_init(&argc, &argv);
  std::map<std::string, std::string> options = {
      {"model", "tiny.en"}, {"action", "play"}, {"at", "0"}, {"queue", "5"}, {"wait", "0"}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--") && i + 1 < argc) {
      options[std::string(argument.substr(2))] = argv[++i];
    } else {
      options["uri"] = argument;
    }
  }
  if (options["uri"].empty()) {
    std::cerr << kUsage;
    return 2;
  }
  std::cout << Run(std::move(options)).play().dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace npuwhisper::media

int main(int argc, char** argv) {
  return npuwhisper::media::run(argc, argv);
}
