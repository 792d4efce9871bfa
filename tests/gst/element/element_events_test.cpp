// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of events and times: order, seeks, segments, discontinuities.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <semaphore>
#include <thread>

#include "element_fixture.h"

namespace npuwhisper::test {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Events : public ElementTest {
 protected:
  // Starts an inference that takes far longer than any test, and waits until it runs.
  void begin_endless_inference() {
    set_script({.window = kSampleRate, .decode_time = 60s});
    play();
    ASSERT_EQ(push(tones(1, {{0.2, 0.6}}), 0), GST_FLOW_OK);
    while (stat("windows") == 0) g_usleep(1000);
  }

  std::vector<std::string> order() const {
    std::vector<std::string> names;
    for (const Record& record : out_->all()) {
      if (record.kind != Record::Kind::Gap) names.push_back(record.text);
    }
    return names;
  }
};

TEST_F(Events, EosComesLastAndKeepsItsSeqnum) {
  set_script({});
  play();
  push(tones(2, {{0.5, 1.9}}), 0);
  GstEvent* eos = gst_event_new_eos();
  const guint32 seqnum = gst_event_get_seqnum(eos);
  push_event(eos);
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_EOS));
  EXPECT_EQ(out_->all().back().type, GST_EVENT_EOS);
  EXPECT_EQ(out_->all().back().seqnum, seqnum);
  EXPECT_EQ(out_->buffers().size(), 1U);
}

// A sink that prerolls or waits for its clock holds the stream lock of its pad.
TEST_F(Events, SerializedQueriesDoNotWaitForASinkThatWaits) {
  set_script({});
  play();
  GstPad* sink = harness_->sinkpad;
  GST_PAD_STREAM_LOCK(sink);
  auto asked = std::async(std::launch::async, [this] {
    GstCaps* caps = gst_caps_from_string("audio/x-raw,format=F32LE,rate=16000,channels=1");
    for (GstQuery* query : {gst_query_new_allocation(caps, FALSE), gst_query_new_drain()}) {
      gst_pad_peer_query(harness_->srcpad, query);  // The query may fail.
      gst_query_unref(query);
    }
    gst_caps_unref(caps);
  });
  EXPECT_EQ(asked.wait_for(kAtOnce), std::future_status::ready);
  GST_PAD_STREAM_UNLOCK(sink);
  asked.get();
}

TEST_F(Events, EosWithoutAudioPasses) {
  set_script({});
  play();
  finish();
  EXPECT_TRUE(out_->buffers().empty());
}

TEST_F(Events, SegmentStartAndSeqnumArriveDownstream) {
  set_script({});
  play();
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = seconds(100);
  segment.base = seconds(7);
  GstEvent* event = gst_event_new_segment(&segment);
  const guint32 seqnum = gst_event_get_seqnum(event);
  push_event(event);
  push(tones(2, {{0.5, 1.5}}), seconds(100));
  finish();
  const auto segments = out_->events(GST_EVENT_SEGMENT);
  EXPECT_EQ(segments.back().start, seconds(100));
  EXPECT_EQ(segments.back().seqnum, seqnum);
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(100.5));
  EXPECT_EQ(out_->events(GST_EVENT_GAP).back().seqnum, seqnum);
}

TEST_F(Events, AudioWithoutTimestampsCountsFromTheSegmentStart) {
  set_script({});
  play();
  push_segment(seconds(20));
  push(tones(2, {{0.5, 1.5}}), GST_CLOCK_TIME_NONE);
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(20.5));
  EXPECT_EQ(out_->buffers()[0].end, seconds(21.5));
}

TEST_F(Events, SegmentInBytesMeansFromTheBeginning) {
  set_script({});
  play();
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  push_event(gst_event_new_segment(&segment));
  push(tones(1, {{0.25, 0.75}}), GST_CLOCK_TIME_NONE);
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.25));
}

TEST_F(Events, AudioOutsideTheSegmentIsNotHeard) {
  set_script({});
  play();
  push_segment(seconds(1), 0, seconds(3));
  push(tones(4, {{0.2, 1.4}, {2.5, 3.5}}), 0);
  finish();
  const auto cues = out_->buffers();
  ASSERT_EQ(cues.size(), 2U);
  EXPECT_EQ(cues[0].start, seconds(1));
  EXPECT_EQ(cues[0].end, seconds(1.4));
  EXPECT_EQ(cues[1].start, seconds(2.5));
  EXPECT_EQ(cues[1].end, seconds(3));
  EXPECT_EQ(stat("samples"), 2U * kSampleRate);
}

