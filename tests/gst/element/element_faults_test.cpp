// SPDX-License-Identifier: LGPL-2.1-or-later
// Failures inside the element cause an ERROR on the bus and never end the program.
#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <new>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include "element_fixture.h"
#include "failing_new.h"
#include "failing_thread.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string text_of(const std::shared_ptr<GstMessage>& message) {
  GError* error = nullptr;
  gst_message_parse_error(message.get(), &error, nullptr);
  std::string text = error->message;
  g_error_free(error);
  return text;
}

class Faults : public ElementTest {
 protected:
  // Returns the text of the element's next ERROR, or "none" if none arrives within `timeout`. The
  // harness posts no errors.
  std::string error_text(std::chrono::milliseconds timeout = kTimeout) {
    const auto posted = message(GST_MESSAGE_ERROR, timeout);
    return posted ? text_of(posted) : "none";
  }

  void wait_for_worker_to_fail() {
    EXPECT_TRUE(eventually([this] { return push(tones(0.1, {}), 0) != GST_FLOW_OK; }));
  }
};

TEST_F(Faults, AThreadThatDoesNotStartIsAnErrorWhicheverItIs) {
  int n_failures = 0;
  for (int n = 1; n < 20; ++n) {
    SCOPED_TRACE(n);
    set_script({});
    make();
    bool happened = false;
    GstStateChangeReturn result = GST_STATE_CHANGE_FAILURE;
    {
      const FailingThread failing(n);
      result = gst_element_set_state(element_, GST_STATE_PLAYING);
      happened = failing.happened();
    }
    if (happened) {
      ++n_failures;
      EXPECT_EQ(result, GST_STATE_CHANGE_FAILURE);
      EXPECT_THAT(error_text(), HasSubstr("thread"));
      EXPECT_EQ(gst_element_set_state(element_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
      EXPECT_EQ(gst_element_set_state(element_, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
    } else {
      EXPECT_EQ(result, GST_STATE_CHANGE_SUCCESS);
    }
    ElementTest::TearDown();
    element_ = nullptr;
    if (!happened) break;
  }
  EXPECT_GE(n_failures, 2) << "the loader's and the worker's";
}

// In run n, the n-th allocation of a state change fails. After NULL, the element plays.
TEST_F(Faults, NoMemoryInAStateChangeIsAnErrorOnce) {
  bool happened = true;
  int n = 1;
  for (; happened && n < 1000; ++n) {
    SCOPED_TRACE(n);
    set_script({});
    make();
    g_object_set(element_, "model", "a model with a name that takes memory", nullptr);
    GstStateChangeReturn result = GST_STATE_CHANGE_FAILURE;
    {
      const FailingNew failing({.first = n});
      result = gst_element_set_state(element_, GST_STATE_PLAYING);
      happened = failing.happened();
    }
    if (happened) {
      ASSERT_EQ(result, GST_STATE_CHANGE_FAILURE);
      EXPECT_THAT(error_text(), HasSubstr("memory"));
      EXPECT_EQ(gst_element_set_state(element_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
    }
    play();
    ASSERT_EQ(push(tones(0.3, {{0.1, 0.2}}), 0), GST_FLOW_OK);
    finish();
    ASSERT_FALSE(HasFailure());
    TearDown();
    element_ = nullptr;
    harness_ = nullptr;
  }
  EXPECT_FALSE(happened);
  EXPECT_GT(n, 5);
}

// GStreamer keeps a pool of threads for tasks, so only starting an additional thread can fail.
TEST_F(Faults, ARequestPadThatGetsNoThreadIsNoPad) {
  set_script({});
  play();
  const FailingThread failing(1, true);
  std::vector<GstPad*> pads;
  for (const char* name : {"audio_src", "unsynced_src"}) {
    if (GstPad* pad = gst_element_request_pad_simple(element_, name)) pads.push_back(pad);
  }
  if (failing.happened()) {
    EXPECT_LT(pads.size(), 2U);
    EXPECT_THAT(error_text(), HasSubstr("thread"));
  }
  for (GstPad* pad : pads) {
    gst_element_release_request_pad(element_, pad);
    gst_object_unref(pad);
  }
}

TEST_F(Faults, AnExceptionWhileTheModelLoadsIsAnError) {
  // Delays the failure, because a load that failed earlier would fail the state change.
  std::binary_semaphore plays(0);
  set_script({.while_loading = [&plays] {
    plays.acquire();
    throw std::runtime_error("the disk is gone");
  }});
  play();
  plays.release();
  EXPECT_THAT(error_text(), HasSubstr("the disk is gone"));
  wait_for_worker_to_fail();
}

// The state change happens while the ERROR is being posted.
TEST_F(Faults, ALoadThatFailedIsNotTriedAgainBeforeNull) {
  struct Seen {
    std::atomic<int> n_loads{0};
    std::atomic<int> n_errors{0};
    std::atomic<bool> may_go_on{false};
  } seen;
  set_script({.while_loading = [&seen] {
    ++seen.n_loads;
    throw std::runtime_error("the disk is gone");
  }});
  make();
  const auto hold = [](GstBus*, GstMessage* message, gpointer data) {
    auto& found = *static_cast<Seen*>(data);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      ++found.n_errors;
      EXPECT_TRUE(eventually([&found] { return found.may_go_on.load(); }));
    }
    return GST_BUS_PASS;
  };
  gst_bus_set_sync_handler(bus_, hold, &seen, nullptr);
  gst_element_set_state(element_, GST_STATE_READY);
  EXPECT_TRUE(eventually([&seen] { return seen.n_errors == 1; }));
  EXPECT_EQ(gst_element_set_state(element_, GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
  seen.may_go_on = true;
  play();
  wait_for_worker_to_fail();
  EXPECT_EQ(seen.n_loads, 1);
  EXPECT_EQ(seen.n_errors, 1);

  gst_element_set_state(element_, GST_STATE_NULL);
  gst_element_set_state(element_, GST_STATE_PLAYING);
  EXPECT_TRUE(eventually([&seen] { return seen.n_errors == 2; }));
  EXPECT_EQ(seen.n_loads, 2);
  gst_bus_set_sync_handler(bus_, nullptr, nullptr, nullptr);
}

TEST_F(Faults, AnExceptionInTheWorkerIsAnError) {
  Script script;
  script.make_transcriber = [](const TranscriberOptions&) -> Result<std::unique_ptr<Transcriber>> {
    throw std::bad_alloc();
  };
  set_script(std::move(script));
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  EXPECT_THAT(error_text(), HasSubstr("memory"));
  wait_for_worker_to_fail();
}

// A program that plays again would take the ERROR for one of the new stream.
TEST_F(Faults, AWorkerThatFailsAfterTheStopPostsNoError) {
  std::binary_semaphore failing(0), stopped(0);
  Script script;
  script.make_transcriber = [&](const TranscriberOptions&) -> Result<std::unique_ptr<Transcriber>> {
    failing.release();
    stopped.acquire();
    throw std::bad_alloc();
  };
  set_script(std::move(script));
  play();
  const Pcm pcm = tones(0.1, {});
  push(pcm, 0);
  failing.acquire();
  std::jthread stop([this] { gst_element_set_state(element_, GST_STATE_NULL); });
  EXPECT_TRUE(eventually([&] { return push(pcm, 0) == GST_FLOW_FLUSHING; }));
  stopped.release();
  stop.join();
  EXPECT_EQ(error_text(200ms), "none");
}

// In run n, the n-th allocation of the streaming thread fails.
TEST_F(Faults, NoMemoryInTheStreamingThreadIsAnError) {
  set_script({});
  play();
  const Pcm pcm = tones(0.3, {{0.1, 0.2}});
  const auto use = [&] {
    push(pcm, 0);
    push_event(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "title", nullptr)));
    push_segment(0);
    GstStructure* stats = nullptr;
    g_object_get(element_, "stats", &stats, nullptr);
    if (stats != nullptr) gst_structure_free(stats);
    g_object_set(element_, "language-code", "de", nullptr);
    g_object_set(element_, "language-code", "a language whose name is long", nullptr);
  };
  bool happened = true;
  long n = 1;
  for (; happened && n < 10000; ++n) {
    {
      const FailingNew failing({.first = n});
      use();
      happened = failing.happened();
    }
  }
  EXPECT_FALSE(happened);
  EXPECT_GT(n, 5);
  EXPECT_THAT(error_text(), HasSubstr("memory"));
  push(pcm, 0);
  finish();
}

TEST(CaptionFaults, NoMemoryInTheStreamingThreadIsAnError) {
  GstHarness* harness = gst_harness_new("texttocea608");
  gst_harness_set_src_caps_str(harness, "text/x-raw,format=utf8");
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(harness->element, bus);
  bool happened = true;
  long n = 1;
  for (; happened && n < 10000; ++n) {
    const GstClockTime pts = static_cast<GstClockTime>(n) * GST_SECOND;
    const std::string text = "A text that is longer than a short one, number " + std::to_string(n);
    GstBuffer* buffer = gst_buffer_new_memdup(text.data(), text.size());
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = GST_SECOND;
    const FailingNew failing({.first = n});
    gst_harness_push(harness, buffer);
    happened = failing.happened();
  }
  EXPECT_FALSE(happened);
  EXPECT_GT(n, 3);
  GstMessage* error = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_ERROR);
  EXPECT_NE(error, nullptr);
  if (error != nullptr) gst_message_unref(error);
  gst_bus_set_flushing(bus, TRUE);
  gst_element_set_bus(harness->element, nullptr);
  gst_object_unref(bus);
  gst_harness_teardown(harness);
}

// The ERROR must precede EOS. Otherwise, a program that stops at EOS would mistake incomplete text
// for the whole text.
TEST_F(Faults, TheErrorComesBeforeTheEndOfTheStream) {
  set_script({.window = kSampleRate / 2});
  play();
  struct Seen {
    std::unique_ptr<FailingNew> failing;  // Accessed only by the pad's thread.
    std::atomic<bool> error{false};
    std::atomic<bool> error_at_end{false};
    std::atomic<bool> end{false};
  } seen;
  const auto see_error = [](GstBus*, GstMessage* message, gpointer data) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      std::this_thread::sleep_for(300ms);
      static_cast<Seen*>(data)->error = true;
    }
    return GST_BUS_PASS;
  };
  gst_bus_set_sync_handler(bus_, see_error, &seen, nullptr);
  const auto see_item = [](GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& found = *static_cast<Seen*>(data);
    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
      if (!found.failing) found.failing = std::make_unique<FailingNew>(Failures{.first = 1});
    } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) {
      found.error_at_end = found.error.load();
      found.end = true;
    }
    return GST_PAD_PROBE_OK;
  };
  GstPad* src = gst_element_get_static_pad(element_, "src");
  gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, see_item, &seen, nullptr);
  gst_object_unref(src);
  push(tones(3, {{0.1, 0.3}, {0.6, 0.8}, {1.1, 1.3}, {1.6, 1.8}}), 0);
  finish();
  EXPECT_TRUE(eventually([&] { return seen.error && seen.end; }));
  EXPECT_TRUE(seen.error_at_end);
  gst_bus_set_sync_handler(bus_, nullptr, nullptr, nullptr);
}

