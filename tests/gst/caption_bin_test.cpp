// SPDX-License-Identifier: LGPL-2.1-or-later
// npuwhisperbin on the scripted runtime: a second of tone each four seconds is "heard" as text.
#include <gst/gst.h>
#include <gst/pbutils/missing-plugins.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pipeline_fixture.h"
#include "scripted_runtime.h"
#include "temporary_folder.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr GstClockTime kPeriod = 4 * GST_SECOND;
constexpr GstClockTime kLiveStart = 500 * GST_MSECOND;

// Tone for a second, from 0.1 s before each period on but the first.
std::string audio(int n_seconds, const std::string& properties = "") {
  return "audiotestsrc name=audio wave=ticks freq=440 sine-periods-per-tick=440 "
         "tick-interval=4000000000 samplesperbuffer=1600 num-buffers=" +
         std::to_string(10 * n_seconds) + " " + properties +
         " ! audio/x-raw,rate=16000,channels=1 ! b.audio_sink ";
}
std::string video(int n_seconds, const std::string& properties = "") {
  return "videotestsrc name=video pattern=black num-buffers=" + std::to_string(25 * n_seconds) +
         " " + properties +
         " ! video/x-raw,format=GRAY8,width=160,height=120,framerate=25/1 ! b.video_sink ";
}
std::string bin(const std::string& properties) {
  return "npuwhisperbin name=b " + properties + " ";
}
constexpr const char* kSinks =
    "b.video_src ! fakesink name=vs sync=false  b.audio_src ! fakesink name=as sync=false ";
constexpr const char* kSyncedSinks =
    "b.video_src ! fakesink name=vs sync=true  b.audio_src ! fakesink name=as sync=true ";

/// The buffers that leave a pad of the bin: when, and whether there is something to be seen.
class Frames {
 public:
  struct Frame {
    GstClockTime pts;
    bool has_text;
    Clock::time_point arrived;
  };

  Frames(const Pipeline& pipeline, const char* pad)
      : pad_(gst_element_get_static_pad(pipeline.element("b"), pad)) {
    probe_ = gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, note, this, nullptr);
  }
  ~Frames() {
    gst_pad_remove_probe(pad_, probe_);
    gst_object_unref(pad_);
  }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  std::vector<Frame> all() const {
    const std::scoped_lock lock(mutex_);
    return frames_;
  }
  std::size_t size() const { return all().size(); }
  void clear() {
    const std::scoped_lock lock(mutex_);
    frames_.clear();
  }

 private:
  static GstPadProbeReturn note(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& frames = *static_cast<Frames*>(self);
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
    const bool seen = std::any_of(map.data, map.data + map.size, [](guint8 p) { return p > 128; });
    gst_buffer_unmap(buffer, &map);
    const std::scoped_lock lock(frames.mutex_);
    frames.frames_.push_back({GST_BUFFER_PTS(buffer), seen, Clock::now()});
    return GST_PAD_PROBE_OK;
  }

  GstPad* pad_;
  gulong probe_ = 0;
  mutable std::mutex mutex_;  // Guards the next.
  std::vector<Frame> frames_;
};

// Text while the tone lasts, and none long after it. `from`: live sources do not start together,
// and video of before the audio has no text to wait for.
void expect_text_in_time(const std::vector<Frames::Frame>& frames, GstClockTime from = 0) {
  for (const Frames::Frame& frame : frames) {
    if (frame.pts < from) continue;
    const GstClockTime phase = frame.pts % kPeriod;
    if (phase > 100 * GST_MSECOND && phase < 800 * GST_MSECOND) {
      EXPECT_TRUE(frame.has_text) << "at " << frame.pts / GST_MSECOND << " ms";
    } else if (phase > 2900 * GST_MSECOND && phase < 3800 * GST_MSECOND) {
      EXPECT_FALSE(frame.has_text) << "at " << frame.pts / GST_MSECOND << " ms";
    }
  }
}

