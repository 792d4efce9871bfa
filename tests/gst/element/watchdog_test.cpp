// SPDX-License-Identifier: LGPL-2.1-or-later
// The watchdog posts one WARNING for each call that does not return, and none for a sink that is
// allowed to wait.
#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>

#include "element_fixture.h"
#include "gst/element/element_state.h"
#include "gst/element/gstnpuwhisper.h"
#include "tests/gst/support/blocked_pad.h"
#include "tests/gst/support/pipeline_fixture.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kSoon = 80ms;
constexpr auto kNever = 1h;

class WatchdogTest : public ElementTest {
 protected:
  void watch(const Watchdog::Limits& limits) {
    make();
    g_object_set(element_, "latency", 1000, nullptr);
    GST_NPU_WHISPER(element_)->state->watchdog.set_limits(limits);
  }

  // Returns the text of the next WARNING, or "none" if none arrives within `timeout`.
  std::string warning(std::chrono::milliseconds timeout = kTimeout) {
    const auto posted = message(GST_MESSAGE_WARNING, timeout);
    if (!posted) return "none";
    GError* error = nullptr;
    gst_message_parse_warning(posted.get(), &error, nullptr);
    std::string text = error->message;
    g_error_free(error);
    return text;
  }

  PadPtr src() { return PadPtr(gst_element_get_static_pad(element_, "src")); }
};

TEST_F(WatchdogTest, DecodingThatTakesTooLongIsToldOnce) {
  set_script({.window = kSampleRate, .decode_time = kNever});
  watch({.device = kNever, .decoding = kSoon, .push = kNever});
  play();
  push(tones(1.5, {{0.2, 0.6}}), 0);
  EXPECT_THAT(warning(), HasSubstr("still being transcribed"));
  EXPECT_EQ(warning(5 * kSoon), "none");
  EXPECT_EQ(stat("stalls"), 1U);
}

TEST_F(WatchdogTest, ADeviceThatDoesNotFinishIsNamedWithWhatItDoes) {
  set_script({.window = kSampleRate, .decode_time = kNever, .device_stage = "encoder"});
  watch({.device = kSoon, .decoding = kNever, .push = kNever});
  play();
  push(tones(1.5, {{0.2, 0.6}}), 0);
  EXPECT_THAT(warning(), AllOf(HasSubstr("scripted device"), HasSubstr("encoder")));
  EXPECT_EQ(stat("stalls"), 1U);
}

// The device is busy with a run of another transcriber. The element does not wait for this run, so
// it posts no WARNING.
TEST_F(WatchdogTest, ADeviceIsNothingToAnElementThatDoesNotWaitForIt) {
  set_script({.device_stage = "encoder"});
  watch({.device = kSoon, .decoding = kSoon, .push = kSoon});
  play();
  EXPECT_EQ(warning(5 * kSoon), "none");
}

TEST_F(WatchdogTest, EachCallThatTakesTooLongIsToldAnew) {
  set_script({.window = kSampleRate, .decode_time = kNever});
  watch({.device = kNever, .decoding = kSoon, .push = kNever});
  play();
  for (guint64 n = 1; n <= 2; ++n) {
    push(tones(1.5, {{0.2, 0.6}}), 0);
    EXPECT_THAT(warning(), HasSubstr("still being transcribed"));
    EXPECT_EQ(stat("stalls"), n);
    push_event(gst_event_new_flush_start());
    push_event(gst_event_new_flush_stop(TRUE));
    push_segment(0);
  }
}

TEST_F(WatchdogTest, APushThatDoesNotReturnLiveIsToldWithItsPad) {
  set_script({});
  watch({.device = kNever, .decoding = kNever, .push = kSoon});
  play("F32LE", true);
  const BlockedPad blocked(src().get());
  push(tones(1, {{0.2, 0.6}}), 0);
  EXPECT_THAT(warning(), HasSubstr("the pad src has not accepted a buffer or event"));
  EXPECT_EQ(stat("stalls"), 1U);
}

// When a file is played, the sink waits for its clock or for PLAYING.
TEST_F(WatchdogTest, APushThatDoesNotReturnIsNormalWhereNothingIsLive) {
  set_script({});
  watch({.device = kNever, .decoding = kNever, .push = kSoon});
  play();
  const BlockedPad blocked(src().get());
  push(tones(1, {{0.2, 0.6}}), 0);
  EXPECT_EQ(warning(1s + 5 * kSoon), "none");
}

TEST_F(WatchdogTest, APushThatDoesNotReturnIsNormalInPaused) {
  set_script({});
  watch({.device = kNever, .decoding = kNever, .push = kSoon});
  play("F32LE", true);
  ASSERT_TRUE(out_->wait_for_event(GST_EVENT_SEGMENT));
  gst_element_set_state(element_, GST_STATE_PAUSED);
  const BlockedPad blocked(src().get());
  push(tones(1, {{0.2, 0.6}}), 0);
  EXPECT_EQ(warning(1s + 5 * kSoon), "none");
}

}  // namespace
}  // namespace npuwhisper::test
