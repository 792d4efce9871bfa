// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the pad audio_src, which outputs the input audio with its text as metas.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "element_fixture.h"
#include "tests/gst/support/blocked_pad.h"
#include "tests/gst/support/meta_recorder.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Clock = std::chrono::steady_clock;

class AudioPad : public ElementTest {
 protected:
  void make_with_audio() {
    make();
    pad_ = gst_element_request_pad_simple(element_, "audio_src");
    ASSERT_NE(pad_, nullptr);
    events_.emplace(pad_);
    audio_.emplace(pad_);
  }

  void TearDown() override {
    events_.reset();
    audio_.reset();
    if (pad_ != nullptr) {
      gst_element_release_request_pad(element_, pad_);
      gst_object_unref(pad_);
    }
    ElementTest::TearDown();
  }

  // Returns the only buffer that has a meta with this text.
  SoundRecord sound_of(const std::string& text) const {
    std::vector<SoundRecord> found;
    for (const SoundRecord& sound : audio_->sounds()) {
      for (const MetaRecord& meta : sound.metas) {
        if (meta.text == text) found.push_back(sound);
      }
    }
    EXPECT_EQ(found.size(), 1U) << text;
    return found.empty() ? SoundRecord() : found.front();
  }

  // Returns the minimum latency of the pad, or NONE if it is not live.
  GstClockTime latency() const {
    GstQuery* query = gst_query_new_latency();
    EXPECT_TRUE(gst_pad_query(pad_, query));
    gboolean live = FALSE;
    GstClockTime min = 0;
    gst_query_parse_latency(query, &live, &min, nullptr);
    gst_query_unref(query);
    return live ? min : GST_CLOCK_TIME_NONE;
  }

  void finish_audio() {
    finish();
    EXPECT_TRUE(events_->wait_for_event(GST_EVENT_EOS)) << "EOS did not come out of audio_src";
  }

  GstPad* pad_ = nullptr;
  std::optional<Recorder> events_;
  std::optional<MetaRecorder> audio_;
};

TEST_F(AudioPad, AMetaLiesWhereItsTextBegins) {
  set_script({.texts = {" one", " two"}});
  make_with_audio();
  play();
  push(tones(3, {{1.05, 1.5}, {2.0, 2.25}}), seconds(10));
  finish_audio();
  ASSERT_EQ(audio_->sounds().size(), 30U) << "buffers as they came";
  EXPECT_EQ(audio_->sounds().front().start, seconds(10));
  EXPECT_EQ(sound_of(" one").start, seconds(11.0));
  EXPECT_EQ(sound_of(" two").start, seconds(12.0));
  const auto metas = audio_->metas();
  ASSERT_EQ(metas.size(), 2U);
  EXPECT_NE(metas[0].id, metas[1].id);
  EXPECT_EQ(metas[0].start, seconds(11.05));
  EXPECT_EQ(metas[0].end, seconds(11.5));
  EXPECT_EQ(metas[0].language, "en");
  EXPECT_EQ(events_->events(GST_EVENT_EOS).front().seqnum,
            out_->events(GST_EVENT_EOS).front().seqnum);
}

TEST_F(AudioPad, WordsHaveTheirOwnMetas) {
  set_script({.texts = {" good day"}});
  make_with_audio();
  g_object_set(element_, "output-mode", 1, nullptr);
  play();
  push(tones(2, {{0.5, 1.5}}), 0);
  finish_audio();
  EXPECT_EQ(sound_of(" good").start, seconds(0.5));
  EXPECT_EQ(sound_of(" day").start, seconds(1.0));
}

TEST_F(AudioPad, SamplesAreNotCopied) {
  set_script({});
  make_with_audio();
  play();
  std::vector<const void*> pushed;
  for (int i = 0; i < 10; ++i) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 4 * kSampleRate / 10, nullptr);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    const Pcm pcm = tones(0.1, {{0, i == 4 ? 0.1 : 0}});
    std::copy_n(pcm.data(), pcm.size(), reinterpret_cast<float*>(map.data));
    pushed.push_back(map.data);
    gst_buffer_unmap(buffer, &map);
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(i) * seconds(0.1);
    gst_harness_push(harness_, buffer);
  }
  finish_audio();
  EXPECT_THAT(audio_->texts(), ElementsAre(" sound"));
  std::vector<const void*> passed;
  for (const SoundRecord& sound : audio_->sounds()) passed.push_back(sound.samples);
  EXPECT_EQ(passed, pushed);
}

