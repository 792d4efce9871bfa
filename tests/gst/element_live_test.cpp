// SPDX-License-Identifier: LGPL-2.1-or-later
// Live use: latency, gaps by the clock, never holding up the source. And the element in pipelines.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "element_fixture.h"
#include "pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct LatencyAnswer {
  gboolean live = FALSE;
  GstClockTime min = 0;
  GstClockTime max = 0;
};

LatencyAnswer query_latency(GstElement* element, const char* pad_name) {
  LatencyAnswer answer;
  GstPad* pad = gst_element_get_static_pad(element, pad_name);
  GstQuery* query = gst_query_new_latency();
  EXPECT_TRUE(gst_pad_query(pad, query));
  gst_query_parse_latency(query, &answer.live, &answer.min, &answer.max);
  gst_query_unref(query);
  gst_object_unref(pad);
  return answer;
}

class Live : public ElementTest {
 protected:
  void wait_until_heard_or_dropped(guint64 n_seconds) const {
    while (stat("samples") + stat("dropped-samples") < n_seconds * kSampleRate) g_usleep(1000);
  }
  // Where the live windows end is up to the scheduler: one may cut the sound in two.
  void expect_sound_at(double from, double to) const {
    ASSERT_FALSE(out_->buffers().empty());
    EXPECT_EQ(out_->buffers().front().start, seconds(from));
    EXPECT_EQ(out_->buffers().back().end, seconds(to));
  }
};

TEST_F(Live, LatencyIsUpstreamsPlusTheBudget) {
  set_script({});
  make();
  g_object_set(element_, "latency", 3000, nullptr);
  GstPad* json = gst_element_request_pad_simple(element_, "unsynced_src");
  play("F32LE", true);
  gst_harness_set_upstream_latency(harness_, 50 * GST_MSECOND);
  for (const char* pad : {"src", "unsynced_src"}) {
    const LatencyAnswer answer = query_latency(element_, pad);
    EXPECT_TRUE(answer.live) << pad;
    EXPECT_EQ(answer.min, 3050 * GST_MSECOND) << pad;
    EXPECT_EQ(answer.max, GST_CLOCK_TIME_NONE) << pad;
  }
  gst_object_unref(json);
}

TEST_F(Live, ChangedBudgetIsAnnounced) {
  set_script({});
  play("F32LE", true);
  while (message(GST_MESSAGE_LATENCY, 0ms)) {
  }
  g_object_set(element_, "latency", 4000, nullptr);
  EXPECT_TRUE(message(GST_MESSAGE_LATENCY));
  EXPECT_EQ(query_latency(element_, "src").min, 4000 * GST_MSECOND);
}

TEST_F(Live, TheTranscriberHasTheBudgetButForTheGaps) {
  set_script({});
  make();
  g_object_set(element_, "latency", 2000, nullptr);
  play("F32LE", true);
  push(tones(2, {{0.2, 0.6}}), 0);
  ASSERT_TRUE(out_->wait_for_buffers(1)) << "before EOS, and long before 30 s are full";
  ASSERT_TRUE(calls().last_options.live_latency.has_value());
  EXPECT_EQ(*calls().last_options.live_latency, 1800ms);
  ASSERT_TRUE(calls().last_options.samples_waiting);
  wait_until_heard_or_dropped(2);
  EXPECT_EQ(calls().last_options.samples_waiting(), 0) << "all of it was taken";
}

TEST_F(Live, NeverHoldsUpTheSource) {
  set_script({.decode_time = 400ms});
  make();
  g_object_set(element_, "latency", 2000, nullptr);
  play("F32LE", true);
  const auto begin = Clock::now();
  ASSERT_EQ(push(tones(20, {}), 0), GST_FLOW_OK);
  EXPECT_LT(elapsed(begin), 2s) << "waiting would take over 4 s";
  const auto warning = message(GST_MESSAGE_WARNING);
  ASSERT_TRUE(warning) << "what is skipped must be said";
  EXPECT_GT(stat("dropped-samples"), 0U);
  wait_until_heard_or_dropped(20);
  push(tones(1, {{0.2, 0.8}}), seconds(20));
  finish();
  expect_sound_at(20.2, 20.8);
  EXPECT_TRUE(out_->buffers()[0].discont) << "it goes on at the live edge";
}

