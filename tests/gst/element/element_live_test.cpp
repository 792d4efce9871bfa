// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of live use: the latency, GAPs that follow the clock, and a source that never waits. Some
// tests run the element in whole pipelines.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <thread>

#include "element_fixture.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
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
  // Returns the running time of `pts` in the current segment of `src`.
  GstClockTime running_time_of(GstClockTime pts) const {
    GstPad* src = gst_element_get_static_pad(element_, "src");
    GstEvent* event = gst_pad_get_sticky_event(src, GST_EVENT_SEGMENT, 0);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    const GstClockTime time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, pts);
    gst_event_unref(event);
    gst_object_unref(src);
    return time;
  }
  // Checks that the text of a sound covers `from` to `to`, in seconds. The text may be in several
  // buffers, because a live window may end within the sound.
  void expect_sound_at(double from, double to) const {
    ASSERT_FALSE(out_->buffers().empty());
    EXPECT_EQ(out_->buffers().front().start, seconds(from));
    EXPECT_EQ(out_->buffers().back().end, seconds(to));
  }
};

// rtspsrc cannot report its latency while it connects. If the element did not query the latency
// again, it would wait for 30 s of audio.
TEST_F(Live, UpstreamThatCannotTellItsLatencyYetIsAskedAgain) {
  set_script({});
  g_object_set(make(), "latency", 1000, nullptr);
  std::atomic<int> n_asked{0};
  const auto refuse_first = [](GstPad*, GstPadProbeInfo* info, gpointer data) {
    const bool is_answered = (info->type & GST_PAD_PROBE_TYPE_PULL) != 0;
    if (is_answered || GST_QUERY_TYPE(GST_PAD_PROBE_INFO_QUERY(info)) != GST_QUERY_LATENCY) {
      return GST_PAD_PROBE_OK;
    }
    const int n = static_cast<std::atomic<int>*>(data)->fetch_add(1);
    return n == 0 ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  };
  GstPad* sink = gst_element_get_static_pad(element_, "sink");
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, refuse_first, &n_asked, nullptr);
  gst_object_unref(sink);
  play("F32LE", true);
  EXPECT_EQ(n_asked, 1) << "for the segment";
  push(tones(3, {{0.2, 0.6}}), 0);
  EXPECT_TRUE(out_->wait_for_buffers(1));
  EXPECT_EQ(n_asked, 2) << "for the first buffer";
}

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

// An upstream element may become live after it has sent its SEGMENT.
TEST_F(Live, LivenessThatIsLearnedLateBeginsTheGaps) {
  set_script({});
  make();
  g_object_set(element_, "latency", 1000, nullptr);
  play();
  push(tones(1, {}), 0);
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  std::this_thread::sleep_for(50ms);  // The pad's thread waits for more output.
  gst_harness_set_live(harness_, TRUE);
  EXPECT_TRUE(query_latency(element_, "src").live);
  gst_harness_set_time(harness_, seconds(10));
  EXPECT_TRUE(out_->wait([](const std::vector<Record>& records) {
    return records.back().kind == Record::Kind::Gap && records.back().end > seconds(8);
  }));
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
  set_script({.decode_time = 1s});
  make();
  g_object_set(element_, "latency", 2000, nullptr);
  play("F32LE", true);
  ASSERT_EQ(push(tones(20, {}), 0), GST_FLOW_OK);
  EXPECT_LE(stat("windows"), 7U) << "of 14 that it would have waited for";
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
  std::this_thread::sleep_for(150ms);  // A GAP becomes due in this time.
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

TEST_F(Live, TranscribeLatencyIsLatencyByAnotherName) {
  set_script({});
  make();
  g_object_set(element_, "transcribe-latency", 3000, nullptr);
  guint latency = 0;
  g_object_get(element_, "latency", &latency, nullptr);
  EXPECT_EQ(latency, 3000U);
  play("F32LE", true);
  EXPECT_EQ(query_latency(element_, "src").min, 3000 * GST_MSECOND);
  // A GLib critical or warning ends this program, because language bindings may turn either into an
  // exception.
  const GLogLevelFlags before = g_log_set_always_fatal(
      static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR));
  g_object_set(element_, "transcribe-latency", 10U, nullptr);
  g_object_set(element_, "lateness", G_MAXUINT, nullptr);
  g_log_set_always_fatal(before);
  EXPECT_EQ(query_latency(element_, "src").min, 1000 * GST_MSECOND) << "the least there is";
}

// The lateness adds to the time that the transcriber may take, not to the latency.
TEST_F(Live, LatenessMovesTheTextAndNotTheLatency) {
  set_script({.window = kSampleRate});
  make();
  g_object_set(element_, "latency", 1000, "lateness", 2500, nullptr);
  play("F32LE", true);
  push(tones(2, {{0.2, 0.6}}), 0);
  ASSERT_TRUE(out_->wait_for_buffers(1));
  EXPECT_EQ(query_latency(element_, "src").min, 1000 * GST_MSECOND);
  EXPECT_EQ(*calls().last_options.live_latency, 3300ms);
  EXPECT_EQ(out_->buffers().front().start, seconds(0.2)) << "timestamps are the audio's";
  EXPECT_EQ(running_time_of(seconds(0.2)), seconds(2.7));
  g_object_set(element_, "lateness", 500, nullptr);
  push(tones(2, {{0.2, 0.6}}), seconds(2));
  finish();
  EXPECT_EQ(running_time_of(seconds(2.2)), seconds(2.7)) << "changed while playing";
}