TEST_F(Events, AudioIsCutByItsSamplesWhateverItsDuration) {
  set_script({});
  play();
  push_segment(seconds(0.2), 0, seconds(1.2));
  const std::vector<float> loud(kSampleRate / 10, 0.5F);
  for (const GstClockTime pts : {seconds(0.15), seconds(1.15)}) {
    GstBuffer* buffer = gst_buffer_new_memdup(loud.data(), loud.size() * sizeof(float));
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = seconds(2);
    EXPECT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
  }
  finish();
  const auto texts = out_->buffers();
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[0].start, seconds(0.2));
  EXPECT_EQ(texts[0].end, seconds(0.25));
  EXPECT_EQ(texts[1].start, seconds(1.15));
  EXPECT_EQ(texts[1].end, seconds(1.2));
}

// Upstream must send a SEGMENT after a flush. A pad without a SEGMENT uses the buffers' timestamps
// unchanged.
TEST_F(Events, AudioAfterAFlushWithoutASegmentIsHeard) {
  set_script({});
  play();
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  GstPad* json = gst_element_request_pad_simple(element_, "unsynced_src");
  GstPad* sink = gst_pad_new("json", GST_PAD_SINK);
  gst_pad_set_chain_function(
      sink, +[](GstPad*, GstObject*, GstBuffer* buffer) {
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
      });
  gst_pad_set_active(sink, TRUE);
  gst_pad_link(json, sink);
  EXPECT_EQ(push(tones(1, {{0.25, 0.75}}), 0), GST_FLOW_OK);
  finish();
  EXPECT_EQ(out_->buffers().size(), 1U);
  out_.reset();  // Skips complaint(), because text without a SEGMENT is upstream's fault.
  gst_pad_unlink(json, sink);
  gst_element_release_request_pad(element_, json);
  gst_object_unref(json);
  gst_object_unref(sink);
}

TEST_F(Events, NewSegmentEndsTheTextOfTheOldOne) {
  set_script({.texts = {" one", " two"}});
  play();
  push(tones(1, {{0.5, 1.0}}), 0);
  push_segment(seconds(50), seconds(1));
  push(tones(1, {{0.0, 0.5}}), seconds(50));
  finish();
  EXPECT_THAT(order(), ElementsAre("stream-start", ::testing::_, "segment", ::testing::_, "one",
                                   "segment", "two", "eos"));
  EXPECT_EQ(out_->buffers()[1].start, seconds(50));
}

TEST_F(Events, SameSegmentAgainDoesNotCutWords) {
  set_script({});
  play();
  push_segment(0);
  push(tones(1, {{0.5, 1.0}}), 0);
  push_segment(0);
  push(tones(1, {{0.0, 0.5}}), seconds(1));
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].end, seconds(1.5));
}

TEST_F(Events, CustomEventsKeepTheirPlaceBetweenTexts) {
  set_script({.texts = {" one", " two"}});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  push_event(gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("mark")));
  push(tones(1, {{0.2, 0.6}}), seconds(1));
  finish();
  EXPECT_EQ(calls().drains, 1) << "the event must not cut the audio in two";
  EXPECT_THAT(order(), ElementsAre("stream-start", ::testing::_, "segment", ::testing::_, "one",
                                   "custom-downstream", "two", "eos"));
}

TEST_F(Events, SmallTimestampErrorsDoNotCutWords) {
  set_script({});
  play();
  push(tones(1, {{0.5, 1.0}}), 0);
  push(tones(1, {{0.0, 0.5}}), seconds(1.02), true);
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.5));
  EXPECT_EQ(out_->buffers()[0].end, seconds(1.52)) << "the times follow the timestamps";
}

