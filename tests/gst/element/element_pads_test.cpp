// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of request pads that are requested late and released early.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "element_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

/// A sink for one pad, with a record of all data that arrives.
class Sink {
 public:
  Sink() : element_(gst_element_factory_make("fakesink", nullptr)) {
    gst_object_ref_sink(element_);
    g_object_set(element_, "async", FALSE, nullptr);
    gst_element_set_state(element_, GST_STATE_PLAYING);
    pad_ = gst_element_get_static_pad(element_, "sink");
    seen_.emplace(pad_);
  }
  ~Sink() {
    seen_.reset();
    gst_element_set_state(element_, GST_STATE_NULL);
    gst_object_unref(pad_);
    gst_object_unref(element_);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  bool link(GstPad* src) { return gst_pad_link(src, pad_) == GST_PAD_LINK_OK; }
  void unlink(GstPad* src) { gst_pad_unlink(src, pad_); }
  const Recorder& seen() const { return *seen_; }

 private:
  GstElement* element_;
  GstPad* pad_ = nullptr;
  std::optional<Recorder> seen_;
};

class RequestPad : public ElementTest, public ::testing::WithParamInterface<const char*> {
 protected:
  GstPad* request() {
    GstPad* pad = gst_element_request_pad_simple(element_, GetParam());
    EXPECT_NE(pad, nullptr);
    return pad;
  }
  void release(GstPad* pad) {
    gst_element_release_request_pad(element_, pad);
    gst_object_unref(pad);
  }
  bool has_pad() const {
    GstPad* pad = gst_element_get_static_pad(element_, GetParam());
    if (pad != nullptr) gst_object_unref(pad);
    return pad != nullptr;
  }
  GstPad* play_into(Sink& sink) {
    set_script({.window = kSampleRate});
    play();
    GstPad* pad = request();
    EXPECT_TRUE(sink.link(pad));
    return pad;
  }
  /// Waits until another thread or a probe has released `pad`, and drops the test's reference.
  void wait_for_release(GstPad* pad) {
    EXPECT_TRUE(eventually([this] { return !has_pad(); }));
    gst_object_unref(pad);
  }
  /// Checks that a newly requested pad works, from `pts` to EOS.
  void expect_another_works(GstClockTime pts) {
    GstPad* pad = request();
    Sink sink;
    ASSERT_TRUE(sink.link(pad));
    push(tones(2, {{0.2, 0.5}}), pts);
    finish();
    EXPECT_TRUE(sink.seen().wait_for_event(GST_EVENT_EOS));
    EXPECT_FALSE(sink.seen().buffers().empty());
    EXPECT_TRUE(has_pad());
    release(pad);
  }
};

TEST_P(RequestPad, ThatComesBehindTheEndIsToldOfIt) {
  set_script({});
  play();
  push_event(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "A talk", nullptr)));
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  GstPad* pad = request();
  std::this_thread::sleep_for(20ms);  // The pad's output is lost, since it is not linked.
  Sink sink;
  ASSERT_TRUE(sink.link(pad));
  EXPECT_TRUE(sink.seen().wait_for_event(GST_EVENT_EOS));
  for (const GstEventType type :
       {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_TAG}) {
    EXPECT_EQ(sink.seen().events(type).size(), 1U) << gst_event_type_get_name(type);
  }
  EXPECT_THAT(sink.seen().buffers(), IsEmpty());
  release(pad);
}

TEST_P(RequestPad, ThatComesDuringAFlushGoesOnBehindIt) {
  set_script({.window = kSampleRate});
  play();
  push(tones(2, {{0.2, 0.5}}), 0);
  ASSERT_TRUE(out_->wait_for_buffers(1));
  push_event(gst_event_new_flush_start());
  GstPad* pad = request();
  Sink sink;
  ASSERT_TRUE(sink.link(pad));
  std::this_thread::sleep_for(50ms);
  EXPECT_THAT(sink.seen().all(), IsEmpty());
  push_event(gst_event_new_flush_stop(TRUE));
  push_segment(seconds(5));
  push(tones(1, {{0.2, 0.5}}), seconds(5));
  finish();
  ASSERT_TRUE(sink.seen().wait_for_event(GST_EVENT_EOS));
  EXPECT_EQ(sink.seen().complaint(), "");
  EXPECT_EQ(sink.seen().events(GST_EVENT_SEGMENT).size(), 1U);
  ASSERT_FALSE(sink.seen().buffers().empty());
  EXPECT_GE(sink.seen().buffers().front().start, seconds(5));
  release(pad);
}