TEST_F(Live, SourceThatStopsDoesNotKeepItsTextBack) {
  set_script({});
  make();
  g_object_set(element_, "latency", 1000, nullptr);
  play("F32LE", true);
  push(tones(0.5, {{0.1, 0.4}}), 0);
  EXPECT_TRUE(out_->wait_for_buffers(1));
}

// Sends events that may keep arriving while there is no sound. None of these events may delay the
// element's text.
class QuietSource : public Live, public ::testing::WithParamInterface<const char*> {
 protected:
  GstEvent* event() const {
    const std::string kind = GetParam();
    if (kind == "gap") return gst_event_new_gap(seconds(0.5), 0);
    if (kind == "tag") {
      return gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "quiet", nullptr));
    }
    return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("tick"));
  }
};

TEST_P(QuietSource, EventsDoNotKeepItsTextBack) {
  set_script({});
  make();
  g_object_set(element_, "latency", 1000, nullptr);
  play("F32LE", true);
  push(tones(0.5, {{0.1, 0.4}}), 0);
  const bool has_come = eventually([this] {
    push_event(event());
    const auto is_text = [](const Record& record) { return record.kind == Record::Kind::Buffer; };
    return out_->wait([&](const auto& records) { return std::ranges::any_of(records, is_text); },
                      100ms);
  });
  EXPECT_TRUE(has_come) << "while events flow";
}
INSTANTIATE_TEST_SUITE_P(Events, QuietSource, ::testing::Values("custom", "gap", "tag"));

constexpr const char* kLiveSource =
    "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=16000,channels=1";