// tsdemux steps back when it corrects its estimate of the sender's clock.
TEST_F(Events, SmallStepBackDoesNotCutWords) {
  set_script({});
  play();
  push(tones(1, {{0.5, 1.0}}), 0);
  push(tones(1, {{0.0, 0.5}}), seconds(0.85), true);
  finish();
  EXPECT_EQ(calls().drains, 1);
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.5));
  EXPECT_EQ(out_->buffers()[0].end, seconds(1.35));
}

TEST_F(Events, DriftIsFollowed) {
  set_script({});
  play();
  // The capture clock is 1 % slow. The timestamps gain 1 ms per buffer and 300 ms in 30 s. No
  // single step reaches the 40 ms that the timeline treats as a discontinuity.
  for (int i = 0; i < 300; ++i) {
    const bool last = i == 299;
    push(last ? tones(0.1, {{0, 0.1}}) : tones(0.1, {}), i * 101 * GST_MSECOND);
  }
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  // Drift below 10 ms is ignored twice: when waiting buffers are joined, and in the timeline.
  EXPECT_NEAR(static_cast<double>(out_->buffers()[0].start), 299 * 0.101 * GST_SECOND,
              21.0 * GST_MSECOND);
  EXPECT_EQ(calls().drains, 1);
}

TEST_F(Events, TimesThatGoBackGiveTextThatDoesNot) {
  set_script({});
  play();
  push(tones(2, {{0.5, 1.0}}), seconds(5));
  push(tones(2, {{0.5, 1.0}}), seconds(3), true);
  finish();
  EXPECT_EQ(out_->buffers().size(), 2U);  // complaint() checks the buffers' times.
}

TEST_F(Events, ShortGapIsSilenceInTheMiddle) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  push_event(gst_event_new_gap(seconds(1), seconds(0.5)));
  push(tones(1, {{0.2, 0.6}}), seconds(1.5));
  finish();
  EXPECT_EQ(calls().drains, 1);
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[1].start, seconds(1.7));
  EXPECT_EQ(stat("samples"), 5U * kSampleRate / 2);
}

/// After a seek that changes the rate, qtdemux of GStreamer 1.22 sends GAPs that reach beyond the
/// start of the next audio.
TEST_F(Events, GapsThatContainAudioAreShortened) {
  set_script({});
  play();
  push(tones(1, {}), 0);
  push_event(gst_event_new_gap(seconds(1), seconds(3)));
  push_event(gst_event_new_gap(seconds(4), seconds(3)));
  for (int second = 1; second < 12; ++second) {
    push(tones(0.5, {{0.2, 0.5}}), seconds(second - 0.002));
    push_event(gst_event_new_gap(seconds(second + 0.5), seconds(3)));
    push_event(gst_event_new_gap(seconds(second + 3.5), seconds(3)));
    push(tones(0.5, {{0, 0.2}}), seconds(second + 0.498));
    push_event(gst_event_new_gap(seconds(second + 1), seconds(3)));
    push_event(gst_event_new_gap(seconds(second + 4), seconds(3)));
  }
  // No audio follows these GAPs.
  for (int second = 18; second < 30; second += 3) {
    push_event(gst_event_new_gap(seconds(second), seconds(3)));
  }
  EXPECT_TRUE(out_->wait([](const std::vector<Record>& records) {
    return !records.empty() && records.back().kind == Record::Kind::Gap &&
           records.back().end > 23 * GST_SECOND;
  }));
  finish();
  EXPECT_EQ(calls().drains, 2) << "at the first GAP and at the first GAP without audio";
  const std::vector<Record> texts = out_->buffers();
  ASSERT_EQ(texts.size(), 11U);
  // Because of the first GAPs, no text may start before 7 s.
  for (std::size_t i = 6; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i].start, seconds(static_cast<double>(i) + 1.198));
  }
}

/// The audio of the file begins at 6 s and is played at double speed. qtdemux of GStreamer 1.22
/// then sends a GAP of 3 s after each piece of audio, from the first piece on.
TEST_F(Events, GapsThatContainAudioDoNotDelayTheFirstText) {
  set_script({});
  play();
  push_segment(0, seconds(3), GST_CLOCK_TIME_NONE, 2.0);
  for (int i = 0; i < 50; ++i) {
    push(tones(0.1, i % 10 == 5 ? std::vector<std::pair<double, double>>{{0, 0.1}}
                                : std::vector<std::pair<double, double>>{}),
         seconds(0.1 * i));
    push_event(gst_event_new_gap(seconds(0.1 * (i + 1)), seconds(3)));
  }
  finish();
  const std::vector<Record> texts = out_->buffers();
  ASSERT_EQ(texts.size(), 5U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i].start, seconds(static_cast<double>(i) + 0.5));
  }
  EXPECT_EQ(stat("samples"), 5U * kSampleRate) << "silence was added for a GAP";
}