TEST_F(Live, TextThatWaitsForDownstreamKeepsItsTimes) {
  set_script({});
  make();
  g_object_set(element_, "latency", 2000, nullptr);
  play("F32LE", true);
  GstPad* src = gst_element_get_static_pad(element_, "src");
  const auto block = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM);
  const auto hold = [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; };
  const gulong blocked = gst_pad_add_probe(src, block, hold, nullptr, nullptr);
  for (guint64 second = 0; second < 6; ++second) {
    push(tones(1, {{0.2, 0.6}}), seconds(static_cast<double>(second)));
    wait_until_heard_or_dropped(second + 1);
  }
  gst_harness_set_time(harness_, seconds(10));
  std::this_thread::sleep_for(150ms);  // A GAP is due.
  gst_pad_remove_probe(src, blocked);
  gst_object_unref(src);
  finish();
  std::vector<GstClockTime> starts;
  for (const Record& buffer : out_->buffers()) starts.push_back(buffer.start);
  for (int second = 0; second < 6; ++second) {
    EXPECT_THAT(starts, ::testing::Contains(seconds(second + 0.2))) << second;
  }
}

TEST_F(Live, DroppedAudioWithoutTimestampsStillCounts) {
  set_script({.decode_time = 400ms});
  make();
  g_object_set(element_, "latency", 2000, nullptr);
  play("F32LE", true);
  push(tones(20, {}), GST_CLOCK_TIME_NONE);
  wait_until_heard_or_dropped(20);
  push(tones(1, {{0.2, 0.8}}), GST_CLOCK_TIME_NONE);
  finish();
  expect_sound_at(20.2, 20.8);
}

TEST_F(Live, SourceThatStopsDoesNotKeepItsTextBack) {
  set_script({});
  make();
  g_object_set(element_, "latency", 1000, nullptr);
  play("F32LE", true);
  push(tones(0.5, {{0.1, 0.4}}), 0);
  EXPECT_TRUE(out_->wait_for_buffers(1));
}

constexpr const char* kLiveSource =
    "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=16000,channels=1";

// What a muxer or an overlay waits for: at any time the text pad has told of all that is older than
// the latency, even while an inference takes for ever.
TEST(LivePipeline, GapsComeByTheClock) {
  set_script({.decode_time = 60s});
  Pipeline pipeline(std::string(kLiveSource) +
                    " ! npuwhisper name=n latency=1000 ! fakesink name=s sync=false async=false");
  GstPad* src = gst_element_get_static_pad(pipeline.element("n"), "src");
  Recorder out(src);
  gst_object_unref(src);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(out.wait_for_event(GST_EVENT_GAP));
  out.wait([](const std::vector<Record>&) { return false; }, 2000ms);
  const GstClockTime now = gst_element_get_current_running_time(pipeline.get());
  const auto gaps = out.events(GST_EVENT_GAP);
  EXPECT_GE(gaps.size(), 15U) << "one each 100 ms";
  EXPECT_GE(gaps.back().end + 1000 * GST_MSECOND, now);
  EXPECT_EQ(out.complaint(), "");
}

TEST(LivePipeline, SourceKeepsItsPace) {
  set_script({.decode_time = 1500ms});
  Pipeline pipeline(std::string(kLiveSource) +
                    " ! identity name=i ! npuwhisper latency=1000 ! fakesink sync=true");
  std::atomic<int> n_buffers{0};
  GstPad* pad = gst_element_get_static_pad(pipeline.element("i"), "src");
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer count) {
        ++*static_cast<std::atomic<int>*>(count);
        return GST_PAD_PROBE_OK;
      },
      &n_buffers, nullptr);
  gst_object_unref(pad);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  std::this_thread::sleep_for(3s);
  EXPECT_GT(n_buffers, 270) << "100 buffers a second";
}

TEST(LivePipeline, TextReachesASynchronizedSinkInTime) {
  set_script({.decode_time = 50ms});
  Pipeline pipeline(
      "audiotestsrc is-live=true wave=ticks samplesperbuffer=160 num-buffers=250 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n latency=1500 ! "
      "fakesink name=s sync=true");
  ASSERT_TRUE(pipeline.run());
  guint delay = 0;
  g_object_get(pipeline.element("n"), "max-observed-delay", &delay, nullptr);
  EXPECT_GT(delay, 100U);
  EXPECT_LE(delay, 1500U);
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_WARNING, 0ms));
}

