// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/check/gstharness.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cea608_receiver.h"
#include "gst/support/gst_ptr.h"

namespace npuwhisper::test {
namespace {

using Texts = std::vector<std::string>;
constexpr GstClockTime kNone = GST_CLOCK_TIME_NONE;

// An output buffer, and the screen's text after the receiver has decoded the buffer.
struct Frame {
  GstClockTime pts;
  GstClockTime end;
  bool discont;
  Texts screen;
};

class TextToCea608 : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(receiver_.complaint(), "");
    if (harness_ != nullptr) gst_harness_teardown(harness_);
  }

  void play(const std::string& properties = "", const std::string& src_caps = "format=raw",
            const std::string& format = "utf8") {
    harness_ = gst_harness_new_parse(("texttocea608 " + properties).c_str());
    src_caps_ = "closedcaption/x-cea-608," + src_caps;
    gst_harness_set_sink_caps_str(harness_, src_caps_.c_str());
    gst_harness_set_src_caps_str(harness_, ("text/x-raw,format=" + format).c_str());
  }
  GstElement* element() { return gst_harness_find_element(harness_, "texttocea608"); }

  GstFlowReturn text(const std::string& utf8, GstClockTime pts, GstClockTime duration = kNone) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, utf8.size(), nullptr);
    gst_buffer_fill(buffer, 0, utf8.data(), utf8.size());
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = duration;
    return gst_harness_push(harness_, buffer);
  }
  bool gap(GstClockTime pts, GstClockTime duration) {
    return gst_harness_push_event(harness_, gst_event_new_gap(pts, duration));
  }
  bool segment(GstClockTime start, double rate = 1.0, GstFormat format = GST_FORMAT_TIME) {
    GstSegment segment;
    gst_segment_init(&segment, format);
    segment.start = start;
    segment.time = start;
    segment.rate = rate;
    return gst_harness_push_event(harness_, gst_event_new_segment(&segment));
  }

  // Returns the frames that the element has output since the last call. Passes them to the
  // receiver.
  std::vector<Frame> frames() {
    std::vector<Frame> out;
    while (const auto buffer = BufferPtr(gst_harness_try_pull(harness_))) {
      guint8 bytes[3] = {};
      const gsize size = gst_buffer_extract(buffer.get(), 0, bytes, sizeof bytes);
      EXPECT_EQ(gst_buffer_get_size(buffer.get()), size);
      if (size == 2) receiver_.feed(bytes[0], bytes[1]);
      if (size == 3 && bytes[0] == 0x80) receiver_.feed(bytes[1], bytes[2]);
      if (size == 3 && bytes[0] != 0x80) {
        EXPECT_TRUE(bytes[1] == 0x80 && bytes[2] == 0x80) << "field 2 is not ours";
      }
      const GstClockTime pts = GST_BUFFER_PTS(buffer.get());
      out.push_back({.pts = pts,
                     .end = pts + GST_BUFFER_DURATION(buffer.get()),
                     .discont = GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT),
                     .screen = receiver_.screen()});
    }
    return out;
  }
  // Returns the PTS of the first frame that shows `screen`, or NONE if no frame shows it.
  static GstClockTime shown_at(const std::vector<Frame>& frames, const Texts& screen) {
    for (const Frame& frame : frames) {
      if (frame.screen == screen) return frame.pts;
    }
    return kNone;
  }
  guint64 stat(const char* name) {
    GstElement* self = element();
    GstStructure* stats = nullptr;
    g_object_get(self, "stats", &stats, nullptr);
    gst_object_unref(self);
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats, name, &value)) << name;
    gst_structure_free(stats);
    return value;
  }

  GstHarness* harness_ = nullptr;
  std::string src_caps_;
  Cea608Receiver receiver_;
};

struct Rate {
  int numerator;
  int denominator;
};

class Rates : public TextToCea608, public ::testing::WithParamInterface<Rate> {};