// An application may release a pad inside a pad probe, on the thread that pushes.
TEST_P(RequestPad, MayBeReleasedByItsOwnThread) {
  Sink sink;
  GstPad* pad = play_into(sink);
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* releasing, GstPadProbeInfo*, gpointer element) {
        gst_element_release_request_pad(GST_ELEMENT(element), releasing);
        return GST_PAD_PROBE_REMOVE;
      },
      element_, nullptr);
  push(tones(2, {{0.2, 0.5}}), 0);
  wait_for_release(pad);
  expect_another_works(seconds(2));
  EXPECT_EQ(out_->buffers().size(), 2U);
}

// A probe that remains after it has released its pad is called again as long as data arrives.
TEST_P(RequestPad, MayBeReleasedTwice) {
  const GLogLevelFlags before =
      g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
  Sink sink;
  GstPad* pad = play_into(sink);
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* releasing, GstPadProbeInfo*, gpointer element) {
        for (int i = 0; i < 2; ++i) {
          gst_element_release_request_pad(GST_ELEMENT(element), releasing);
        }
        return GST_PAD_PROBE_OK;
      },
      element_, nullptr);
  push(tones(4, {{0.2, 0.5}, {1.2, 1.5}, {2.2, 2.5}}), 0);
  wait_for_release(pad);
  expect_another_works(seconds(4));
  g_log_set_always_fatal(before);
}

TEST_P(RequestPad, MayBeReleasedWhileItPushes) {
  Sink sink;
  GstPad* pad = play_into(sink);
  std::atomic<bool> pushes{false};
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer flag) {
        *static_cast<std::atomic<bool>*>(flag) = true;
        g_usleep(100000);
        return GST_PAD_PROBE_OK;
      },
      &pushes, nullptr);
  push(tones(2, {{0.2, 0.5}}), 0);
  while (!pushes) g_usleep(1000);
  release(pad);
  EXPECT_FALSE(has_pad());
  push(tones(2, {{0.2, 0.5}}), seconds(2));
  finish();
  EXPECT_EQ(out_->buffers().size(), 2U);
}

TEST_P(RequestPad, LinkedBehindTheEndAgainIsToldAgain) {
  set_script({});
  play();
  GstPad* pad = request();
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  for (int i = 0; i < 2; ++i) {
    Sink sink;
    ASSERT_TRUE(sink.link(pad));
    EXPECT_TRUE(sink.seen().wait_for_event(GST_EVENT_EOS)) << i;
    sink.unlink(pad);
  }
  release(pad);
}

TEST_P(RequestPad, LinkedWhileTheEndLeavesIsToldOnce) {
  set_script({});
  play();
  GstPad* pad = request();
  Sink sink;
  std::pair both(&sink, pad);
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) {
          return GST_PAD_PROBE_OK;
        }
        const auto& [peer, src] = *static_cast<decltype(both)*>(data);
        EXPECT_TRUE(peer->link(src));
        return GST_PAD_PROBE_REMOVE;
      },
      &both, nullptr);
  push(tones(1, {{0.2, 0.5}}), 0);
  finish();
  EXPECT_TRUE(sink.seen().wait_for_event(GST_EVENT_EOS));
  EXPECT_FALSE(sink.seen().wait(
      [](const std::vector<Record>& seen) {
        const auto is_end = [](const Record& record) { return record.type == GST_EVENT_EOS; };
        return std::count_if(seen.begin(), seen.end(), is_end) > 1;
      },
      200ms));
  release(pad);
}

INSTANTIATE_TEST_SUITE_P(Both, RequestPad, ::testing::Values("audio_src", "unsynced_src"));

}  // namespace
}  // namespace npuwhisper::test