TEST_F(Events, FewMissingSamplesAreSilenceInTheMiddle) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  push(tones(1, {{0.2, 0.6}}), seconds(1.25), true);
  finish();
  EXPECT_EQ(calls().drains, 1) << "a lost packet does not cut a sentence in two";
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[1].start, seconds(1.45));
  EXPECT_EQ(stat("samples"), 9U * kSampleRate / 4);
}

TEST_F(Events, ManyMissingSamplesEndTheText) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  push(tones(1, {{0.2, 0.6}}), seconds(1.45), true);
  finish();
  EXPECT_EQ(calls().drains, 2);
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[1].start, seconds(1.65));
  EXPECT_TRUE(out_->buffers()[1].discont);
  EXPECT_EQ(stat("samples"), 2U * kSampleRate);
}

TEST_F(Events, LongGapEndsTheTextAndIsToldDownstream) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  push_event(gst_event_new_gap(seconds(1), seconds(100)));
  EXPECT_TRUE(out_->wait([](const std::vector<Record>& records) {
    return !records.empty() && records.back().kind == Record::Kind::Gap &&
           records.back().end == 101 * GST_SECOND;
  }));
  push(tones(1, {{0.2, 0.6}}), seconds(101));
  finish();
  EXPECT_EQ(calls().drains, 2);
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[1].start, seconds(101.2));
}

TEST_F(Events, FlushStartReturnsAtOnceDuringInference) {
  begin_endless_inference();
  const auto begin = Clock::now();
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  EXPECT_LT(elapsed(begin), kAtOnce);
  EXPECT_GE(calls().cancels, 1);
}

TEST_F(Events, TextComesAgainAfterAFlushingSeek) {
  begin_endless_inference();
  // The script applies to the next transcriber. The current transcriber stays slow.
  set_script({.window = kSampleRate});
  g_object_set(element_, "beam-size", 2, nullptr);
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  push_segment(seconds(30));
  ASSERT_EQ(push(tones(2, {{0.5, 1.0}}), seconds(30)), GST_FLOW_OK);
  finish();
  const auto cues = out_->buffers();
  ASSERT_EQ(cues.size(), 1U) << "the text before the seek must not come out after it";
  EXPECT_EQ(cues[0].start, seconds(30.5));
}

TEST_F(Events, FlushDoesNotLoseWhatIsSaidOnce) {
  std::binary_semaphore may_go_on(0);
  set_script({.while_loading = [&] { may_go_on.acquire(); }});
  play();
  push_event(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "A talk", nullptr)));
  push(tones(1, {}), 0);
  // While the model is loading, the number of events that have left depends on thread timing.
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  const std::size_t n_before = out_->events(GST_EVENT_SEGMENT).size();
  may_go_on.release();
  push_segment(seconds(5));
  push(tones(1, {{0.2, 0.6}}), seconds(5));
  finish();
  EXPECT_EQ(out_->complaint(), "");
  EXPECT_EQ(out_->events(GST_EVENT_STREAM_START).size(), 1U);
  EXPECT_EQ(out_->events(GST_EVENT_SEGMENT).size(), n_before + 1);
  EXPECT_THAT(out_->events(GST_EVENT_TAG).front().text, ::testing::HasSubstr("A\\ talk"));
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(5.2));
}

TEST_F(Events, FlushWakesAProducerThatWaitsForRoom) {
  begin_endless_inference();
  GstFlowReturn flow = GST_FLOW_OK;
  std::thread producer([&] { flow = push(tones(60, {}), seconds(1)); });
  g_usleep(50000);
  GstPad* sink = gst_element_get_static_pad(element_, "sink");
  gst_pad_send_event(sink, gst_event_new_flush_start());
  gst_object_unref(sink);
  producer.join();
  EXPECT_EQ(flow, GST_FLOW_FLUSHING);
  push_event(gst_event_new_flush_stop(TRUE));
}