// At any time, the text pad has covered everything older than the latency with text or GAPs, even
// if an inference never finishes. Muxers and overlays rely on this.
TEST(LivePipeline, GapsComeByTheClock) {
  const PatientClock clock;
  set_script({.decode_time = 60s});
  Pipeline pipeline(std::string(kLiveSource) +
                    " ! npuwhisper name=n latency=1000 ! fakesink name=s sync=false async=false");
  Recorder out(pipeline.element("n"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(out.wait_for_event(GST_EVENT_GAP));
  PatientClock::sleep(3s);
  const GstClockTime now = gst_element_get_current_running_time(pipeline.get());
  const auto gaps = out.events(GST_EVENT_GAP);
  EXPECT_GE(gaps.size(), 15U) << "one each 100 ms";
  EXPECT_GE(gaps.back().end + 1000 * GST_MSECOND, now);
  EXPECT_EQ(out.complaint(), "");
}

// Downstream does not wait for the model to load.
TEST(LivePipeline, GapsComeWhileTheModelIsLoading) {
  std::binary_semaphore may_go_on(0);
  set_script({.while_loading = [&] { may_go_on.acquire(); }});
  Pipeline pipeline(std::string(kLiveSource) +
                    " ! npuwhisper name=n latency=1000 ! fakesink name=s sync=false async=false");
  Recorder out(pipeline.element("n"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(out.wait_for_event(GST_EVENT_GAP));
  EXPECT_TRUE(out.wait([](const std::vector<Record>& records) {
    return std::count_if(records.begin(), records.end(),
                         [](const Record& record) { return record.type == GST_EVENT_GAP; }) >= 7;
  }));
  EXPECT_EQ(out.events(GST_EVENT_SEGMENT).size(), 1U);
  EXPECT_EQ(out.complaint(), "");
  may_go_on.release();
}

// textoverlay holds back each picture until text or a GAP covers the picture's time.
TEST(LivePipeline, AnOverlayNeverWaitsForSilence) {
  if (GstElementFactory* factory = gst_element_factory_find("textoverlay")) {
    gst_object_unref(factory);
  } else {
    GTEST_SKIP() << "install gstreamer1.0-x for textoverlay";
  }
  const PatientClock clock;
  set_script({});
  Pipeline pipeline(
      "audiotestsrc is-live=true wave=silence samplesperbuffer=160 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper latency=1000 ! o.text_sink "
      "videotestsrc is-live=true ! video/x-raw,framerate=25/1,width=64,height=32 ! "
      "queue max-size-time=0 max-size-buffers=0 max-size-bytes=0 ! textoverlay name=o ! "
      "fakesink sync=true");
  Recorder out(pipeline.element("o"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(out.wait_for_buffers(1));
  // Pictures leave at their frame rate, within the latency.
  for (int i = 0; i < 10; ++i) {
    PatientClock::sleep(200ms);
    const GstClockTime now = gst_element_get_current_running_time(pipeline.get());
    EXPECT_GE(out.buffers().back().start + 1500 * GST_MSECOND, now) << i;
  }
  EXPECT_GE(out.buffers().size(), 40U);
}

TEST(LivePipeline, SourceKeepsItsPace) {
  const PatientClock clock;
  set_script({.decode_time = 1500ms, .now = PatientClock::now});
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
  PatientClock::sleep(3s);
  EXPECT_GT(n_buffers, 270) << "100 buffers a second";
}

TEST(LivePipeline, TextReachesASynchronizedSinkInTime) {
  const PatientClock clock;
  set_script({.decode_time = 50ms, .now = PatientClock::now});
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

GstPadProbeReturn drop_eos(GstPad*, GstPadProbeInfo* info, gpointer) {
  const bool is_eos = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS;
  return is_eos ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

// The deadline of a text is measured from its speech, not from the time at which the source stops.
TEST(LivePipeline, TextOfASourceThatStopsIsInTime) {
  const PatientClock clock;
  set_script({});
  Pipeline pipeline(
      "audiotestsrc name=a is-live=true wave=ticks samplesperbuffer=160 num-buffers=200 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n latency=3000 ! "
      "fakesink sync=true async=false");
  GstPad* end = gst_element_get_static_pad(pipeline.element("a"), "src");
  gst_pad_add_probe(end, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, drop_eos, nullptr, nullptr);
  gst_object_unref(end);
  const Recorder out(pipeline.element("n"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(out.wait_for_buffers(1));
  PatientClock::sleep(1s);
  EXPECT_EQ(out.complaint(), "");
  EXPECT_LT(out.buffers().front().start, 10 * GST_MSECOND) << "no GAP has taken its time";
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_WARNING, 0ms)) << "later than the latency";
}

// While a camera is reconnected, no upstream element can report that it is live.
TEST(LivePipeline, StaysLiveWhileItsSourceIsReplaced) {
  const PatientClock clock;
  set_script({});
  Pipeline pipeline(
      "audiotestsrc name=a is-live=true wave=ticks samplesperbuffer=160 ! "
      "capsfilter caps=audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n latency=1000 ! "
      "fakesink sync=true async=false");
  const Recorder out(pipeline.element("n"));
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  PatientClock::sleep(300ms);
  GstElement* source = GST_ELEMENT(gst_object_ref(pipeline.element("a")));
  gst_element_set_state(source, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(pipeline.get()), source);
  gst_object_unref(source);
  gst_bin_recalculate_latency(GST_BIN(pipeline.get()));
  EXPECT_TRUE(query_latency(pipeline.element("n"), "src").live);
  EXPECT_TRUE(out.wait_for_buffers(1)) << "what was said before";
}

TEST(LivePipeline, TextThatIsTooLateIsSaid) {
  const PatientClock clock;
  set_script({.decode_time = 1500ms, .now = PatientClock::now});
  Pipeline pipeline(std::string(kLiveSource) +
                    " ! volume name=v ! npuwhisper name=n latency=1000 ! fakesink sync=true");
  std::atomic<int> n_notified{0};
  g_signal_connect(
      pipeline.element("n"), "notify::max-observed-delay",
      G_CALLBACK(+[](GObject*, GParamSpec*, gpointer n) { ++*static_cast<std::atomic<int>*>(n); }),
      &n_notified);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(pipeline.message(GST_MESSAGE_WARNING));
  guint delay = 0;
  g_object_get(pipeline.element("n"), "max-observed-delay", &delay, nullptr);
  EXPECT_GT(delay, 1000U);
  EXPECT_GT(n_notified, 0);
}

// With the property lateness, text comes later than its audio. The sink must not drop this text.
TEST(LivePipeline, LateTextReachesItsSinkInTime) {
  const PatientClock clock;
  set_script({.decode_time = 400ms, .now = PatientClock::now});
  Pipeline pipeline(
      "audiotestsrc is-live=true wave=ticks samplesperbuffer=160 num-buffers=120 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n latency=1000 lateness=800 ! "
      "fakesink name=s sync=true max-lateness=200000000");
  ASSERT_TRUE(pipeline.run());
  EXPECT_EQ(stat_of(pipeline.element("s"), "dropped"), 0U);
  EXPECT_GT(stat_of(pipeline.element("n"), "cues"), 0U);
  EXPECT_FALSE(pipeline.message(GST_MESSAGE_WARNING, 0ms));
}

TEST(LivePipeline, ClockSyncedFileIsLive) {
  const PatientClock clock;
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
  // At EOS, audioresample allocates a last small buffer outside the offered pool.
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
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PAUSED)) << "preroll";
  ASSERT_TRUE(pipeline.run());
}

TEST(PipelineTest, UnlinkedSourcePadStopsTheStream) {
  set_script({.window = kSampleRate});
  Pipeline pipeline("audiotestsrc wave=ticks ! audio/x-raw,rate=16000,channels=1 ! npuwhisper");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(pipeline.message(GST_MESSAGE_ERROR));
}

}  // namespace
}  // namespace npuwhisper::test
