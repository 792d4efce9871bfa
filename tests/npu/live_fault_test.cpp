// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests a live pipeline whose NPU fails. The pipeline continues after transient faults. A
// persistent fault ends the pipeline with an ERROR message, never with a hang. Each case is a
// separate process on the emulated NPU, with a live source, a sink that syncs to the clock, and a
// tiny model that produces meaningless text.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "child_process.h"
#include "temporary_folder.h"
#include "tests/gst/support/pipeline_fixture.h"
#include "tests/gst/support/recorder.h"
#include "tiny_model.h"

namespace npuwhisper::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Fault {
  const char* name;
  const char* script;
  int repeated;       ///< Number of warnings about a repeated window.
  const char* error;  ///< Part of the ERROR message; empty: the pipeline runs to its end.
  const char* again;  ///< Like `error`, for a second start; nullptr: no second start.
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.script;
}

std::atomic<int> n_repeated = 0;

void count_warnings(GstDebugCategory*, GstDebugLevel level, const gchar*, const gchar*, gint,
                    GObject*, GstDebugMessage* message, gpointer) {
  const std::string text = gst_debug_message_get(message);
  if (level == GST_LEVEL_WARNING && text.find("the window repeated once") != std::string::npos) {
    ++n_repeated;
  }
}

void watch_warnings() {
  gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_add_log_function(count_warnings, nullptr, nullptr);
  gst_debug_set_threshold_from_string("npuwhisper:2", TRUE);
}

std::string error_of(GstMessage* message) {
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  std::string text = error->message;
  g_error_free(error);
  return text;
}

class LiveFaults : public testing::TestWithParam<Fault> {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    // A window has 5 s of audio and takes 0.1 s on the emulated array.
    write_tiny_model(folder_->path(), {.n_audio_ctx = 250, .n_audio_layer = 1});
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string description() {
    return "audiotestsrc is-live=true wave=pink-noise samplesperbuffer=1600 ! "
           "audio/x-raw,rate=16000,channels=1 ! npuwhisper name=n device=npu vad=off language=en "
           "latency=1500 temperature-increment=0 model=" +
           folder_->path().string() + " ! fakesink sync=true";
  }

  /// Plays until `repeated` windows have been repeated and two more windows have followed, or until
  /// an ERROR. Then stops the pipeline. Returns the text of the ERROR message, or "" if there was
  /// none. Does not check for text, because a live element discards the meaningless text of the
  /// tiny model.
  static std::string play(Pipeline& pipeline, int repeated) {
    n_repeated = 0;
    constexpr auto kEnds = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    const auto begin = Clock::now();
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    auto end = pipeline.message(kEnds, 100ms);
    std::optional<guint64> n_windows;  // The count when the last window was repeated.
    const auto goes_on = [&] {
      if (n_repeated < repeated) return false;
      const guint64 n = stat_of(pipeline.element("n"), "windows");
      if (!n_windows) n_windows = n;
      return n > *n_windows + 1;
    };
    while (!end && !goes_on() && Clock::now() - begin < 60s) end = pipeline.message(kEnds, 100ms);
    if (!end) {
      gst_element_send_event(pipeline.get(), gst_event_new_eos());
      end = pipeline.message(kEnds, 60s);
    }
    EXPECT_TRUE(end) << "neither EOS nor an error";
    const std::string error =
        end && GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_ERROR ? error_of(end.get()) : "";
    EXPECT_EQ(n_repeated, repeated);
    EXPECT_TRUE(!error.empty() || goes_on()) << "no window after the fault";
    const auto stopping = Clock::now();
    EXPECT_TRUE(pipeline.set_state(GST_STATE_NULL));
    EXPECT_LT(Clock::now() - stopping, 10s);
    return error;
  }

  static void expect_error(const std::string& wanted, const std::string& found) {
    EXPECT_EQ(found.empty(), wanted.empty()) << found;
    EXPECT_NE(found.find(wanted), std::string::npos) << found;
  }

  static void run_case(const Fault& fault) {
    gst_init(nullptr, nullptr);
    watch_warnings();
    {
      Pipeline pipeline(description());
      const Recorder out(pipeline.element("n"));
      expect_error(fault.error, play(pipeline, fault.repeated));
      if (fault.again != nullptr) expect_error(fault.again, play(pipeline, 0));
      EXPECT_EQ(out.complaint(), "");
    }
    gst_debug_remove_log_function(count_warnings);
    gst_deinit();
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
};

TEST_P(LiveFaults, GiveTheDocumentedOutcome) {
  const std::string script = GetParam().script;
  std::map<std::string, std::string> environment = {{"NPUWHISPER_EMULATOR_FAULTS", script},
                                                    {"NPUWHISPER_EMULATOR_WATCHDOG_MS", "300"},
                                                    // This variable applies to GStreamer's plugin
                                                    // scanner, a separate program. This program
                                                    // has already read its own options.
                                                    {"LSAN_OPTIONS", "detect_leaks=0"}};
  // The timeout is set only for hangs, because a slow run on a busy machine must not become a
  // fault.
  if (script.starts_with("hang")) environment["NPUWHISPER_NPU_TIMEOUT_MS"] = "4000";
  in_child(environment, [] {
    run_case(GetParam());
    return std::string();
  });
}

const Fault kFaults[] = {
    {"None", "error@1000", 0, "", nullptr},
    {"ErrorAtTheFirst", "error@1", 1, "", nullptr},
    {"AbortAtTheSecond", "abort@2", 1, "", nullptr},
    {"TimeoutAtTheSecond", "timeout@2", 1, "", nullptr},
    {"HangAtTheFirst", "hang@1", 1, "", nullptr},
    {"TwoErrors", "error@1,abort@3", 2, "", nullptr},
    {"ErrorThatStays", "error@2-3", 1, "NPU: a run failed (ERROR)", ""},
    {"HangThatStays", "hang@1-2", 1, "NPU: no answer within 4000 ms", nullptr},
    {"LoadAtTheStart", "load@1", 0, "NPU: loading ", ""},
    {"LoadAtOpeningAgain", "error@2,load@2", 1, "NPU: reopening the context: ", nullptr},
    {"Loss", "lost@2", 1, "NPU: reopening the context: ", "NPU"},
};
INSTANTIATE_TEST_SUITE_P(AllKinds, LiveFaults, testing::ValuesIn(kFaults),
                         [](const auto& fault) { return fault.param.name; });

}  // namespace
}  // namespace npuwhisper::test