std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  char part[4096];
  while (std::fgets(part, sizeof part, pipe) != nullptr) {
    std::string line(part);
    line.erase(line.find_last_not_of("\r\n") + 1);
    lines.push_back(line);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return lines;
}

TEST(CaptionBin, HasThePropertiesOfTheElement) {
  Pipeline pipeline("npuwhisperbin name=b  fakesrc ! fakesink");
  GstElement* b = pipeline.element("b");
  GstElement* inner = gst_bin_get_by_name(GST_BIN(b), "npuwhisper");
  guint n = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(inner), &n);
  for (guint i = 0; i < n; ++i) {
    const GParamSpec* found = g_object_class_find_property(G_OBJECT_GET_CLASS(b), specs[i]->name);
    ASSERT_NE(found, nullptr) << specs[i]->name;
    EXPECT_EQ(found->value_type, specs[i]->value_type) << specs[i]->name;
  }
  g_free(specs);

  g_object_set(b, "language-code", "de", "latency", 2500U, "beam-size", 3U, nullptr);
  guint latency = 0;
  guint beams = 0;
  gchar* language = nullptr;
  g_object_get(inner, "latency", &latency, "beam-size", &beams, "language", &language, nullptr);
  EXPECT_EQ(latency, 2500U);
  EXPECT_EQ(beams, 3U);
  EXPECT_STREQ(language, "de");
  g_free(language);
  g_object_set(inner, "task", 1, nullptr);
  gint task = 0;
  g_object_get(b, "task", &task, nullptr);
  EXPECT_EQ(task, 1);
  gst_object_unref(inner);
}

TEST(CaptionBin, DrawsTextWhereItWasSpoken) {
  set_script({});
  Pipeline pipeline(bin("latency=3000") + audio(20) + video(20) + kSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run(20s));
  EXPECT_EQ(frames.size(), 500U);
  EXPECT_EQ(sound.size(), 200U);
  EXPECT_TRUE(calls().last_options.live_latency.has_value()) << "streaming";
  expect_text_in_time(frames.all());
}

TEST(CaptionBin, WholeWindowsHaveTheirTextInTimeToo) {
  set_script({});
  Pipeline pipeline(bin("streaming=false") + audio(40) + video(40) + kSinks);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run(20s));
  EXPECT_EQ(frames.size(), 1000U);
  EXPECT_FALSE(calls().last_options.live_latency.has_value());
  expect_text_in_time(frames.all());
}

TEST(CaptionBin, PlaysAFileByTheClockWithoutStalling) {
  set_script({});
  Pipeline pipeline(bin("latency=1000") + audio(3) + video(3) + kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  const auto begin = Clock::now();
  ASSERT_TRUE(pipeline.run(20s));
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(frames.size(), 75U);
  expect_text_in_time(frames.all());
}

TEST(CaptionBin, LiveInSyncWithinTheLatencyDeclared) {
  set_script({.decode_time = 50ms});
  Pipeline pipeline(bin("latency=1500") + audio(3, "is-live=true") + video(3, "is-live=true") +
                    kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run(20s));
  EXPECT_EQ(frames.size(), 75U);
  EXPECT_EQ(sound.size(), 30U);
  expect_text_in_time(frames.all(), kLiveStart);
}

GstClockTime min_latency(const Pipeline& pipeline) {
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  GstClockTime min = 0;
  GstClockTime max = 0;
  EXPECT_TRUE(gst_element_query(pipeline.get(), query));
  gst_query_parse_latency(query, &live, &min, &max);
  gst_query_unref(query);
  EXPECT_TRUE(live);
  EXPECT_GE(max, min);
  return min;
}

class LiveLatency : public ::testing::TestWithParam<const char*> {};

TEST_P(LiveLatency, IsThatOfTheElementAndFollowsIt) {
  set_script({});
  Pipeline pipeline(bin(std::string("latency=2000 mode=") + GetParam()) +
                    audio(100, "is-live=true") + video(100, "is-live=true") + kSyncedSinks);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  std::this_thread::sleep_for(300ms);  // Captions know their framerate.
  EXPECT_NEAR(static_cast<double>(min_latency(pipeline)), 2.1e9, 0.15e9);
  g_object_set(pipeline.element("b"), "latency", 5000U, nullptr);
  EXPECT_NEAR(static_cast<double>(min_latency(pipeline)), 5.1e9, 0.15e9);
  guint64 video_room = 0;
  guint64 audio_room = 0;
  const auto room_of = [&](const char* queue, guint64& room) {
    GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline.element("b")), queue);
    g_object_get(element, "max-size-time", &room, nullptr);
    gst_object_unref(element);
  };
  room_of("video_queue", video_room);
  room_of("audio_queue", audio_room);
  EXPECT_GE(video_room, 5100 * GST_MSECOND);
  EXPECT_GE(audio_room, 5100 * GST_MSECOND);
}
INSTANTIATE_TEST_SUITE_P(Modes, LiveLatency, ::testing::Values("overlay", "cea708"));

