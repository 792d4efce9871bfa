// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of npuwhisperbin on the scripted runtime: properties, modes, errors, and files.
#include <gst/check/gsttestclock.h>
#include <gst/pbutils/missing-plugins.h>
#include <gst/video/video.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <thread>
#include <utility>

#include "caption_bin_fixture.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

TEST(CaptionBin, HasThePropertiesOfTheElement) {
  Pipeline pipeline("npuwhisperbin name=b  fakesrc ! fakesink");
  GstElement* b = pipeline.element("b");
  GstElement* inner = gst_bin_get_by_name(GST_BIN(b), "npuwhisper");
  guint n = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(inner), &n);
  for (guint i = 0; i < n; ++i) {
    const GParamSpec* found = g_object_class_find_property(G_OBJECT_GET_CLASS(b), specs[i]->name);
    if (std::string_view(specs[i]->name) == "batch") {
      EXPECT_EQ(found, nullptr) << "decoded video cannot wait for several windows";
      continue;
    }
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
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 500U);
  EXPECT_EQ(sound.size(), 200U);
  EXPECT_TRUE(calls().last_options.live_latency.has_value()) << "streaming";
  expect_text_in_time(frames.all());
}

TEST(CaptionBin, WholeWindowsHaveTheirTextInTimeToo) {
  set_script({});
  Pipeline pipeline(bin("streaming=false") + audio(40) + video(40) + kSinks);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 1000U);
  EXPECT_FALSE(calls().last_options.live_latency.has_value());
  expect_text_in_time(frames.all());
}

TEST(CaptionBin, PlaysAFileByTheClockWithoutStalling) {
  const PatientClock clock;
  set_script({});
  Pipeline pipeline(bin("latency=1000") + audio(3) + video(3) + kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  const auto begin = PatientClock::now();
  ASSERT_TRUE(pipeline.run());
  EXPECT_LT(PatientClock::now() - begin, 5s);
  EXPECT_EQ(frames.size(), 75U);
  expect_text_in_time(frames.all());
}

/// Waits until no frames have arrived for 200 ms.
void wait_for_stillness(const Frames& frames) {
  for (std::size_t before = frames.size() + 1; frames.size() != before;) {
    before = frames.size();
    std::this_thread::sleep_for(200ms);
  }
}

/// Counts the frames that leave the bin with characters of closed captions. Must outlive the
/// pipeline.
class CaptionedFrames {
 public:
  CaptionedFrames() = default;
  CaptionedFrames(const CaptionedFrames&) = delete;
  CaptionedFrames& operator=(const CaptionedFrames&) = delete;

  void watch(const Pipeline& pipeline) {
    GstPad* pad = gst_element_get_static_pad(pipeline.element("b"), "video_src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, this, nullptr);
    gst_object_unref(pad);
  }
  int count() const { return n_; }

 private:
  static GstPadProbeReturn on_frame(GstPad*, GstPadProbeInfo* info, gpointer self) {
    gpointer state = nullptr;
    GstBuffer* frame = GST_PAD_PROBE_INFO_BUFFER(info);
    while (GstMeta* meta =
               gst_buffer_iterate_meta_filtered(frame, &state, GST_VIDEO_CAPTION_META_API_TYPE)) {
      const auto* captions = reinterpret_cast<GstVideoCaptionMeta*>(meta);
      // The data is either one pair or CEA-708 triplets. The first triplet holds field 1's pair.
      const gsize offset = captions->caption_type == GST_VIDEO_CAPTION_TYPE_CEA708_RAW ? 1 : 0;
      if (captions->size < offset + 2) continue;
      const bool is_padding = ((captions->data[offset] | captions->data[offset + 1]) & 0x7f) == 0;
      if (!is_padding) ++static_cast<CaptionedFrames*>(self)->n_;
    }
    return GST_PAD_PROBE_OK;
  }

  std::atomic<int> n_{0};
};

/// Runs each test in every mode of the bin.
class EveryMode : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
};

TEST_P(EveryMode, SeeksAndGoesOnToTheEnd) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(1000) + video(1000) + kSinks);
  Frames frames(pipeline, "video_src");
  Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  for (const gint64 start : {40, 20}) {
    constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                                 start * GST_SECOND, GST_SEEK_TYPE_SET, (start + 8) * GST_SECOND));
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED)) << "preroll after the seek";
    frames.clear();
    sound.clear();
  }
  ASSERT_TRUE(pipeline.run());
  const auto seen = frames.all();
  ASSERT_GE(seen.size(), 195U);
  EXPECT_GE(seen.front().pts, 20 * GST_SECOND);
  EXPECT_GE(sound.size(), 75U);
  if (std::string(GetParam()) == "overlay") expect_text_in_time(seen);
}