TEST_F(Events, ManyFlushesLeaveTheLastStreamRight) {
  set_script({.window = kSampleRate / 2, .decode_time = 3ms});
  play();
  for (int i = 0; i < 50; ++i) {
    push(tones(1, {{0.1, 0.2}}), 0);
    if (i % 3 == 0) g_usleep(2000);
    push_event(gst_event_new_flush_start());
    push_event(gst_event_new_flush_stop(TRUE));
    push_segment(0);
  }
  out_->clear();
  push_event(gst_event_new_flush_start());
  push_event(gst_event_new_flush_stop(TRUE));
  push_event(gst_event_new_stream_start("after"));
  push_segment(seconds(9));
  push(tones(1, {{0.1, 0.2}, {0.6, 0.9}}), seconds(9));
  finish();
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[1].start, seconds(9.6));
  EXPECT_EQ(out_->buffers()[1].end, seconds(9.9));
}

TEST_F(Events, PlayingBackwardsGivesNoText) {
  set_script({});
  play();
  push_segment(0, 0, seconds(10), -1.0);
  push(tones(1, {{0.2, 0.6}}), seconds(8));
  push(tones(1, {{0.2, 0.6}}), seconds(7));
  push_event(gst_event_new_eos());
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_EOS));
  EXPECT_TRUE(out_->buffers().empty());
  EXPECT_FALSE(out_->events(GST_EVENT_GAP).empty());
  EXPECT_EQ(stat("samples"), 0U);
  out_->clear();  // complaint() would reject the GAPs, which run backwards like the audio.
}

TEST_F(Events, FastForwardKeepsTheTimesOfTheAudio) {
  set_script({});
  play();
  push_segment(0, 0, GST_CLOCK_TIME_NONE, 2.0);
  push(tones(2, {{0.5, 1.0}}), 0);
  finish();
  ASSERT_EQ(out_->buffers().size(), 1U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.5));
}

TEST_F(Events, NextStreamStartsAfresh) {
  set_script({.texts = {" one", " two"}});
  play();
  push(tones(1, {{0.5, 1.0}}), 0);
  push_event(gst_event_new_stream_start("second"));
  push_segment(0);
  push(tones(1, {{0.2, 0.6}}), 0);
  finish();
  EXPECT_THAT(out_->texts(), ElementsAre("one", "two"));
  EXPECT_EQ(out_->buffers()[1].start, seconds(0.2));
  EXPECT_EQ(out_->events(GST_EVENT_STREAM_START).size(), 2U);
}

// Depayloaders forward the SEGMENT of a reconnected camera only if it differs from the last one.
TEST_F(Events, NextStreamMayKeepTheSegment) {
  set_script({.texts = {" one", " two"}});
  play();
  push_segment(0);
  push(tones(1, {{0.2, 0.6}}), 0);
  push_event(gst_event_new_stream_start("again"));
  push(tones(1, {{0.2, 0.6}}), seconds(5));
  finish();
  ASSERT_THAT(out_->texts(), ElementsAre("one", "two"));
  EXPECT_EQ(out_->buffers()[1].start, seconds(5.2));
  const auto all = out_->all();
  const auto begins = std::ranges::find_if(
      all.rbegin(), all.rend(), [](const Record& r) { return r.type == GST_EVENT_STREAM_START; });
  const bool has_segment = std::any_of(
      all.rbegin(), begins, [](const Record& record) { return record.type == GST_EVENT_SEGMENT; });
  EXPECT_TRUE(has_segment) << "of the second stream";
}

TEST_F(Events, SettingsMayChangeWhilePlaying) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  while (stat("samples") < kSampleRate) g_usleep(1000);
  g_object_set(element_, "language-code", "fr", "beam-size", 5, nullptr);
  push(tones(1, {{0.2, 0.6}}), seconds(1));
  finish();
  EXPECT_EQ(calls().last_options.language, "fr");
  EXPECT_EQ(calls().last_options.beam_size, 5);
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[1].start, seconds(1.2));
  EXPECT_EQ(stat("samples"), 2U * kSampleRate);
}

}  // namespace
}  // namespace npuwhisper::test
