// SPDX-License-Identifier: LGPL-2.1-or-later
// Upstream sends an endless flood of events. The number of events queued in the element is bounded.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "element_fixture.h"
#include "tests/gst/support/blocked_pad.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

/// Counts the live events or buffers of a flood. The census must outlive all counted objects.
class Census {
 public:
  template <typename Object>
  Object* count(Object* object) {
    ++alive_;
    most_ = std::max<int>(most_, alive_);
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT_CAST(object),
        [](gpointer alive, GstMiniObject*) { --*static_cast<std::atomic<int>*>(alive); }, &alive_);
    return object;
  }
  int alive() const { return alive_; }
  int most() const { return most_; }

 private:
  std::atomic<int> alive_{0};
  int most_ = 0;  // Accessed only by the sending thread.
};

GstEvent* custom(const std::string& name) {
  GstStructure* fields = gst_structure_new_empty(name.c_str());
  return gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, fields);
}

class EventFlood : public ElementTest {
 protected:
  static constexpr int kEvents = 20000;
  // Exceeds the total number of events that may wait in all parts of the element.
  static constexpr int kBound = 8000;

  void TearDown() override {
    if (audio_pad_ != nullptr) {
      gst_element_release_request_pad(element_, audio_pad_);
      gst_object_unref(audio_pad_);
    }
    ElementTest::TearDown();
    EXPECT_EQ(census_.alive(), 0) << "something outlives the element";
  }

  void play_live() {
    make();
    g_object_set(element_, "latency", 1000, nullptr);
    play("F32LE", true);
  }

  // Drops the events of the flood, which would otherwise accumulate in the harness.
  void swallow_events(GstPad* pad) {
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer n_out) {
          GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
          if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_DOWNSTREAM) return GST_PAD_PROBE_OK;
          ++*static_cast<std::atomic<int>*>(n_out);
          return GST_PAD_PROBE_DROP;
        },
        &n_out_, nullptr);
  }

  GstPad* src() const { return GST_PAD(element_->srcpads->data); }

  int n_warnings() {
    int n = 0;
    while (const auto warning = message(GST_MESSAGE_WARNING, 0ms)) {
      GError* error = nullptr;
      gst_message_parse_warning(warning.get(), &error, nullptr);
      if (std::string(error->message).find("events") != std::string::npos) ++n;
      g_error_free(error);
    }
    return n;
  }

  Census census_;
  std::atomic<int> n_out_{0};
  GstPad* audio_pad_ = nullptr;
};

// The events wait for the text of the audio before them. That text needs more audio, which upstream
// has not sent yet.
TEST_F(EventFlood, BehindAudioThatIsNotFinishedIsBoundedAndLosesNothing) {
  set_script({});
  play();
  swallow_events(src());
  push(tones(1, {{0.2, 0.6}}), 0);
  for (int i = 0; i < kEvents; ++i) ASSERT_TRUE(push_event(census_.count(custom("beat"))));
  EXPECT_LE(census_.most(), kBound);
  push(tones(1, {{0.2, 0.6}}), seconds(1));
  finish();
  EXPECT_EQ(n_out_, kEvents);
  EXPECT_EQ(out_->buffers().size(), 2U) << "the stretch of audio was not cut for it";
  EXPECT_EQ(stat("dropped-events"), 0U);
  EXPECT_EQ(n_warnings(), 0);
}

TEST_F(EventFlood, LiveWithABlockedReaderIsCountedAndToldOnce) {
  set_script({});
  play_live();
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  swallow_events(src());
  {
    const BlockedPad blocked(src());
    push(tones(1, {{0.2, 0.6}}), 0);
    for (int i = 0; i < kEvents; ++i) ASSERT_TRUE(push_event(census_.count(custom("beat"))));
    EXPECT_LE(census_.most(), kBound);
  }
  finish();
  EXPECT_EQ(n_out_ + static_cast<int>(stat("dropped-events")), kEvents);
  EXPECT_GT(stat("dropped-events"), 0U);
  EXPECT_EQ(n_warnings(), 1);
  EXPECT_FALSE(out_->buffers().empty());
}