class EveryMode : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
};

guint64 stat_of_cues(const Pipeline& pipeline) {
  GstStructure* stats = nullptr;
  g_object_get(pipeline.element("b"), "stats", &stats, nullptr);
  guint64 cues = 0;
  gst_structure_get_uint64(stats, "cues", &cues);
  gst_structure_free(stats);
  return cues;
}

// For what takes its time by the clock.
class LivePlayback : public EveryMode {};

// Recognition that takes for ever costs the video nothing but its captions.
TEST_P(LivePlayback, VideoNeverStalls) {
  set_script({.decode_time = 60s});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(100, "is-live=true") +
                    video(100, "is-live=true") + kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  std::this_thread::sleep_for(2800ms);
  const auto seen = frames.all();
  ASSERT_GE(seen.size(), 30U) << "of 42 that could have come";
  EXPECT_GE(sound.size(), 14U);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (seen[i - 1].pts < kLiveStart) continue;
    EXPECT_LT(seen[i].arrived - seen[i - 1].arrived, 500ms) << seen[i].pts / GST_MSECOND << " ms";
  }
}

TEST_P(EveryMode, SeeksAndGoesOnToTheEnd) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(1000) + video(1000) + kSinks);
  Frames frames(pipeline, "video_src");
  Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED, 10s));
  for (const gint64 start : {40, 20}) {
    constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                                 start * GST_SECOND, GST_SEEK_TYPE_SET, (start + 8) * GST_SECOND));
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED, 10s)) << "preroll after the seek";
    frames.clear();
    sound.clear();
  }
  ASSERT_TRUE(pipeline.run(20s));
  const auto seen = frames.all();
  ASSERT_GE(seen.size(), 195U);
  EXPECT_GE(seen.front().pts, 20 * GST_SECOND);
  EXPECT_GE(sound.size(), 75U);
  if (std::string(GetParam()) == "overlay") expect_text_in_time(seen);
}

TEST_P(EveryMode, EndsWhicheverEndsFirst) {
  for (const auto& [n_audio, n_video] : {std::pair(2, 6), std::pair(6, 2)}) {
    set_script({});
    Pipeline pipeline(bin(mode() + "latency=1000") + audio(n_audio) + video(n_video) + kSinks);
    const Frames frames(pipeline, "video_src");
    const Frames sound(pipeline, "audio_src");
    ASSERT_TRUE(pipeline.run(10s));
    EXPECT_EQ(frames.size(), static_cast<std::size_t>(25 * n_video));
    EXPECT_EQ(sound.size(), static_cast<std::size_t>(10 * n_audio));
  }
}

TEST_P(EveryMode, VideoWithoutAudioDoesNotWait) {
  set_script({});
  Pipeline pipeline(bin(mode()) + video(4) + "b.video_src ! fakesink");
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run(10s));
  EXPECT_EQ(frames.size(), 100U);
}

