// SPDX-License-Identifier: LGPL-2.1-or-later
// An RTSP server stops in the middle of a sentence and starts again. The program that plays the
// stream reconnects, and leaves everything downstream of its source in PLAYING.
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gst/support/gst_ptr.h"
#include "heard_audio.h"
#include "live_speech.h"
#include "rtsp_server.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

/// Handles a camera as a user's program does. When the source posts an ERROR or ends, the program
/// replaces it, or stops and restarts it. Downstream elements receive no EOS.
class Camera {
 public:
  /// Links the source's audio to the element named audio_in. If `is_remade`, creates a new source
  /// for each connection.
  Camera(Pipeline& pipeline, int port, bool is_remade)
      : pipeline_(pipeline),
        uri_("rtsp://127.0.0.1:" + std::to_string(port) + "/live"),
        is_remade_(is_remade) {
    GstPad* pad = gst_element_get_static_pad(pipeline_.element("audio_in"), "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
    gst_object_unref(pad);
    make();
  }

  /// Reconnects whenever the connection is lost, until `is_done`. Returns false on a timeout.
  bool run(const std::function<bool()>& is_done) {
    const auto end = std::chrono::steady_clock::now() + LiveSpeech::kLongest;
    while (!is_done()) {
      const bool has_failed = pipeline_.message(GST_MESSAGE_ERROR, 20ms) != nullptr;
      if (ended_.exchange(false) || has_failed) connect_again();
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }
  int n_connects() const { return n_connects_; }

 private:
  void make() {
    source_ = gst_element_factory_make("rtspsrc", nullptr);
    g_object_set(source_, "location", uri_.c_str(), "latency", 500U, nullptr);
    gst_util_set_object_arg(G_OBJECT(source_), "protocols", "tcp");
    g_signal_connect(source_, "pad-added", G_CALLBACK(on_pad), this);
    gst_bin_add(GST_BIN(pipeline_.get()), source_);
    // The first source starts together with the pipeline, so the pipeline detects that it is live.
    gst_element_sync_state_with_parent(source_);
  }

  void connect_again() {
    ++n_connects_;
    gst_element_set_state(source_, is_remade_ ? GST_STATE_NULL : GST_STATE_READY);
    std::this_thread::sleep_for(300ms);
    while (pipeline_.message(GST_MESSAGE_ERROR, 0ms)) {
    }
    ended_ = false;
    if (is_remade_) {
      gst_bin_remove(GST_BIN(pipeline_.get()), source_);
      make();
    } else {
      gst_element_set_state(source_, GST_STATE_PLAYING);
    }
    // Until the first text has come, the pipeline is still changing to PLAYING. The source's ERROR
    // has ended that change, so this call starts it again.
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }

  static void on_pad(GstElement*, GstPad* pad, gpointer self) {
    auto& camera = *static_cast<Camera*>(self);
    GstCaps* caps = gst_pad_query_caps(pad, nullptr);
    const GstStructure* fields = gst_caps_get_structure(caps, 0);
    const bool is_audio = g_strcmp0(gst_structure_get_string(fields, "media"), "audio") == 0;
    gst_caps_unref(caps);
    if (!is_audio) return;
    GstPad* sink = gst_element_get_static_pad(camera.pipeline_.element("audio_in"), "sink");
    EXPECT_EQ(gst_pad_link(pad, sink), GST_PAD_LINK_OK);
    gst_object_unref(sink);
  }

  static GstPadProbeReturn on_event(GstPad*, GstPadProbeInfo* info, gpointer self) {
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
    static_cast<Camera*>(self)->ended_ = true;
    return GST_PAD_PROBE_DROP;
  }

  Pipeline& pipeline_;
  const std::string uri_;
  const bool is_remade_;
  GstElement* source_ = nullptr;  // Owned by the pipeline.
  std::atomic<bool> ended_{false};
  std::atomic<int> n_connects_{0};
};

struct Client {
  const char* name;
  bool is_remade;
  const char* chain;
};

void PrintTo(const Client& client, std::ostream* out) {
  *out << client.name;
}

using Cues = std::vector<Record>;

/// Returns the seqnum of the STREAM_START that reached the element's pad `sink` last.
guint32 current_stream(GstElement* whisper) {
  const PadPtr sink(gst_element_get_static_pad(whisper, "sink"));
  const EventPtr start(gst_pad_get_sticky_event(sink.get(), GST_EVENT_STREAM_START, 0));
  return gst_event_get_seqnum(start.get());
}

/// Returns the cues before the end of the stream `seqnum`, and the cues of all later streams. The
/// next STREAM_START ends a stream.
std::pair<Cues, Cues> cues_split_after(guint32 seqnum, const Recorder& text) {
  std::pair<Cues, Cues> cues;
  bool has_begun = false;
  bool has_ended = false;
  for (const Record& record : text.all()) {
    if (record.type == GST_EVENT_STREAM_START) {
      has_ended = has_begun;
      has_begun = has_begun || record.seqnum == seqnum;
    }
    if (record.kind != Record::Kind::Buffer) continue;
    (has_ended ? cues.second : cues.first).push_back(record);
  }
  return cues;
}

/// Fails the test on each CRITICAL except one of rtspsrc (1.22). rtspsrc creates an EOS for a
/// server's RTCP BYE, and takes the seqnum of this EOS from a seek that never happened.
void fail_on_critical(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer) {
  const bool is_of_bye = std::string_view(message).starts_with("gst_event_set_seqnum:");
  if ((level & G_LOG_LEVEL_CRITICAL) != 0 && !is_of_bye) {
    ADD_FAILURE() << (domain != nullptr ? domain : "") << ": " << message;
  }
}

class LiveRtsp : public LiveSpeech, public ::testing::WithParamInterface<Client> {
 protected:
  void SetUp() override {
    LiveSpeech::SetUp();
    fatal_ = g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK));
    handler_ = g_log_set_default_handler(fail_on_critical, nullptr);
  }
  void TearDown() override {
    g_log_set_default_handler(handler_, nullptr);
    g_log_set_always_fatal(fatal_);
  }