// Until the first frame arrives, the queue must hold all audio that precedes this frame. It must
// also hold the audio whose text is still missing.
TEST_P(EveryMode, PausesWhereTheVideoBeginsLater) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(15) +
                    video(9, "timestamp-offset=6000000000") + kSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 225U);
  EXPECT_EQ(sound.size(), 150U);
}

// A video sink that does not wait for the clock takes frames until the text runs out. On a pause,
// the sink prerolls with one more frame. This frame must still get its text.
TEST_P(EveryMode, PausesWhereTheVideoIsFarAhead) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=2000") + audio(300) + video(300) +
                    "b.video_src ! fakesink sync=false  b.audio_src ! fakesink sync=true ");
  const Frames frames(pipeline, "video_src");
  GstClock* stopped = gst_test_clock_new();
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), stopped);
  gst_object_unref(stopped);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
    wait_for_stillness(frames);
    if (std::string(GetParam()) != "none") {
      EXPECT_LT(frames.size(), 25 * 100U) << "audio is queued without a bound";
    }
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED)) << "pause " << i;
  }
}

// At half the rate, a second of the stream takes two seconds of running time. Queues measure their
// level in running time.
TEST_P(EveryMode, PlaysSlowlyAndFast) {
  for (const double rate : {0.25, 0.5, 2.0}) {
    set_script({});
    Pipeline pipeline(bin(mode() + "latency=2000") + audio(1000) + video(1000) + kSinks);
    Frames frames(pipeline, "video_src");
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
    frames.clear();
    constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    ASSERT_TRUE(gst_element_seek(pipeline.get(), rate, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                                 0, GST_SEEK_TYPE_SET, 8 * GST_SECOND));
    ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED)) << "preroll at rate " << rate;
    ASSERT_TRUE(pipeline.run()) << "rate " << rate;
    EXPECT_GE(frames.size(), 195U) << "rate " << rate;
    if (std::string(GetParam()) == "overlay") expect_text_in_time(frames.all());
  }
}

TEST_P(EveryMode, FormatsMayChangeInTheMiddle) {
  set_script({});
  Pipeline pipeline(
      bin(mode() + "latency=2000") +
      "concat name=pictures ! b.video_sink  concat name=sounds ! b.audio_sink "
      "videotestsrc num-buffers=100 ! video/x-raw,format=I420,width=192,height=108,framerate=25/1 "
      "! pictures. "
      "videotestsrc num-buffers=100 ! video/x-raw,format=I420,width=256,height=144,framerate=25/1 "
      "! pictures. "
      "audiotestsrc num-buffers=40 samplesperbuffer=4410 ! audio/x-raw,format=F32LE,rate=44100,"
      "channels=6,channel-mask=(bitmask)0x3f ! sounds. "
      "audiotestsrc num-buffers=40 samplesperbuffer=4800 ! audio/x-raw,format=S16LE,rate=48000,"
      "channels=2 ! sounds. " +
      kSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 200U);
  EXPECT_EQ(sound.size(), 80U);
}