TEST_P(Rates, EveryFrameHasItsBuffer) {
  const auto [n, d] = GetParam();
  play("mode=pop-on", "format=s334-1a,framerate=" + std::to_string(n) + "/" + std::to_string(d));
  EXPECT_TRUE(gap(0, GST_SECOND));
  EXPECT_EQ(text("Twelve o'clock.", 5 * GST_SECOND, 2 * GST_SECOND), GST_FLOW_OK);
  EXPECT_TRUE(gap(7 * GST_SECOND, 14 * GST_SECOND));
  gst_harness_push_event(harness_, gst_event_new_eos());
  const std::vector<Frame> out = frames();
  ASSERT_EQ(out.size(), (21U * n + d - 1) / d);
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i].pts, gst_util_uint64_scale(i, d * GST_SECOND, n));
    EXPECT_EQ(out[i].end, gst_util_uint64_scale(i + 1, d * GST_SECOND, n));
    EXPECT_EQ(out[i].discont, i == 0);
  }
  const GstClockTime two_frames = 2 * GST_SECOND * d / n;
  const GstClockTime shown = shown_at(out, {"Twelve o'clock."});
  EXPECT_GE(shown, 5 * GST_SECOND);
  EXPECT_LE(shown, 5 * GST_SECOND + two_frames);
  EXPECT_FALSE(out[7 * n / d - 1].screen.empty());
  EXPECT_TRUE(out[7 * n / d + 4].screen.empty());
}
INSTANTIATE_TEST_SUITE_P(All, Rates,
                         ::testing::Values(Rate{24000, 1001}, Rate{24, 1}, Rate{25, 1},
                                           Rate{30000, 1001}, Rate{30, 1}, Rate{50, 1},
                                           Rate{60000, 1001}, Rate{60, 1}));

// A raw pair does not name its field, so only pairs of field 1 are sent, with GAPs between them.
TEST_F(TextToCea608, RawAbove30FramesHasBuffersForField1Only) {
  play("mode=pop-on", "format=raw,framerate=50/1");
  EXPECT_EQ(text("Twelve o'clock.", 5 * GST_SECOND, 2 * GST_SECOND), GST_FLOW_OK);
  gst_harness_push_event(harness_, gst_event_new_eos());
  const std::vector<Frame> out = frames();
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i].pts, 40 * i * GST_MSECOND);
    EXPECT_EQ(out[i].end, out[i].pts + 20 * GST_MSECOND);
  }
  GstClockTime end = 20 * GST_MSECOND;
  while (const auto event = EventPtr(gst_harness_try_pull_event(harness_))) {
    if (GST_EVENT_TYPE(event.get()) != GST_EVENT_GAP) continue;
    GstClockTime pts = 0;
    GstClockTime duration = 0;
    gst_event_parse_gap(event.get(), &pts, &duration);
    EXPECT_EQ(pts, end);
    EXPECT_EQ(duration, 20 * GST_MSECOND);
    end = pts + 2 * duration;
  }
  EXPECT_GE(end, 7 * GST_SECOND);
  EXPECT_EQ(shown_at(out, {"Twelve o'clock."}), 5 * GST_SECOND);
}

class Modes : public TextToCea608, public ::testing::WithParamInterface<const char*> {};

TEST_P(Modes, TextComesAtItsTimeAndGoes) {
  play(std::string("timeout=2000 mode=") + GetParam(), "format=raw,framerate=30/1");
  ASSERT_EQ(text("Grüße aus Łódź", 4 * GST_SECOND, GST_SECOND), GST_FLOW_OK);
  ASSERT_EQ(text("¿Qué tal?", 10 * GST_SECOND, 2 * GST_SECOND), GST_FLOW_OK);
  gst_harness_push_event(harness_, gst_event_new_eos());
  const std::vector<Frame> out = frames();
  const GstClockTime first = shown_at(out, {"Grüße aus Lódz"});
  const GstClockTime second = shown_at(out, {"¿Qué tal?"});
  EXPECT_GE(first, 4 * GST_SECOND);
  EXPECT_LT(first, 4600 * GST_MSECOND);
  EXPECT_GE(second, 10 * GST_SECOND);
  EXPECT_LT(second, 10600 * GST_MSECOND);
  EXPECT_TRUE(out[9 * 30].screen.empty());
  EXPECT_TRUE(out.back().screen.empty());
}
INSTANTIATE_TEST_SUITE_P(All, Modes,
                         ::testing::Values("pop-on", "paint-on", "roll-up2", "roll-up3",
                                           "roll-up4"));

TEST_F(TextToCea608, DefaultIs2997) {
  play();
  EXPECT_TRUE(gap(0, GST_SECOND));
  const CapsPtr caps(gst_pad_get_current_caps(harness_->sinkpad));
  ASSERT_NE(caps, nullptr);
  const CapsPtr wanted(
      gst_caps_from_string("closedcaption/x-cea-608,format=raw,framerate=30000/1001"));
  EXPECT_TRUE(gst_caps_is_equal(caps.get(), wanted.get()));
  EXPECT_EQ(frames().size(), 30U);
}

