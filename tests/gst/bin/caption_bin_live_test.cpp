// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of npuwhisperbin with live sources, on the scripted runtime: latency, pace, and streams
// that appear and disappear.
#include <atomic>
#include <cmath>

#include "caption_bin_fixture.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/scripted_runtime.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

TEST(CaptionBin, LiveInSyncWithinTheLatencyDeclared) {
  const PatientClock clock;
  set_script({.decode_time = 50ms, .now = PatientClock::now});
  Pipeline pipeline(bin("latency=1500") + audio(3, "is-live=true") + video(3, "is-live=true") +
                    kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.run());
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
  const auto is_latency = [&](double wanted) {
    return std::abs(static_cast<double>(min_latency(pipeline)) - wanted) < 0.15e9;
  };
  // The reported latency reaches its final value once the caption element has received the frame
  // rate.
  EXPECT_TRUE(eventually([&] { return is_latency(2.1e9); })) << min_latency(pipeline);
  g_object_set(pipeline.element("b"), "latency", 5000U, nullptr);
  EXPECT_TRUE(is_latency(5.1e9)) << min_latency(pipeline);
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

// Tests of timing. The PatientClock measures the times.
class LivePlayback : public ::testing::TestWithParam<const char*> {
 protected:
  const PatientClock clock_;
  static std::string mode() { return std::string("mode=") + GetParam() + " "; }
};

// Recognition never finishes. The video must flow anyway, without captions.
TEST_P(LivePlayback, VideoNeverStalls) {
  set_script({.decode_time = 60s});
  Pipeline pipeline(bin(mode() + "latency=1000") + audio(100, "is-live=true") +
                    video(100, "is-live=true") + kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  const Frames sound(pipeline, "audio_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  PatientClock::sleep(2800ms);
  const auto seen = frames.all();
  ASSERT_GE(seen.size(), 30U) << "of 42 that could have come";
  EXPECT_GE(sound.size(), 14U);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (seen[i - 1].pts < kLiveStart) continue;
    EXPECT_LT(seen[i].arrived - seen[i - 1].arrived, 500ms) << seen[i].pts / GST_MSECOND << " ms";
  }
}

TEST_P(LivePlayback, AudioMayGoAndComeBack) {
  set_script({});
  Pipeline pipeline(bin(mode() + "latency=1000") +
                    audio(100, "is-live=true tick-interval=1000000000 sine-periods-per-tick=220") +
                    video(100, "is-live=true") + kSyncedSinks);
  const Frames frames(pipeline, "video_src");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  PatientClock::sleep(300ms);
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
  ASSERT_TRUE(eventually([&] { return held.load(); }));
  ASSERT_TRUE(gst_pad_unlink(peer, sink));
  PatientClock::sleep(1300ms);
  const std::size_t n_without = frames.size();
  EXPECT_GE(n_without, 10U) << "of 15 that could have come";

  ASSERT_EQ(gst_pad_link(peer, sink), GST_PAD_LINK_OK);
  gst_pad_remove_probe(peer, hold);
  const guint64 before = stat_of(pipeline.element("b"), "cues");
  const auto goes_on = [&] {
    return stat_of(pipeline.element("b"), "cues") > before && frames.size() > n_without + 10;
  };
  eventually(goes_on);
  EXPECT_GT(stat_of(pipeline.element("b"), "cues"), before);
  EXPECT_GT(frames.size(), n_without + 10);
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_ERROR, 0ms));
  gst_object_unref(peer);
  gst_object_unref(sink);
}

INSTANTIATE_TEST_SUITE_P(Modes, LivePlayback, ::testing::Values("overlay", "cea708"));

}  // namespace
}  // namespace npuwhisper::test