  /// Returns, for failure messages, the states and statistics that explain missing text.
  static std::string state_of(GstElement* whisper) {
    GstElement* pipeline = GST_ELEMENT(GST_OBJECT_PARENT(whisper));
    GstStructure* stats = nullptr;
    g_object_get(whisper, "stats", &stats, nullptr);
    gchar* text = gst_structure_to_string(stats);
    const std::string state = gst_element_state_get_name(GST_STATE(pipeline)) + std::string(", ") +
                              gst_element_state_get_name(GST_STATE(whisper)) + ", " + text;
    g_free(text);
    gst_structure_free(stats);
    return state;
  }

  GLogLevelFlags fatal_{};
  GLogFunc handler_ = nullptr;
  static constexpr std::size_t kRate = 16000;

  static std::string media(const std::filesystem::path& wav) {
    return "( filesrc location=" + wav.string() +
           " ! wavparse ! audiobuffersplit output-buffer-duration=1/50 ! identity sync=true ! "
           "audioconvert ! audioresample ! opusenc ! rtpopuspay pt=97 name=pay0  "
           "videotestsrc is-live=true ! video/x-raw,width=192,height=108,framerate=25/1 ! "
           "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! "
           "video/x-h264,profile=baseline ! rtph264pay pt=96 name=pay1 config-interval=1 )";
  }
};

TEST_P(LiveRtsp, TextIsWholeThoughTheServerGoesAway) {
  const auto first = speech("first.wav", {"0870"});
  const auto second = speech("second.wav", {"0890"}, 4);
  auto server = std::make_unique<RtspServer>(media(first));
  const int port = server->port();
  Pipeline pipeline(std::string(GetParam().chain));
  GstElement* whisper = pipeline.element("npuwhisper");
  const Recorder text(whisper);
  const HeardAudio heard_audio(whisper);
  Camera camera(pipeline, port, GetParam().is_remade);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);

  ASSERT_TRUE(camera.run([&] { return heard_audio.samples().size() > 5 * kRate; }));
  server.reset();
  ASSERT_TRUE(camera.run([&] { return camera.n_connects() > 1; })) << "it notices";
  const std::size_t n_first = heard_audio.samples().size();
  const guint32 first_stream = current_stream(whisper);
  server = std::make_unique<RtspServer>(media(second), port);
  // These 9 s include the audio that was missed between the two counts of samples. The 9 s end in
  // the silence after the speech.
  ASSERT_TRUE(camera.run([&] { return heard_audio.samples().size() > n_first + 9 * kRate; }));
  server.reset();
  ASSERT_TRUE(camera.run([&] { return camera.n_connects() > 2; })) << "again";
  EXPECT_TRUE(is_text_complete(text, heard_audio)) << state_of(whisper);

  SCOPED_TRACE(std::to_string(text.events(GST_EVENT_STREAM_START).size()) + " streams after " +
               std::to_string(camera.n_connects()) + " reconnections");
  EXPECT_EQ(text.complaint(), "");
  const std::vector<float> samples = heard_audio.samples();
  const auto [before, after] = cues_split_after(first_stream, text);
  expect_same_but_for_the_end(offline(std::span(samples).first(n_first)), heard(before));
  expect_same(offline(std::span(samples).subspan(n_first)), heard(after));
  expect_no_complaints(pipeline);
}

constexpr const char* kAudio =
    "rtpopusdepay name=audio_in ! opusdec ! audioconvert ! audioresample ! npuwhisper model=base "
    "language-code=en latency=4000 name=npuwhisper ! fakesink sync=true";
INSTANTIATE_TEST_SUITE_P(Clients, LiveRtsp,
                         ::testing::Values(Client{"stopped", false, kAudio},
                                           Client{"remade", true, kAudio}));

}  // namespace
}  // namespace npuwhisper::test
