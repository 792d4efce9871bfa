// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the requirements of bins that contain transcribers (transcriberbin and translationbin of
// gst-plugins-rs). The tests do not use these bins, but make the same probes and calls in the same
// order.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <semaphore>

#include "element_fixture.h"
#include "gst/support/gst_ptr.h"
#include "tests/gst/support/patient_clock.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;

GParamSpec* property(GstElement* element, const char* name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);
}

// An element without a parent and without a bus, as a bin receives it.
class TranscriberProbe : public ::testing::Test {
 protected:
  void SetUp() override {
    set_script({});
    element_ = gst_element_factory_make("npuwhisper", nullptr);
    gst_object_ref_sink(element_);
  }
  void TearDown() override { gst_object_unref(element_); }

  // Returns the lowest latency of all source pads, queried as the bin does before it plays.
  GstClockTime probe() {
    GstElement* source = gst_element_factory_make("fakesrc", nullptr);
    gst_object_ref_sink(source);
    g_object_set(source, "is-live", TRUE, nullptr);
    EXPECT_TRUE(gst_element_link(source, element_));
    EXPECT_NE(gst_element_set_state(element_, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    paused_.release();
    GstClockTime least = GST_CLOCK_TIME_NONE;
    for (GList* item = element_->srcpads; item != nullptr; item = item->next) {
      GstQuery* query = gst_query_new_latency();
      EXPECT_TRUE(gst_pad_query(GST_PAD(item->data), query)) << GST_PAD_NAME(item->data);
      gboolean live = FALSE;
      GstClockTime min = 0;
      gst_query_parse_latency(query, &live, &min, nullptr);
      EXPECT_TRUE(live) << GST_PAD_NAME(item->data);
      least = std::min(least, min);
      gst_query_unref(query);
    }
    gst_element_unlink(source, element_);
    EXPECT_EQ(gst_element_set_state(element_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
    gst_object_unref(source);
    return least;
  }

  GstElement* element_ = nullptr;
  std::counting_semaphore<> paused_{0};  // Released by probe() once the element is PAUSED.
};

TEST_F(TranscriberProbe, PropertiesHaveTheTypesThatAreChecked) {
  for (const char* name : {"transcribe-latency", "latency", "lateness"}) {
    ASSERT_NE(property(element_, name), nullptr) << name;
    EXPECT_EQ(property(element_, name)->value_type, G_TYPE_UINT) << name;
    EXPECT_NE(property(element_, name)->flags & G_PARAM_WRITABLE, 0) << name;
  }
  ASSERT_NE(property(element_, "language-code"), nullptr);
  EXPECT_EQ(property(element_, "language-code")->value_type, G_TYPE_STRING);
  EXPECT_NE(property(element_, "language-code")->flags & G_PARAM_WRITABLE, 0);
  EXPECT_EQ(property(element_, "translate-latency"), nullptr) << "it translates nothing by itself";
  GstPad* src = gst_element_get_static_pad(element_, "src");
  ASSERT_NE(src, nullptr);
  gst_object_unref(src);
}

TEST_F(TranscriberProbe, EverySourcePadAnswersLatency) {
  g_object_set(element_, "transcribe-latency", 4000U, "lateness", 500U, nullptr);
  EXPECT_EQ(probe(), seconds(4));
  GstPad* json = gst_element_request_pad_simple(element_, "unsynced_src");
  GstPad* audio = gst_element_request_pad_simple(element_, "audio_src");
  EXPECT_EQ(probe(), seconds(4));
  g_object_set(element_, "transcribe-latency", 2000U, nullptr);
  EXPECT_EQ(probe(), seconds(2));
  for (GstPad* pad : {json, audio}) {
    gst_element_release_request_pad(element_, pad);
    gst_object_unref(pad);
  }
  EXPECT_EQ(calls().loads, 1) << "the model is kept over NULL";
}

TEST_F(TranscriberProbe, AMissingModelDoesNotHangIt) {
  // The load must not fail before PAUSED, because the element does not start after a failure.
  set_script({.while_loading = [this] { paused_.acquire(); },
              .load_error = Error{ErrorCode::NotFound, "no model"}});
  g_object_set(element_, "model", "nowhere", nullptr);
  EXPECT_EQ(probe(), seconds(8));
  EXPECT_EQ(probe(), seconds(8)) << "and is tried again";
}

// A live source whose audio passes through one branch and is transcribed in the other. The bin
// removes the transcribing branch, sets it to NULL, and inserts it again.
class TranscriberBranch : public ::testing::Test {
 protected:
  void SetUp() override {
    set_script(ticks());
    pipeline_.emplace(
        "audiotestsrc name=source is-live=true wave=ticks tick-interval=300000000 "
        "samplesperbuffer=441 ! audio/x-raw,rate=44100,channels=2 ! tee name=tee "
        "allow-not-linked=true  tee. ! queue ! fakesink name=audio sync=true "
        "( name=branch queue name=leaky max-size-buffers=0 max-size-bytes=0 "
        "max-size-time=5000000000 leaky=downstream ! audioresample ! audioconvert ! "
        "npuwhisper name=n transcribe-latency=2000 caption-style=none ! tee name=language "
        "allow-not-linked=true ! queue name=words ! "
        "texttocea608 ! closedcaption/x-cea-608,framerate=30/1 ! fakesink sync=true async=false )");
    branch_ = pipeline_->element("branch");
    GstPad* in = gst_element_get_static_pad(pipeline_->element("leaky"), "sink");
    ghost_ = gst_ghost_pad_new("sink", in);
    gst_object_unref(in);
    gst_element_add_pad(branch_, ghost_);
    text_.emplace(pad("n", "src").get());
    audio_.emplace(pad("audio", "sink").get());
    gst_element_set_locked_state(branch_, TRUE);
    // Keeps the source from renegotiating, which would begin a new tick.
    gst_pad_add_probe(
        pad("source", "src").get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer) {
          const bool again =
              GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_RECONFIGURE;
          return again ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
  }

  static Script ticks() { return {.texts = {" tick"}, .window = kSampleRate / 2}; }

  PadPtr pad(const char* element, const char* name) const {
    return PadPtr(gst_element_get_static_pad(pipeline_->element(element), name));
  }

  void enable() {
    const std::scoped_lock lock(mutex_);
    gst_element_set_locked_state(branch_, FALSE);
    gst_element_sync_state_with_parent(branch_);
    const PadPtr from(gst_element_request_pad_simple(pipeline_->element("tee"), "src_%u"));
    EXPECT_EQ(gst_pad_link(from.get(), ghost_), GST_PAD_LINK_OK);
  }

  void disable() {
    const std::scoped_lock lock(mutex_);
    if (const PadPtr from(gst_pad_get_peer(ghost_)); from != nullptr) {
      gst_pad_unlink(from.get(), ghost_);
      gst_element_release_request_pad(pipeline_->element("tee"), from.get());
    }
    gst_element_set_locked_state(branch_, TRUE);
    EXPECT_EQ(gst_element_set_state(branch_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }

  // Like the bin, removes the branch in the thread that posts the ERROR, before the post returns.
  void disable_on_error() {
    GstBus* bus = gst_element_get_bus(pipeline_->get());
    gst_bus_set_sync_handler(
        bus,
        [](GstBus*, GstMessage* message, gpointer self) {
          auto* test = static_cast<TranscriberBranch*>(self);
          if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return GST_BUS_PASS;
          test->disable();
          ++test->n_errors_;
          gst_message_unref(message);
          return GST_BUS_DROP;
        },
        this, nullptr);
    gst_object_unref(bus);
  }

  void TearDown() override {
    GstBus* bus = gst_element_get_bus(pipeline_->get());
    gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
    gst_object_unref(bus);
    EXPECT_EQ(text_->complaint(), "");
    text_.reset();
    audio_.reset();
    pipeline_.reset();
  }

  // Checks that each cue has the time of a tick, even if audio between ticks was lost.
  void expect_ticks() const {
    ASSERT_FALSE(text_->buffers().empty());
    for (const Record& cue : text_->buffers()) {
      const double position = static_cast<double>(cue.start) / 0.3e9;
      // The tolerance is 70 ms. A tick of 23 ms may be split at the end of a window, or where the
      // branch was inserted. After lost audio, the times of audioresample have errors of up to
      // 1/32 s, and the element's times have errors of up to 10 ms.
      EXPECT_NEAR(position, std::round(position), 0.07 / 0.3) << cue.start;
    }
  }

  bool play() {
    if (!pipeline_->set_state(GST_STATE_PLAYING)) return false;
    enable();
    return true;
  }

  const PatientClock clock_;
  std::optional<Pipeline> pipeline_;
  GstElement* branch_ = nullptr;
  GstPad* ghost_ = nullptr;
  std::optional<Recorder> text_;
  std::optional<Recorder> audio_;
  std::mutex mutex_;  // Guards changes of the branch by the application's and the bus's thread.
  std::atomic<int> n_errors_{0};
};

TEST_F(TranscriberBranch, GivesTextAndIsTakenOutAndPutInAgain) {
  ASSERT_TRUE(play());
  ASSERT_TRUE(text_->wait_for_buffers(2));
  for (int i = 0; i < 3; ++i) {
    disable();
    text_->clear();
    // The bin sets language-code when the language changes.
    g_object_set(pipeline_->element("n"), "language-code", i % 2 == 0 ? "fr-CA" : "de", nullptr);
    enable();
    ASSERT_TRUE(text_->wait_for_buffers(1));
    EXPECT_EQ(calls().last_options.language, i % 2 == 0 ? "fr" : "de");
  }
  expect_ticks();
  EXPECT_EQ(calls().loads, 1);
}

TEST_F(TranscriberBranch, IsRelinkedWhilePlaying) {
  ASSERT_TRUE(play());
  ASSERT_TRUE(text_->wait_for_buffers(1));
  const PadPtr src = pad("n", "src");
  const PadPtr tee = pad("language", "sink");
  ASSERT_TRUE(gst_pad_unlink(src.get(), tee.get()));
  // The next words leave the pad src while it has no peer. The resulting NOT_LINKED stops the queue
  // upstream of the element.
  const PadPtr in = pad("leaky", "src");
  EXPECT_TRUE(eventually([&] { return gst_pad_get_task_state(in.get()) == GST_TASK_PAUSED; }));
  EXPECT_EQ(gst_pad_get_last_flow_return(in.get()), GST_FLOW_NOT_LINKED);
  const std::size_t n_before = text_->buffers().size();
  ASSERT_EQ(gst_pad_link(src.get(), tee.get()), GST_PAD_LINK_OK);
  EXPECT_TRUE(text_->wait_for_buffers(n_before + 2)) << "it goes on";
  expect_ticks();
}

TEST_F(TranscriberBranch, TimesHoldThroughALeakyQueue) {
  g_object_set(pipeline_->element("leaky"), "max-size-time", 100 * GST_MSECOND, nullptr);
  ASSERT_TRUE(play());
  ASSERT_TRUE(text_->wait_for_buffers(1));
  const PadPtr sink = pad("n", "sink");
  const gulong block = gst_pad_add_probe(
      sink.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  PatientClock::sleep(700ms);
  gst_pad_remove_probe(sink.get(), block);
  const std::size_t n_before = text_->buffers().size();
  ASSERT_TRUE(text_->wait_for_buffers(n_before + 2));
  const auto cues = text_->buffers();
  EXPECT_TRUE(std::any_of(cues.begin() + 1, cues.end(), [](const Record& cue) {
    return cue.discont;
  })) << "what was lost is said";
  expect_ticks();
}

class TranscriberFailure : public TranscriberBranch, public ::testing::WithParamInterface<int> {};

// Each failure happens in a different thread of the element.
TEST_P(TranscriberFailure, LetsTheBinPassTheAudioOn) {
  const Error error{ErrorCode::DeviceError, "it is gone"};
  switch (GetParam()) {
    case 0:
      set_script({.load_error = error});
      break;
    case 1:
      set_script({.create_error = error});
      break;
    case 2:
      set_script({.push_error = error, .push_error_after = kSampleRate / 2});
      break;
    default:
      break;
  }
  // Downstream fails. The task of a source pad detects the failure.
  if (GetParam() == 3) {
    const PadPtr tee = pad("language", "sink");
    gst_pad_set_chain_function(tee.get(), [](GstPad*, GstObject*, GstBuffer* buffer) {
      gst_buffer_unref(buffer);
      return GST_FLOW_ERROR;
    });
  }
  g_object_set(pipeline_->element("n"), "model", "failing", nullptr);
  disable_on_error();
  ASSERT_TRUE(play());
  ASSERT_TRUE(eventually([this] { return n_errors_ > 0; }));
  const std::size_t n_audio = audio_->buffers().size();
  EXPECT_TRUE(audio_->wait_for_buffers(n_audio + 20)) << "the other branch goes on";
  if (GetParam() == 3) return;
  set_script(ticks());
  text_->clear();
  enable();
  EXPECT_TRUE(text_->wait_for_buffers(1)) << "and it may be tried again";
}
INSTANTIATE_TEST_SUITE_P(Each, TranscriberFailure, ::testing::Values(0, 1, 2, 3));

}  // namespace
}  // namespace npuwhisper::test