TEST_P(EveryMode, EndsWhicheverEndsFirst) {
  for (const auto& [n_audio, n_video] : {std::pair(2, 6), std::pair(6, 2)}) {
    set_script({});
    Pipeline pipeline(bin(mode() + "latency=1000") + audio(n_audio) + video(n_video) + kSinks);
    const Frames frames(pipeline, "video_src");
    const Frames sound(pipeline, "audio_src");
    ASSERT_TRUE(pipeline.run());
    EXPECT_EQ(frames.size(), static_cast<std::size_t>(25 * n_video));
    EXPECT_EQ(sound.size(), static_cast<std::size_t>(10 * n_audio));
  }
}

// The video ends long before the audio, as for a song with a cover picture.
TEST_P(EveryMode, AudioGoesOnWithoutPictures) {
  constexpr const char* kManyTexts = "tick-interval=1000000000 sine-periods-per-tick=220";
  for (const std::size_t n_frames : {1U, 50U}) {
    set_script({});
    Pipeline pipeline(bin(mode() + "latency=1000 caption-style=none") + audio(120, kManyTexts) +
                      video(2, "num-buffers=" + std::to_string(n_frames)) + kSinks);
    const Frames frames(pipeline, "video_src");
    const Frames sound(pipeline, "audio_src");
    ASSERT_TRUE(pipeline.run());
    EXPECT_EQ(frames.size(), n_frames);
    EXPECT_EQ(sound.size(), 1200U);
  }
}

TEST_P(EveryMode, CaptionsAreBackAfterASeekFromBehindTheVideo) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10000) + video(10000) + kSinks);
  Frames frames(pipeline, "video_src");
  GstPad* pad = gst_element_get_static_pad(pipeline.element("video"), "src");
  const auto end_at_8_s = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    if (GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)) < 8 * GST_SECOND) return GST_PAD_PROBE_OK;
    gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_EOS;
    return GST_PAD_PROBE_HANDLED;
  };
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, end_at_8_s, nullptr, nullptr);
  gst_object_unref(pad);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  for (int i = 0; i < 2; ++i) {
    constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    frames.clear();
    ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET, 0,
                                 GST_SEEK_TYPE_SET, 200 * GST_SECOND));
    ASSERT_TRUE(pipeline.run()) << i;
    EXPECT_GE(frames.size(), 200U);
    if (std::string(GetParam()) == "overlay") expect_text_in_time(frames.all());
  }
}

TEST_P(EveryMode, EventsOfTheAudioStayWithTheAudio) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(4) + video(4) + kSinks);
  GstPad* source = gst_element_get_static_pad(pipeline.element("audio"), "src");
  gst_pad_add_probe(
      source, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* pad, GstPadProbeInfo*, gpointer) {
        for (const GstEventType type :
             {GST_EVENT_CUSTOM_DOWNSTREAM, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
              GST_EVENT_CUSTOM_DOWNSTREAM_OOB}) {
          gst_pad_push_event(pad, gst_event_new_custom(type, gst_structure_new_empty("any")));
        }
        return GST_PAD_PROBE_REMOVE;
      },
      nullptr, nullptr);
  gst_object_unref(source);
  const auto count = [&](const char* name, int& n) {
    GstPad* pad = gst_element_get_static_pad(pipeline.element(name), "sink");
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer counter) {
          if (gst_event_has_name(GST_PAD_PROBE_INFO_EVENT(info), "any"))
            ++*static_cast<int*>(counter);
          return GST_PAD_PROBE_OK;
        },
        &n, nullptr);
    gst_object_unref(pad);
  };
  int n_with_audio = 0;
  int n_with_video = 0;
  count("as", n_with_audio);
  count("vs", n_with_video);
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(n_with_audio, 3);
  EXPECT_EQ(n_with_video, 0);
}