// No EOS is sent, because EOS would imply that the last words were sent.
TEST_F(Faults, AStreamWhoseRestFailsDoesNotEnd) {
  set_script({.drain_error = Error{ErrorCode::DeviceError, "the device is gone"}});
  play();
  push(tones(1, {{0.2, 0.6}}), 0);
  push_event(gst_event_new_eos());
  EXPECT_THAT(error_text(), HasSubstr("the device is gone"));
  wait_for_worker_to_fail();
  for (const Record& record : out_->all()) EXPECT_NE(record.type, GST_EVENT_EOS);
}

// The element posts only one ERROR, whatever data upstream still sends. A flush does not repair a
// device.
TEST_F(Faults, AStreamThatFailsCausesOneErrorUntilItIsStartedAgain) {
  set_script({.window = kSampleRate / 2,
              .push_error = Error{ErrorCode::DeviceError, "the device is gone"}});
  play();
  for (int i = 0; i < 2; ++i) {
    wait_for_worker_to_fail();
    EXPECT_THAT(error_text(), HasSubstr("the device is gone"));
    for (int n = 0; n < 5; ++n) {
      push(tones(1, {{0.1, 0.8}}), seconds(n));
      push_event(gst_event_new_eos());
      push_event(gst_event_new_flush_start());
      push_event(gst_event_new_flush_stop(TRUE));
      push_segment(0);
    }
    EXPECT_FALSE(message(GST_MESSAGE_ERROR, 200ms)) << "the second for one failure";
    gst_element_set_state(element_, GST_STATE_READY);
    gst_element_set_state(element_, GST_STATE_PLAYING);
    push_event(gst_event_new_stream_start("again"));
    push_segment(0);
  }
}