TEST_F(AudioPad, BuffersMayBeLongerThanAllThatIsHeld) {
  set_script({});
  make_with_audio();
  play();
  for (int i = 0; i < 3; ++i) {
    const Pcm pcm = tones(100, {{50, 50.5}});
    GstBuffer* buffer = gst_buffer_new_memdup(pcm.data(), 4 * pcm.size());
    GST_BUFFER_PTS(buffer) = seconds(100 * i);
    ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
  }
  finish_audio();
  ASSERT_EQ(audio_->sounds().size(), 3U);
  EXPECT_EQ(audio_->sounds()[1].metas.size(), 1U);
}

TEST_F(AudioPad, ABufferMayBeLongerThanTheLimit) {
  set_script({.window = 28 * kSampleRate});
  make_with_audio();
  play();
  const Pcm pcm = tones(150, {{149, 149.5}});
  GstBuffer* buffer = gst_buffer_new_memdup(pcm.data(), 4 * pcm.size());
  GST_BUFFER_PTS(buffer) = 0;
  auto pushed = std::async(std::launch::async, [&] {
    gst_harness_push(harness_, buffer);
    return push(tones(40, {}), seconds(150));
  });
  ASSERT_EQ(pushed.wait_for(kTimeout), std::future_status::ready);
  EXPECT_EQ(pushed.get(), GST_FLOW_OK);
  finish_audio();
  EXPECT_EQ(audio_->sounds().front().metas.size(), 1U);
}

/// The pad holds as much audio as the transcriber may take. If `batch` becomes smaller, the pad
/// must hold as much as before, until the old transcriber (batch 8) has returned all its text.
TEST_F(AudioPad, ASmallerBatchDoesNotStopTheAudio) {
  set_script({.window = 240 * kSampleRate});
  make_with_audio();
  g_object_set(element_, "batch", 8U, nullptr);
  play();
  std::atomic<int> n_pushed{0};
  std::optional<BlockedPad> blocked(pad_);
  auto pushed = std::async(std::launch::async, [&] {
    const Pcm second = tones(1, {});
    for (; n_pushed < 500; ++n_pushed) push(second, seconds(n_pushed));
  });
  const auto is_full = [&] {
    const int before = n_pushed;
    std::this_thread::sleep_for(300ms);
    return before >= 390 && n_pushed == before;
  };
  ASSERT_TRUE(eventually(is_full)) << "the pad holds 396 s of audio";
  set_script({});
  g_object_set(element_, "batch", 1U, nullptr);
  blocked.reset();
  EXPECT_EQ(pushed.wait_for(kTimeout), std::future_status::ready) << n_pushed << " s";
  finish_audio();
}

TEST_F(AudioPad, InSyncItWaitsForTheText) {
  set_script({.window = 2 * kSampleRate});
  make_with_audio();
  play();
  push(tones(3, {{0.5, 1.0}}), 0);
  ASSERT_TRUE(audio_->wait_for_sounds(20));
  EXPECT_FALSE(audio_->wait_for_sounds(21, 100ms)) << "the last second is not transcribed yet";
  finish_audio();
  EXPECT_EQ(audio_->sounds().size(), 30U);
}

TEST_F(AudioPad, AtOnceItDoesNot) {
  set_script({.window = 2 * kSampleRate});
  make_with_audio();
  g_object_set(element_, "meta-sync", FALSE, nullptr);
  play();
  push(tones(1.9, {{0.5, 1.0}}), 0);
  ASSERT_TRUE(audio_->wait_for_sounds(19)) << "nothing is transcribed yet";
  EXPECT_THAT(audio_->texts(), IsEmpty());
  push(tones(0.1, {}), seconds(1.9));
  ASSERT_TRUE(out_->wait_for_buffers(1));
  push(tones(0.1, {}), seconds(2.0));
  ASSERT_TRUE(audio_->wait_for_sounds(21));
  ASSERT_EQ(audio_->metas().size(), 1U);
  EXPECT_EQ(audio_->metas().front().start, seconds(0.5)) << "late, but with its own time";
}

TEST_F(AudioPad, DeclaresTheLatencyThatItHas) {
  set_script({});
  make_with_audio();
  g_object_set(element_, "latency", 3000, nullptr);
  EXPECT_EQ(latency(), GST_CLOCK_TIME_NONE);
  play("F32LE", true);
  gst_harness_set_upstream_latency(harness_, 50 * GST_MSECOND);
  EXPECT_EQ(latency(), 3050 * GST_MSECOND);
  while (message(GST_MESSAGE_LATENCY, 0ms)) {
  }
  g_object_set(element_, "meta-sync", FALSE, nullptr);
  EXPECT_TRUE(message(GST_MESSAGE_LATENCY)) << "the pipeline must ask again";
  EXPECT_EQ(latency(), 50 * GST_MSECOND);
}