// Out-of-band events may be sent by any thread, even one that holds the locks of a state change.
TEST_P(EveryMode, EventsOutOfBandDoNotWaitForTheVideo) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(10000) + video(10000) +
                    "b.video_src ! fakesink sync=false async=false b.audio_src ! fakesink "
                    "sync=false async=false");
  GstPad* video = gst_element_get_static_pad(pipeline.element("video"), "src");
  const gulong hold =
      gst_pad_add_probe(video, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, nullptr, nullptr, nullptr);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(eventually([&] { return sound.size() >= 10U; }));
  std::atomic<bool> done{false};
  std::thread sending([&] {
    GstPad* sink = gst_element_get_static_pad(pipeline.element("b"), "audio_sink");
    gst_pad_send_event(sink, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB,
                                                  gst_structure_new_empty("any")));
    gst_object_unref(sink);
    done = true;
  });
  EXPECT_TRUE(eventually([&] { return done.load(); }));
  gst_pad_remove_probe(video, hold);
  gst_object_unref(video);
  sending.join();
  EXPECT_TRUE(eventually([&] { return frames.size() >= 100U; })) << frames.size();
}

TEST_P(EveryMode, VideoWithoutAudioDoesNotWait) {
  set_script({});
  Pipeline pipeline(bin(mode()) + video(4) + "b.video_src ! fakesink");
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(frames.size(), 100U);
}

TEST_P(EveryMode, AudioWithoutVideoDoesNotWait) {
  set_script({});
  Pipeline pipeline(bin(mode()) + audio(100) + "b.audio_src ! fakesink");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(sound.size(), 1000U);
}

TEST_P(EveryMode, PlaysAgainAfterReadyAndNull) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(3) + video(3) + kSinks);
  Frames frames(pipeline, "video_src");
  for (const GstState between : {GST_STATE_READY, GST_STATE_NULL}) {
    ASSERT_TRUE(pipeline.run());
    EXPECT_EQ(frames.size(), 75U);
    frames.clear();
    ASSERT_TRUE(pipeline.set_state(between));
  }
}
INSTANTIATE_TEST_SUITE_P(Modes, EveryMode,
                         ::testing::Values("none", "overlay", "cea608", "cea708"));

class FastVideo : public ::testing::TestWithParam<const char*> {};

// The streams begin an hour after the start of their segments, as in files whose timestamps begin
// at an hour. In the caption stream, a GAP event covers that hour.
TEST_P(FastVideo, HasClosedCaptionsFarBehindTheSegmentsStart) {
  set_script({});
  CaptionedFrames frames;
  const std::string hour = "timestamp-offset=3600000000000";
  Pipeline pipeline(bin(std::string("latency=2000 mode=") + GetParam()) + audio(30, hour) +
                    video(30, hour) + kSinks);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  ASSERT_TRUE(gst_element_seek(pipeline.get(), 2.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET, 0,
                               GST_SEEK_TYPE_NONE, 0));
  frames.watch(pipeline);
  ASSERT_TRUE(pipeline.run());
  EXPECT_GE(frames.count(), 10) << "six texts of four letters";
}
INSTANTIATE_TEST_SUITE_P(Modes, FastVideo, ::testing::Values("cea608", "cea708"));

TEST(CaptionBin, WithoutCaptionsNoModelIsLoaded) {
  set_script({.load_error = Error{ErrorCode::NotFound, "no such model"}});
  Pipeline pipeline(bin("mode=none model=none-at-all") + audio(2) + video(2) + kSinks);
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(calls().loads, 0);
  EXPECT_EQ(calls().creates, 0);
}