// Downstream refuses every cue, also after a flush, but the element posts only one ERROR.
TEST_F(Faults, DownstreamThatFailsCausesOneError) {
  set_script({.window = kSampleRate / 2});
  play();
  GstPad* src = gst_element_get_static_pad(element_, "src");
  gst_pad_add_probe(
      src, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
        GST_PAD_PROBE_INFO_DATA(info) = nullptr;
        GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_ERROR;
        return GST_PAD_PROBE_HANDLED;
      },
      nullptr, nullptr);
  gst_object_unref(src);
  for (int i = 0; i < 10; ++i) {
    push(tones(3, {{0.1, 0.3}, {0.6, 0.8}, {1.1, 1.3}, {1.6, 1.8}}), seconds(3 * i));
    push_event(gst_event_new_flush_start());
    push_event(gst_event_new_flush_stop(TRUE));
    push_segment(0);
  }
  push(tones(3, {{0.1, 0.3}, {0.6, 0.8}, {1.1, 1.3}, {1.6, 1.8}}), 0);
  push_event(gst_event_new_eos());
  EXPECT_TRUE(out_->wait_for_event(GST_EVENT_EOS));
  ASSERT_TRUE(message(GST_MESSAGE_ERROR));
  EXPECT_FALSE(message(GST_MESSAGE_ERROR, 200ms)) << "the second for one failure";
}

}  // namespace
}  // namespace npuwhisper::test