TEST_F(AudioPad, LivenessThatIsLearnedLateLetsTheAudioGo) {
  set_script({});
  make_with_audio();
  g_object_set(element_, "latency", 1000, nullptr);
  play();
  push(tones(1, {}), 0);
  EXPECT_FALSE(audio_->wait_for_sounds(1, 50ms)) << "its text is not known";
  gst_harness_set_live(harness_, TRUE);
  gst_harness_set_time(harness_, seconds(10));
  EXPECT_EQ(latency(), seconds(1));
  EXPECT_TRUE(audio_->wait_for_sounds(10));
}

TEST_F(AudioPad, PadThatComesLateGetsTheStickyEvents) {
  set_script({.window = kSampleRate});
  play();
  push(tones(1, {{0.2, 0.8}}), 0);
  ASSERT_TRUE(out_->wait_for_buffers(1));
  pad_ = gst_element_request_pad_simple(element_, "audio_src");
  events_.emplace(pad_);
  audio_.emplace(pad_);
  push(tones(1, {{0.5, 0.8}}), seconds(1));
  finish_audio();
  // The pad pushes these events itself, possibly before the recorders are attached.
  expect_sticky_events(pad_, {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT});
  EXPECT_EQ(audio_->sounds().size(), 10U);
  EXPECT_EQ(sound_of(" sound").start, seconds(1.5));
}

TEST_F(AudioPad, AFlushDropsWhatIsHeldAndGoesOn) {
  set_script({.texts = {" new"}, .decode_time = 60s});
  make_with_audio();
  play();
  push(tones(31, {{0.2, 0.5}}), 0);
  while (stat("windows") == 0) g_usleep(1000);
  const auto begin = Clock::now();
  push_event(gst_event_new_flush_start());
  EXPECT_LT(elapsed(begin), kAtOnce);
  set_script({.texts = {" new"}});
  // Makes the element create a transcriber with the new script.
  g_object_set(element_, "beam-size", 2, nullptr);
  push_event(gst_event_new_flush_stop(TRUE));
  push_segment(seconds(5));
  push(tones(1, {{0.5, 0.7}}), seconds(5));
  finish_audio();
  ASSERT_EQ(audio_->sounds().size(), 10U) << "nothing of before";
  EXPECT_EQ(sound_of(" new").start, seconds(5.5));
}

TEST_F(AudioPad, ANewSegmentKeepsTheOrder) {
  set_script({.texts = {" one", " two"}});
  make_with_audio();
  play();
  push(tones(1, {{0.2, 0.5}}), 0);
  push_segment(seconds(0), seconds(1));  // Repeats the times of the first segment.
  push(tones(1, {{0.4, 0.5}}), 0);
  finish_audio();
  EXPECT_EQ(events_->events(GST_EVENT_SEGMENT).size(), 2U);
  ASSERT_EQ(audio_->sounds().size(), 20U);
  EXPECT_EQ(audio_->sounds()[2].metas.size(), 1U);
  EXPECT_EQ(audio_->sounds()[14].metas.size(), 1U);
}

TEST_F(AudioPad, AudioWithoutTimestampsPassesToo) {
  set_script({});
  make_with_audio();
  play();
  push(tones(2, {{1.2, 1.5}}), GST_CLOCK_TIME_NONE);
  finish_audio();
  ASSERT_EQ(audio_->sounds().size(), 20U);
  EXPECT_EQ(audio_->sounds()[12].metas.size(), 1U);
}