TEST(CaptionBin, ErrorOfTheElementIsAnErrorOfThePipeline) {
  set_script({.load_error = Error{ErrorCode::NotFound, "no such model"}});
  Pipeline pipeline(bin("model=not-there") + audio(2) + video(2) + kSinks);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
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
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_WARNING));
  EXPECT_EQ(mode(), before);
  for (const char* next : {"cea708", "none", "cea608", "overlay"}) {
    ASSERT_TRUE(pipeline.set_state(GST_STATE_READY));
    frames.clear();
    gst_util_set_object_arg(G_OBJECT(b), "mode", next);
    ASSERT_TRUE(pipeline.run()) << next;
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
    const auto hint = pipeline.message(GST_MESSAGE_ELEMENT);
    ASSERT_TRUE(hint);
    EXPECT_TRUE(gst_is_missing_plugin_message(hint.get()));
    const auto error = pipeline.message(GST_MESSAGE_ERROR);
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

// After a seek to another rate, two threads deliver the segments of audio and video simultaneously.
TEST(CaptionBin, QueuesFollowRatesThatChangeTogether) {
  Pipeline pipeline("npuwhisperbin name=b mode=none  fakesrc ! fakesink");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  const auto size_of = [&](const char* queue) {
    guint64 time = 0;
    g_object_get(pipeline.element(queue), "max-size-time", &time, nullptr);
    return time;
  };
  const guint64 size = size_of("audio_queue");
  constexpr int kRounds = 20000;
  const auto rate_of = [](int round) { return round % 2 == 0 ? 0.5 : 1.0; };
  std::barrier both(2);
  int n_wrong = 0;
  const auto send_segments = [&](const char* name, const std::function<void(int)>& check) {
    GstPad* pad = gst_element_get_static_pad(pipeline.element("b"), name);
    gst_pad_send_event(pad, gst_event_new_stream_start(name));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    for (int round = 0; round < kRounds; ++round) {
      segment.rate = rate_of(round);
      both.arrive_and_wait();
      gst_pad_send_event(pad, gst_event_new_segment(&segment));
      both.arrive_and_wait();
      check(round);
    }
    gst_object_unref(pad);
  };
  std::thread audio([&] { send_segments("audio_sink", [](int) {}); });
  send_segments("video_sink", [&](int round) {
    const guint64 wanted = rate_of(round) < 1 ? 2 * size : size;
    if (size_of("audio_queue") != wanted || size_of("video_queue") != wanted) ++n_wrong;
  });
  audio.join();
  EXPECT_EQ(n_wrong, 0) << "of " << kRounds;
}

TEST(CaptionBin, CaptionsWantAConstantFramerate) {
  set_script({});
  Pipeline pipeline(bin("mode=cea708") + audio(1) +
                    "videotestsrc num-buffers=9 ! video/x-raw,framerate=25/1 ! capssetter "
                    "caps=video/x-raw,framerate=0/1 ! b.video_sink " +
                    kSinks);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto error = pipeline.message(GST_MESSAGE_ERROR);
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
  ASSERT_TRUE(pipeline.run());
  expect_text_in_time(frames.all());
}
INSTANTIATE_TEST_SUITE_P(All, AudioCaps,
                         ::testing::Values("format=S16LE,rate=44100,channels=2",
                                           "format=F64LE,rate=96000,channels=1",
                                           "format=S24LE,rate=48000,channels=6,"
                                           "channel-mask=(bitmask)0x3f",
                                           "format=U8,rate=8000,channels=1"));

TEST(CaptionBin, AudioWithoutChannelPositionsIsMixed) {
  for (const char* channels : {"6", "12"}) {
    set_script({});
    Pipeline pipeline(bin("latency=1000") + video(3) +
                      "audiotestsrc wave=ticks sine-periods-per-tick=440 tick-interval=4000000000 "
                      "samplesperbuffer=800 num-buffers=60 ! audio/x-raw,rate=16000,"
                      "channel-mask=(bitmask)0x0,channels=" +
                      channels + " ! b.audio_sink " + kSinks);
    const Frames frames(pipeline, "video_src");
    ASSERT_TRUE(pipeline.run());
    expect_text_in_time(frames.all());
  }
}

}  // namespace
}  // namespace npuwhisper::test