TEST_F(TextToCea608, TextWithoutTimesComesAtOnce) {
  play("", "format=raw,framerate=30/1");
  gap(0, 2 * GST_SECOND);
  EXPECT_EQ(text("No time", kNone), GST_FLOW_OK);
  gap(2 * GST_SECOND, GST_SECOND);
  const GstClockTime shown = shown_at(frames(), {"No time"});
  EXPECT_GE(shown, 2 * GST_SECOND);
  EXPECT_LT(shown, 2500 * GST_MSECOND);
}

TEST_F(TextToCea608, TextThatOverlapsOrGoesBackIsKept) {
  play("", "format=raw,framerate=30/1");
  text("one", 2 * GST_SECOND, 3 * GST_SECOND);
  text("two", 3 * GST_SECOND, 3 * GST_SECOND);
  text("three", GST_SECOND, GST_SECOND);
  gap(6 * GST_SECOND, GST_SECOND);
  const std::vector<Frame> out = frames();
  EXPECT_NE(shown_at(out, {"one"}), kNone);
  EXPECT_NE(shown_at(out, {"one two"}), kNone);
  EXPECT_EQ(out.back().screen, (Texts{"one two three"}));
  EXPECT_EQ(out.size(), 210U) << "no frame twice";
}

TEST_F(TextToCea608, StrangeTextDoesNoHarm) {
  play();
  for (const std::string& strange :
       {std::string(), std::string("\xff\xc3\x28 ok"), std::string("a\0b", 3), std::string(1, '\0'),
        std::string(1'000'000, 'x'), std::string("\xed\xa0\x80")}) {
    EXPECT_EQ(text(strange, kNone, GST_SECOND), GST_FLOW_OK);
  }
  gap(60 * GST_SECOND, GST_SECOND);
  frames();
  EXPECT_GT(stat("replaced-characters"), 0U);
  EXPECT_GT(stat("dropped-characters"), 900'000U);
}

TEST_F(TextToCea608, StrangeTimesDoNoHarm) {
  play("", "format=raw,framerate=30/1");
  EXPECT_EQ(text("long", 0, G_MAXUINT64 - 1), GST_FLOW_OK);
  EXPECT_LE(frames().size(), 18000U);
  EXPECT_EQ(text("far", G_MAXINT64, 5), GST_FLOW_OK);
  EXPECT_EQ(text("farther", G_MAXUINT64 - 1, G_MAXUINT64 - 1), GST_FLOW_OK);
  EXPECT_EQ(text("back", 0, 0), GST_FLOW_OK);
  EXPECT_TRUE(gap(GST_SECOND, G_MAXUINT64 - 1));
  EXPECT_LE(frames().size(), 40000U) << "two fills and what was sent between";
}

TEST_F(TextToCea608, MarkupIsStripped) {
  play("", "format=raw,framerate=30/1", "pango-markup");
  text("<i>Tom</i> &amp; <b>Jerry</b>", 0, GST_SECOND);
  gap(GST_SECOND, GST_SECOND);
  EXPECT_EQ(frames().back().screen, (Texts{"Tom & Jerry"}));
}

TEST_F(TextToCea608, HolesBecomeOneGap) {
  play("", "format=raw,framerate=30/1");
  text("before", 0, GST_SECOND);
  text("after", 10'000 * GST_SECOND, GST_SECOND);
  const std::vector<Frame> out = frames();
  ASSERT_LT(out.size(), 20'000U);
  EXPECT_EQ(shown_at(out, {}), 0U);
  const auto jump =
      std::find_if(out.begin() + 1, out.end(), [](const Frame& f) { return f.discont; });
  ASSERT_NE(jump, out.end());
  EXPECT_EQ(jump->pts, 9400 * GST_SECOND);
  EXPECT_TRUE((jump - 1)->screen.empty()) << "erased before the hole";
  GstClockTime pts = 0;
  GstClockTime duration = 0;
  while (const auto event = EventPtr(gst_harness_try_pull_event(harness_))) {
    if (GST_EVENT_TYPE(event.get()) == GST_EVENT_GAP) {
      gst_event_parse_gap(event.get(), &pts, &duration);
    }
  }
  EXPECT_EQ(pts, (jump - 1)->end);
  EXPECT_EQ(pts + duration, jump->pts);
  EXPECT_EQ(out.back().screen, (Texts{"after"}));
}

TEST_F(TextToCea608, AFlushClearsTheScreen) {
  play("", "format=raw,framerate=30/1");
  text("before", 0, 2 * GST_SECOND);
  EXPECT_EQ(frames().back().screen, (Texts{"before"}));
  text("never seen", 3 * GST_SECOND);
  frames();
  gst_harness_push_event(harness_, gst_event_new_flush_start());
  gst_harness_push_event(harness_, gst_event_new_flush_stop(TRUE));
  segment(100 * GST_SECOND);
  gap(100 * GST_SECOND, GST_SECOND);
  text("after", 101 * GST_SECOND, GST_SECOND);
  const std::vector<Frame> out = frames();
  ASSERT_FALSE(out.empty());
  EXPECT_EQ(out.front().pts, 100 * GST_SECOND);
  EXPECT_TRUE(out.front().discont);
  EXPECT_TRUE(out.front().screen.empty());
  EXPECT_EQ(out.back().screen, (Texts{"after"}));
}

// The screen is erased once a SEGMENT makes times valid again.
TEST_F(TextToCea608, NothingLeavesBetweenAFlushAndASegment) {
  play("", "format=raw,framerate=30/1");
  text("before", 0, 2 * GST_SECOND);
  EXPECT_EQ(frames().back().screen, (Texts{"before"}));
  gst_harness_push_event(harness_, gst_event_new_flush_start());
  gst_harness_push_event(harness_, gst_event_new_flush_stop(TRUE));
  while (EventPtr(gst_harness_try_pull_event(harness_)) != nullptr) {
  }
  gap(0, 3600 * GST_SECOND);
  gap(3600 * GST_SECOND, GST_SECOND);
  gst_harness_push_event(harness_, gst_event_new_eos());
  EXPECT_TRUE(frames().empty());
  const EventPtr only(gst_harness_try_pull_event(harness_));
  ASSERT_TRUE(only);
  EXPECT_EQ(GST_EVENT_TYPE(only.get()), GST_EVENT_EOS);
}

TEST_F(TextToCea608, ANewSegmentGoesOn) {
  play("mode=pop-on", "format=raw,framerate=30/1");
  text("first", 4 * GST_SECOND, GST_SECOND);
  segment(60 * GST_SECOND);
  text("second", 64 * GST_SECOND, GST_SECOND);
  gap(65 * GST_SECOND, 5 * GST_SECOND);
  const std::vector<Frame> out = frames();
  EXPECT_EQ(shown_at(out, {"first"}), 4 * GST_SECOND);
  EXPECT_EQ(shown_at(out, {"second"}), 64 * GST_SECOND);
  const auto next =
      std::find_if(out.begin() + 1, out.end(), [](const Frame& f) { return f.discont; });
  ASSERT_NE(next, out.end());
  EXPECT_EQ((next - 1)->end, 5 * GST_SECOND);
  EXPECT_EQ(next->pts, 60 * GST_SECOND);
}

TEST_F(TextToCea608, ASegmentWithoutTimesIsAnError) {
  play();
  GstElement* self = element();
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(self, bus);
  segment(0, 1.0, GST_FORMAT_BYTES);
  EXPECT_EQ(text("x", 0), GST_FLOW_ERROR);
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  EXPECT_NE(message, nullptr);
  if (message != nullptr) gst_message_unref(message);
  gst_element_set_bus(self, nullptr);
  gst_object_unref(bus);
  gst_object_unref(self);
}

TEST_F(TextToCea608, BackwardsThereAreOnlyGaps) {
  play("mode=pop-on", "format=raw,framerate=30/1");
  segment(0, -1.0);
  EXPECT_EQ(text("x", 5 * GST_SECOND, GST_SECOND), GST_FLOW_OK);
  EXPECT_TRUE(gap(4 * GST_SECOND, GST_SECOND));
  std::vector<GstClockTime> gaps;
  while (const auto event = EventPtr(gst_harness_try_pull_event(harness_))) {
    if (GST_EVENT_TYPE(event.get()) != GST_EVENT_GAP) continue;
    gst_event_parse_gap(event.get(), &gaps.emplace_back(), nullptr);
  }
  EXPECT_EQ(gaps, (std::vector<GstClockTime>{5 * GST_SECOND, 4 * GST_SECOND}));
  segment(6 * GST_SECOND);
  text("on again", 10 * GST_SECOND, GST_SECOND);
  gst_harness_push_event(harness_, gst_event_new_eos());
  const std::vector<Frame> out = frames();
  ASSERT_FALSE(out.empty());
  EXPECT_EQ(out.front().pts, 6 * GST_SECOND);
  EXPECT_EQ(shown_at(out, {"on again"}), 10 * GST_SECOND);
}

TEST_F(TextToCea608, EndOfStreamSendsWhatIsLeft) {
  for (const char* mode : {"pop-on", "paint-on", "roll-up3"}) {
    play(std::string("timeout=0 mode=") + mode, "format=raw,framerate=30/1");
    text("The last words", 3 * GST_SECOND);
    gst_harness_push_event(harness_, gst_event_new_eos());
    const std::vector<Frame> out = frames();
    EXPECT_NE(shown_at(out, {"The last words"}), kNone) << mode;
    EXPECT_TRUE(out.back().screen.empty()) << mode;
    EXPECT_LT(out.back().end, 6 * GST_SECOND) << mode;
    gst_harness_teardown(harness_);
    harness_ = nullptr;
  }
}

TEST_F(TextToCea608, LatencyIsDeclared) {
  play("mode=pop-on lookahead=1500", "format=raw,framerate=25/1");
  gst_harness_set_upstream_latency(harness_, 200 * GST_MSECOND);
  gap(0, GST_SECOND);
  // GstHarness is a live source. The latency is 200 ms of upstream, 1500 ms of lookahead and 40 ms
  // for a frame.
  EXPECT_EQ(gst_harness_query_latency(harness_), 1740 * GST_MSECOND);
  GstElement* self = element();
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(self, bus);
  gst_util_set_object_arg(G_OBJECT(self), "mode", "roll-up2");
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
  EXPECT_NE(message, nullptr);
  if (message != nullptr) gst_message_unref(message);
  EXPECT_EQ(gst_harness_query_latency(harness_), 240 * GST_MSECOND);
  gst_element_set_bus(self, nullptr);
  gst_object_unref(bus);
  gst_object_unref(self);
}

TEST_F(TextToCea608, LookaheadIsHeldBack) {
  play("mode=pop-on lookahead=1000", "format=raw,framerate=25/1");
  gap(0, 3 * GST_SECOND);
  EXPECT_EQ(frames().back().end, 2 * GST_SECOND);
  gst_harness_push_event(harness_, gst_event_new_eos());
  EXPECT_EQ(frames().back().end, 3 * GST_SECOND);
}

TEST_F(TextToCea608, ModesChangeWhilePlaying) {
  play("", "format=raw,framerate=30/1");
  text("rolls", 0, GST_SECOND);
  EXPECT_EQ(frames().back().screen, (Texts{"rolls"}));
  GstElement* self = element();
  gst_util_set_object_arg(G_OBJECT(self), "mode", "pop-on");
  g_object_set(self, "origin-row", 2, "origin-column", 4, nullptr);
  gst_object_unref(self);
  text("pops", 6 * GST_SECOND, GST_SECOND);
  gap(7 * GST_SECOND, 3 * GST_SECOND);
  const std::vector<Frame> out = frames();
  EXPECT_TRUE(out[60].screen.empty());
  EXPECT_EQ(shown_at(out, {"pops"}), 6 * GST_SECOND);
}

TEST_F(TextToCea608, DownstreamMayChangeItsFramerate) {
  play("", "format=raw,framerate=25/1");
  gap(0, GST_SECOND);
  gst_harness_set_sink_caps_str(harness_, "closedcaption/x-cea-608,format=s334-1a,framerate=50/1");
  text("Faster", GST_SECOND, GST_SECOND);
  const std::vector<Frame> out = frames();
  EXPECT_EQ(out.size(), 75U);
  for (std::size_t i = 1; i < out.size(); ++i) EXPECT_EQ(out[i].pts, out[i - 1].end);
  EXPECT_EQ(out.back().screen, (Texts{"Faster"}));
}

TEST_F(TextToCea608, RefusesCapsThatItCannotMake) {
  play("", "format=raw,framerate=1000/1");
  EXPECT_EQ(text("x", 0, GST_SECOND), GST_FLOW_NOT_NEGOTIATED);
}

TEST_F(TextToCea608, TellsUpstreamThatDownstreamHasEnough) {
  play();
  gst_pad_send_event(harness_->sinkpad, gst_event_new_flush_start());
  EXPECT_EQ(text("x", 0, GST_SECOND), GST_FLOW_FLUSHING);
}

TEST_F(TextToCea608, StartsAnew) {
  play("", "format=raw,framerate=30/1");
  text("one", 5 * GST_SECOND, GST_SECOND);
  frames();
  GstElement* self = element();
  gst_element_set_state(self, GST_STATE_READY);
  gst_element_set_state(self, GST_STATE_PLAYING);
  gst_object_unref(self);
  gst_harness_set_src_caps_str(harness_, "text/x-raw,format=utf8");
  segment(0);
  text("two", 0, GST_SECOND);
  const std::vector<Frame> out = frames();
  ASSERT_FALSE(out.empty());
  EXPECT_EQ(out.front().pts, 0U);
  EXPECT_EQ(out.back().screen, (Texts{"two"}));
}

}  // namespace
}  // namespace npuwhisper::test