TEST(LivePipeline, ClockSyncedFileIsLive) {
  set_script({});
  Pipeline pipeline(
      "audiotestsrc num-buffers=150 samplesperbuffer=160 wave=ticks ! "
      "audio/x-raw,rate=16000,channels=1 ! identity sync=true ! "
      "npuwhisper name=n latency=1000 ! fakesink sync=true");
  ASSERT_TRUE(pipeline.run());
  EXPECT_GT(stat_of(pipeline.element("n"), "cues"), 0U);
  EXPECT_TRUE(calls().last_options.live_latency.has_value());
}

TEST(PipelineTest, AudioConvertWritesIntoOurMemory) {
  set_script({});
  Pipeline pipeline(
      "audiotestsrc num-buffers=100 ! audio/x-raw,format=S16LE,rate=48000,channels=2 ! "
      "audioconvert ! audioresample ! npuwhisper name=n ! fakesink");
  ASSERT_TRUE(pipeline.run());
  EXPECT_GT(stat_of(pipeline.element("n"), "pool-buffers"), 90U);
  // At EOS audioresample makes a last small buffer without asking for our memory.
  EXPECT_LE(stat_of(pipeline.element("n"), "copied-buffers"), 1U);
  EXPECT_LE(stat_of(pipeline.element("n"), "bytes-copied"), 1000U);
}

TEST(PipelineTest, OtherMemoryIsCopiedOnce) {
  set_script({});
  Pipeline pipeline(
      "audiotestsrc num-buffers=100 ! audio/x-raw,format=S16LE,rate=16000,channels=1 ! tee ! "
      "queue ! npuwhisper name=n ! fakesink");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(stat_of(pipeline.element("n"), "pool-buffers"), 0U);
  EXPECT_EQ(stat_of(pipeline.element("n"), "copied-buffers"), 100U);
  EXPECT_EQ(stat_of(pipeline.element("n"), "bytes-copied"), 100U * 1024 * 2);
}

TEST(PipelineTest, BothPadsMayBeSynchronizedWithoutQueues) {
  set_script({.window = kSampleRate});
  Pipeline pipeline(
      "audiotestsrc wave=ticks num-buffers=200 ! audio/x-raw,rate=16000,channels=1 ! "
      "npuwhisper name=n  n.src ! fakesink  n.unsynced_src ! fakesink");
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED, 5s)) << "preroll";
  ASSERT_TRUE(pipeline.run(10s));
}

TEST(PipelineTest, FlushingSeekGivesTextFromThereAndThenEos) {
  set_script({.window = kSampleRate});
  Pipeline pipeline(
      "audiotestsrc wave=ticks ! audio/x-raw,rate=16000,channels=1 ! "
      "npuwhisper name=n  n.src ! fakesink name=s sync=false  n.unsynced_src ! fakesink");
  GstPad* src = gst_element_get_static_pad(pipeline.element("n"), "src");
  Recorder out(src);
  gst_object_unref(src);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED));
  constexpr auto kFlags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
  ASSERT_TRUE(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, kFlags, GST_SEEK_TYPE_SET,
                               seconds(10), GST_SEEK_TYPE_SET, seconds(15)));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED)) << "preroll after the seek";
  EXPECT_EQ(out.events(GST_EVENT_FLUSH_START).size(), 1U) << "two sinks, but one seek";
  EXPECT_EQ(out.events(GST_EVENT_SEGMENT).back().start, seconds(10));
  ASSERT_TRUE(pipeline.run(10s));
  const auto cues = out.buffers();
  ASSERT_GE(cues.size(), 4U) << "a tick each second";
  EXPECT_GE(cues.back().start, seconds(13));
  EXPECT_LE(cues.back().end, seconds(15));
  EXPECT_EQ(out.complaint(), "");
}

TEST(PipelineTest, UnlinkedSourcePadStopsTheStream) {
  set_script({.window = kSampleRate});
  Pipeline pipeline("audiotestsrc wave=ticks ! audio/x-raw,rate=16000,channels=1 ! npuwhisper");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR, 5s));
}

}  // namespace
}  // namespace npuwhisper::test