TEST_F(AudioPad, WhoTakesNoAudioStallsNeitherTextNorALiveSource) {
  constexpr int kSeconds = 30;
  set_script({.window = kSampleRate});
  make_with_audio();
  g_object_set(element_, "latency", 1000, nullptr);
  const gulong block = gst_pad_add_probe(
      pad_, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  play("F32LE", true);
  const auto begin = Clock::now();
  for (int i = 0; i < kSeconds; ++i) {
    ASSERT_EQ(push(tones(1, {{0.2, 0.5}}), seconds(i)), GST_FLOW_OK);
    ASSERT_TRUE(out_->wait([i](const std::vector<Record>& records) {
      return std::any_of(records.begin(), records.end(), [i](const Record& record) {
        return record.kind == Record::Kind::Buffer && record.start >= seconds(i);
      });
    }));
  }
  EXPECT_LT(elapsed(begin), kAtOnce) << "the latency of each would come to more";
  EXPECT_TRUE(message(GST_MESSAGE_WARNING)) << "what is dropped must be said";
  EXPECT_GT(stat("audio-dropped-samples"), 0U);
  gst_pad_remove_probe(pad_, block);
  finish_audio();
  const auto sounds = audio_->sounds();
  EXPECT_TRUE(std::any_of(sounds.begin(), sounds.end(),
                          [](const SoundRecord& sound) { return sound.discont; }));
  EXPECT_EQ(sounds.back().start, seconds(kSeconds - 0.1)) << "it goes on at the live edge";
}

// The pad limits the number of queued events, and not only the amount of queued audio. Dropping
// audio does not reduce the number of events.
TEST_F(AudioPad, OfVeryManyEventsTheNewestStayAndWhatBeginsSomething) {
  constexpr int kMany = 12000;
  set_script({});
  make_with_audio();
  const gulong block = gst_pad_add_probe(
      pad_, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  play("F32LE", true);
  push(tones(0.1, {}), 0);
  set_caps("S16LE");
  for (int i = 0; i < kMany; ++i) {
    const std::string title = "title " + std::to_string(i);
    push_event(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, title.c_str(), nullptr)));
    if (i == kMany / 2) push_segment(seconds(1), seconds(1));
  }
  push(tones(0.1, {}), seconds(1));
  gst_pad_remove_probe(pad_, block);
  finish_audio();
  const auto tags = events_->events(GST_EVENT_TAG);
  EXPECT_LE(tags.size(), 10000U);
  EXPECT_GE(tags.size(), 1000U) << "no more went than had to";
  EXPECT_THAT(tags.back().text, HasSubstr("11999"));
  EXPECT_EQ(events_->events(GST_EVENT_CAPS).size(), 2U);
  EXPECT_EQ(events_->events(GST_EVENT_SEGMENT).size(), 2U)
      << "one before each sound; the one that the harness sends with caps is replaced";
  EXPECT_EQ(audio_->sounds().size(), 2U);
}

// Each buffer reaches the sink in time, although recognition never finishes.
TEST(AudioPadPipeline, LiveAudioLeavesWhenItIsDue) {
  const PatientClock clock;
  set_script({.decode_time = 60s});
  Pipeline pipeline(
      "audiotestsrc is-live=true samplesperbuffer=160 ! audio/x-raw,rate=16000,channels=1 ! "
      "npuwhisper name=n latency=1000 ! fakesink sync=true "
      "n.audio_src ! fakesink name=s sync=true max-lateness=1000000000");
  GstPad* pad = gst_element_get_static_pad(pipeline.element("s"), "sink");
  MetaRecorder audio(pad);
  gst_object_unref(pad);
  ASSERT_TRUE(pipeline.set_state(GST_STATE_PLAYING));
  ASSERT_TRUE(audio.wait_for_sounds(100));
  const GstClockTime now = gst_element_get_current_running_time(pipeline.get());
  EXPECT_GE(now, seconds(1.7)) << "not before its time";
  EXPECT_LE(now, seconds(4));
  EXPECT_EQ(stat_of(pipeline.element("s"), "dropped"), 0U) << "none waited for its text";
}

TEST(AudioPadPipeline, MetasSurviveTeeQueueAndConversion) {
  set_script({.window = kSampleRate});
  Pipeline pipeline(
      "audiotestsrc wave=ticks num-buffers=100 samplesperbuffer=1600 ! "
      "audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n caption-style=none ! "
      "fakesink async=false n.audio_src ! tee ! queue ! audioconvert ! "
      "audio/x-raw,format=S24LE,channels=2 ! "
      "audioresample ! audio/x-raw,rate=48000 ! volume volume=0.5 ! fakesink name=s");
  GstPad* pad = gst_element_get_static_pad(pipeline.element("s"), "sink");
  MetaRecorder audio(pad);
  gst_object_unref(pad);
  ASSERT_TRUE(pipeline.run());
  std::set<guint64> ids;
  for (const SoundRecord& sound : audio.sounds()) {
    for (const MetaRecord& meta : sound.metas) {
      EXPECT_TRUE(ids.insert(meta.id).second) << "twice";
      // The resampler's filter shifts its buffers slightly.
      EXPECT_NEAR(static_cast<double>(meta.start), static_cast<double>(sound.start), 0.11e9);
    }
  }
  EXPECT_EQ(ids.size(), stat_of(pipeline.element("n"), "cues"));
  EXPECT_GE(ids.size(), 9U) << "a tick each second";
}

TEST(AudioPadPipeline, DownstreamChoosesTheFormat) {
  for (const std::string format : {"S16LE", "F32LE"}) {
    set_script({});
    Pipeline pipeline(
        "audiotestsrc num-buffers=20 ! audio/x-raw,format=F64LE ! audioconvert ! audioresample ! "
        "npuwhisper name=n ! fakesink async=false n.audio_src ! audio/x-raw,format=" +
        format + " ! fakesink");
    EXPECT_TRUE(pipeline.run()) << format;
  }
}

}  // namespace
}  // namespace npuwhisper::test