TEST_P(EveryMode, AudioWithoutVideoDoesNotWait) {
  set_script({});
  Pipeline pipeline(bin(mode()) + audio(100) + "b.audio_src ! fakesink");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run(10s));
  EXPECT_EQ(sound.size(), 1000U);
}

TEST_P(LivePlayback, AudioMayGoAndComeBack) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") +
                    audio(100, "is-live=true tick-interval=1000000000 sine-periods-per-tick=220") +
                    video(100, "is-live=true") + kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  std::this_thread::sleep_for(300ms);
  GstPad* sink = gst_element_get_static_pad(pipeline.element("b"), "audio_sink");
  GstPad* peer = gst_pad_get_peer(sink);
  std::atomic<bool> held = false;
  const gulong hold = gst_pad_add_probe(
      peer, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer flag) {
        *static_cast<std::atomic<bool>*>(flag) = true;
        return GST_PAD_PROBE_OK;
      },
      &held, nullptr);
  while (!held) std::this_thread::sleep_for(10ms);
  ASSERT_TRUE(gst_pad_unlink(peer, sink));
  std::this_thread::sleep_for(1300ms);
  const std::size_t n_without = frames.size();
  EXPECT_GE(n_without, 10U) << "of 15 that could have come";

  ASSERT_EQ(gst_pad_link(peer, sink), GST_PAD_LINK_OK);
  gst_pad_remove_probe(peer, hold);
  const guint64 before = stat_of_cues(pipeline);
  const auto goes_on = [&] {
    return stat_of_cues(pipeline) > before && frames.size() > n_without + 10;
  };
  for (int i = 0; i < 500 && !goes_on(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_GT(stat_of_cues(pipeline), before);
  EXPECT_GT(frames.size(), n_without + 10);
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_ERROR, 0ms));
  gst_object_unref(peer);
  gst_object_unref(sink);
}

TEST_P(EveryMode, PlaysAgainAfterReadyAndNull) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(3) + video(3) + kSinks);
  Frames frames(pipeline, "video_src");
  for (const GstState between : {GST_STATE_READY, GST_STATE_NULL}) {
    ASSERT_TRUE(pipeline.run(10s));
    EXPECT_EQ(frames.size(), 75U);
    frames.clear();
    ASSERT_TRUE(pipeline.set_state(between));
  }
}
INSTANTIATE_TEST_SUITE_P(Modes, EveryMode,
                         ::testing::Values("none", "overlay", "cea608", "cea708"));
INSTANTIATE_TEST_SUITE_P(Modes, LivePlayback, ::testing::Values("overlay", "cea708"));

TEST(CaptionBin, WithoutCaptionsNoModelIsLoaded) {
  set_script({.load_error = Error{ErrorCode::NotFound, "no such model"}});
  Pipeline pipeline(bin("mode=none model=none-at-all") + audio(2) + video(2) + kSinks);
  ASSERT_TRUE(pipeline.run(10s));
  EXPECT_EQ(calls().loads, 0);
  EXPECT_EQ(calls().creates, 0);
}

TEST(CaptionBin, ErrorOfTheElementIsAnErrorOfThePipeline) {
  set_script({.load_error = Error{ErrorCode::NotFound, "no such model"}});
  Pipeline pipeline(bin("model=not-there") + audio(2) + video(2) + kSinks);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR, 5s));
}

TEST(CaptionBin, ModeChangesBetweenRunsOnly) {
  set_script({});
  Pipeline pipeline(bin("latency=1000") + audio(3) + video(3) + kSinks);
  Frames frames(pipeline, "video_src");
  GstElement* b = pipeline.element("b");
  const auto mode = [b] {
    gint value = -1;
    g_object_get(b, "mode", &value, nullptr);
    return value;
  };
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  const int before = mode();
  gst_util_set_object_arg(G_OBJECT(b), "mode", "none");
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_WARNING, 1s));
  EXPECT_EQ(mode(), before);
  for (const char* next : {"cea708", "none", "cea608", "overlay"}) {
    ASSERT_TRUE(pipeline.set_state(GST_STATE_READY));
    frames.clear();
    gst_util_set_object_arg(G_OBJECT(b), "mode", next);
    ASSERT_TRUE(pipeline.run(10s)) << next;
    EXPECT_EQ(frames.size(), 75U) << next;
  }
  expect_text_in_time(frames.all());
}