TEST_F(EventFlood, OfSegmentsWithABlockedReaderIsBounded) {
  set_script({});
  play_live();
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  {
    const BlockedPad blocked(src());
    push(tones(1, {{0.2, 0.6}}), 0);
    for (int i = 1; i <= kEvents; ++i) {
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      segment.start = static_cast<GstClockTime>(i) * GST_SECOND;
      ASSERT_TRUE(push_event(census_.count(gst_event_new_segment(&segment))));
    }
    EXPECT_LE(census_.most(), kBound);
  }
  push(tones(1, {{0.2, 0.6}}), seconds(kEvents));
  finish();
  ASSERT_FALSE(out_->buffers().empty());
  EXPECT_GE(out_->buffers().back().start, seconds(kEvents)) << "the newest holds";
  EXPECT_EQ(stat("dropped-events"), 0U);
}

// The pad audio_src never blocks upstream for an event, so its queue has a bound of its own.
TEST_F(EventFlood, OfSegmentsWithABlockedReaderOfTheAudioIsBounded) {
  set_script({});
  make();
  audio_pad_ = gst_element_request_pad_simple(element_, "audio_src");
  play();
  {
    const BlockedPad blocked(audio_pad_);
    push(tones(1, {{0.2, 0.6}}), 0);
    for (int i = 1; i <= 2 * kEvents; ++i) {
      GstSegment segment;
      gst_segment_init(&segment, GST_FORMAT_TIME);
      segment.start = static_cast<GstClockTime>(i % 2) * GST_SECOND;
      ASSERT_TRUE(push_event(census_.count(gst_event_new_segment(&segment))));
      // Events that the harness has received no longer belong to the element.
      while (GstEvent* event = gst_harness_try_pull_event(harness_)) gst_event_unref(event);
    }
    EXPECT_LE(census_.most(), 15000);
  }
  finish();
}

// Short GAPs end the current speech as one long GAP does. At most a window of silence is decoded.
TEST_F(EventFlood, OfShortGapsCostsNoMoreThanAWindow) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  constexpr int kGaps = 3000;
  for (int i = 0; i < kGaps; ++i) {
    ASSERT_TRUE(push_event(gst_event_new_gap(seconds(1 + 0.5 * i), GST_SECOND / 2)));
  }
  push(tones(1, {{0.2, 0.6}}), seconds(1 + 0.5 * kGaps));
  finish();
  EXPECT_LE(stat("samples"), 32U * kSampleRate);
  ASSERT_EQ(out_->buffers().size(), 2U);
  EXPECT_EQ(out_->buffers()[0].start, seconds(0.2));
  EXPECT_EQ(out_->buffers()[1].start, seconds(1.2 + 0.5 * kGaps));
}

TEST_F(EventFlood, OneGapOfHoursCostsNoMoreThanAShortOne) {
  set_script({});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  ASSERT_TRUE(push_event(gst_event_new_gap(seconds(1), 24 * 3600 * GST_SECOND)));
  push(tones(1, {{0.2, 0.6}}), seconds(1 + 24 * 3600));
  finish();
  EXPECT_LE(stat("samples"), 3U * kSampleRate);
  EXPECT_EQ(out_->buffers().size(), 2U);
}

TEST_F(EventFlood, EmptyBuffersWithABlockedReaderOfTheAudioAreBounded) {
  set_script({});
  make();
  g_object_set(element_, "latency", 1000, nullptr);
  audio_pad_ = gst_element_request_pad_simple(element_, "audio_src");
  play("F32LE", true);
  {
    const BlockedPad blocked(audio_pad_);
    for (int i = 0; i < kEvents; ++i) {
      GstBuffer* buffer = gst_buffer_new();
      GST_BUFFER_PTS(buffer) = 0;
      ASSERT_EQ(gst_harness_push(harness_, census_.count(buffer)), GST_FLOW_OK);
    }
    EXPECT_LE(census_.most(), 10010);
  }
  finish();
}

}  // namespace
}  // namespace npuwhisper::test