class MissingElement : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(MissingElement, IsNamed) {
  const auto [mode, factory] = GetParam();
  GstRegistry* registry = gst_registry_get();
  GstPluginFeature* feature = gst_registry_lookup_feature(registry, factory);
  ASSERT_NE(feature, nullptr);
  gst_registry_remove_feature(registry, feature);
  {
    Pipeline pipeline(bin(std::string("mode=") + mode) + audio(1) + video(1) + kSinks);
    EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto hint = pipeline.message(GST_MESSAGE_ELEMENT, 1s);
    ASSERT_TRUE(hint);
    EXPECT_TRUE(gst_is_missing_plugin_message(hint.get()));
    const auto error = pipeline.message(GST_MESSAGE_ERROR, 1s);
    ASSERT_TRUE(error);
    GError* what = nullptr;
    gst_message_parse_error(error.get(), &what, nullptr);
    EXPECT_TRUE(g_error_matches(what, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN));
    EXPECT_NE(std::string(what->message).find(factory), std::string::npos) << what->message;
    g_error_free(what);
  }
  gst_registry_add_feature(registry, feature);
  gst_object_unref(feature);
}
INSTANTIATE_TEST_SUITE_P(One, MissingElement,
                         ::testing::Values(std::pair("overlay", "textoverlay"),
                                           std::pair("cea608", "cccombiner"),
                                           std::pair("cea708", "ccconverter"),
                                           std::pair("overlay", "audioresample")));

TEST(CaptionBin, CaptionsWantAConstantFramerate) {
  set_script({});
  Pipeline pipeline(bin("mode=cea708") + audio(1) +
                    "videotestsrc num-buffers=9 ! video/x-raw,framerate=25/1 ! capssetter "
                    "caps=video/x-raw,framerate=0/1 ! b.video_sink " +
                    kSinks);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto error = pipeline.message(GST_MESSAGE_ERROR, 5s);
  ASSERT_TRUE(error);
  GError* what = nullptr;
  gst_message_parse_error(error.get(), &what, nullptr);
  EXPECT_NE(std::string(what->message).find("framerate"), std::string::npos) << what->message;
  g_error_free(what);
}

class AudioCaps : public ::testing::TestWithParam<const char*> {};

TEST_P(AudioCaps, OfAnyKind) {
  set_script({});
  Pipeline pipeline(
      bin("latency=1000") + video(3) +
      "audiotestsrc wave=ticks sine-periods-per-tick=440 tick-interval=4000000000 "
      "samplesperbuffer=800 num-buffers=120 ! audio/x-raw,rate=32000 ! audioconvert ! "
      "audioresample ! audio/x-raw," +
      GetParam() + " ! b.audio_sink " + kSinks);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run(10s));
  expect_text_in_time(frames.all());
}
INSTANTIATE_TEST_SUITE_P(All, AudioCaps,
                         ::testing::Values("format=S16LE,rate=44100,channels=2",
                                           "format=F64LE,rate=96000,channels=1",
                                           "format=S24LE,rate=48000,channels=6,"
                                           "channel-mask=(bitmask)0x3f",
                                           "format=U8,rate=8000,channels=1"));

// Captions within frames, read back by ffmpeg.
class ReadBack : public ::testing::Test {
 protected:
  void SetUp() override { set_script({.texts = {" First line.", " And a second."}}); }
  std::string file(const char* name) const { return (folder_.path() / name).string(); }
  std::string chain(const std::string& mode, int n_seconds) const {
    return bin("mode=" + mode + " streaming=false") + audio(n_seconds) + video(n_seconds) +
           "b.audio_src ! fakesink async=false sync=false ";
  }
  static void make_pop_on(const Pipeline& pipeline) {
    GObject* captions = nullptr;
    ASSERT_TRUE(gst_child_proxy_lookup(GST_CHILD_PROXY(pipeline.element("b")), "captions::mode",
                                       &captions, nullptr));
    gst_util_set_object_arg(captions, "mode", "pop-on");
    g_object_unref(captions);
  }
  // As SRT, without what belongs to its looks.
  void expect_captions(const std::string& input) const {
    const auto lines =
        lines_of("cd " + folder_.path().string() + " && ffmpeg -nostdin -v error " + input +
                 " -map 0:s -f srt - | sed -e 's/<[^>]*>//g' -e 's/{[^}]*}//g'");
    std::vector<std::string> texts;
    std::vector<double> starts;
    for (const std::string& line : lines) {
      int h = 0;
      int m = 0;
      int s = 0;
      int ms = 0;
      if (std::sscanf(line.c_str(), "%d:%d:%d,%d -->", &h, &m, &s, &ms) == 4) {
        starts.push_back(h * 3600 + m * 60 + s + ms / 1000.0);
      } else if (line.find_first_not_of("0123456789") != std::string::npos) {
        texts.push_back(line);
      }
    }
    // The one at 0 s cannot be sent ahead of its time.
    EXPECT_EQ(texts, (std::vector<std::string>{"First line.", "And a second.", "First line."}));
    ASSERT_EQ(starts.size(), 3U);
    EXPECT_NEAR(starts[1], 3.9, 0.1);
    EXPECT_NEAR(starts[2], 7.9, 0.1);
  }

  TemporaryFolder folder_;
};

TEST_F(ReadBack, Cea708InH264) {
  Pipeline pipeline(chain("cea708", 11) +
                    "b.video_src ! videoconvert ! video/x-raw,format=I420 ! x264enc "
                    "speed-preset=ultrafast ! mpegtsmux ! filesink location=" +
                    file("out.ts"));
  make_pop_on(pipeline);
  ASSERT_TRUE(pipeline.run(20s));
  expect_captions("-f lavfi -i 'movie=out.ts[out+subcc]'");
}

TEST_F(ReadBack, Cea608InQuickTime) {
  Pipeline pipeline(chain("cea608", 11) +
                    "b.video_src ! ccextractor name=x remove-caption-meta=true  qtmux name=m ! "
                    "filesink location=" +
                    file("out.mov") +
                    " x.src ! videoconvert ! video/x-raw,format=I420 ! x264enc "
                    "speed-preset=ultrafast tune=zerolatency ! queue max-size-time=0 ! m.video_0 "
                    "x.caption ! queue max-size-time=0 ! ccconverter ! "
                    "closedcaption/x-cea-608,format=s334-1a ! m.caption_0");
  make_pop_on(pipeline);
  ASSERT_TRUE(pipeline.run(20s));
  expect_captions("-i out.mov");
}

TEST_F(ReadBack, Cea608InLine21) {
  Pipeline pipeline(
      bin("mode=cea608 streaming=false") + audio(11) +
      "b.audio_src ! fakesink async=false sync=false videotestsrc pattern=black num-buffers=330 ! "
      "video/x-raw,format=I420,width=720,height=525,framerate=30000/1001,"
      "interlace-mode=interleaved ! b.video_sink b.video_src ! line21encoder "
      "remove-caption-meta=true ! line21decoder ! ccextractor name=x remove-caption-meta=true  "
      "qtmux name=m ! filesink location=" +
      file("out.mov") +
      " x.src ! videoscale ! video/x-raw,width=64,height=64 ! x264enc speed-preset=ultrafast "
      "tune=zerolatency ! queue max-size-time=0 ! m.video_0 "
      "x.caption ! queue max-size-time=0 ! m.caption_0");
  make_pop_on(pipeline);
  ASSERT_TRUE(pipeline.run(20s));
  expect_captions("-i out.mov");
}

}  // namespace
}  // namespace npuwhisper::test
