// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests the runtime's reaction to each fault of the NPU against the table in docs/npu.md. Each case
// is a separate process that submits three windows of a tiny encoder to the emulated NPU.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <npuwhisper/log.h>

#include "child_process.h"
#include "temporary_folder.h"
#include "tiny_encoder.h"
#include "tiny_model.h"

namespace npuwhisper::npu_device {
namespace {

using test::in_child;
using test::TemporaryFolder;
using test::TinyEncoder;

constexpr int kWindows = 3;

struct Fault {
  const char* name;
  const char* script;
  /// The outcome of each window: "good", "repeated" (good, after one warning), or a part of its
  /// error message. If the device cannot be prepared, there is only one outcome.
  std::vector<std::string> wanted;
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.script;
}

/// Returns an environment with short timeouts for stuck runs. The runtime's timeout is set only if
/// a run hangs, because a slow run on a busy machine must not become a fault.
std::map<std::string, std::string> short_times(const std::string& script) {
  std::map<std::string, std::string> environment = {{"NPUWHISPER_EMULATOR_WATCHDOG_MS", "300"}};
  if (script.find("hang") != std::string::npos) environment["NPUWHISPER_NPU_TIMEOUT_MS"] = "4000";
  return environment;
}

class Faults : public testing::TestWithParam<Fault> {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    // A window has 2 s of audio and takes 0.05 s on the emulated array.
    test::write_tiny_model(folder_->path(), {.n_audio_ctx = 100, .n_audio_layer = 1});
    output_ = in_child({}, [] {
      TinyEncoder encoder;
      const bool done = encoder.prepare(folder_->path()) && encoder.run();
      return done ? encoder.output() : std::string();
    });
    ASSERT_FALSE(output_.empty());
  }
  static void TearDownTestSuite() { folder_.reset(); }

  /// Runs the windows. Returns one line for each window, or the error if the device cannot be
  /// prepared.
  static std::string run_windows() {
    int warnings = 0;
    set_log_sink([&](LogLevel level, std::string_view) {
      if (level == LogLevel::Warning) ++warnings;
    });
    std::string lines;
    {
      TinyEncoder encoder;
      if (const auto prepared = encoder.prepare(folder_->path()); !prepared) {
        return prepared.error().message;
      }
      for (int i = 0; i < kWindows; ++i) {
        warnings = 0;
        const auto done = encoder.run();
        if (!done) {
          lines += done.error().message + "\n";
        } else if (encoder.output() != output_) {
          lines += "another result\n";
        } else {
          lines += warnings == 0 ? "good\n" : warnings == 1 ? "repeated\n" : "many warnings\n";
        }
      }
    }
    set_log_sink({});
    return lines;
  }

  void expect_outcome(std::map<std::string, std::string> environment) const {
    environment.merge(short_times(GetParam().script));
    environment["NPUWHISPER_EMULATOR_FAULTS"] = GetParam().script;
    std::istringstream found(in_child(environment, run_windows));
    for (const std::string& wanted : GetParam().wanted) {
      std::string line;
      std::getline(found, line);
      EXPECT_NE(line.find(wanted), std::string::npos)
          << GetParam().script << ": found '" << line << "', wanted '" << wanted << "'";
    }
    std::string rest;
    EXPECT_FALSE(std::getline(found, rest)) << rest;
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::string output_;  ///< The output of a window without faults.
};

TEST_P(Faults, GiveTheDocumentedOutcome) {
  expect_outcome({});
}

// With the Linux kernel's own driver, each hardware context has a timeline. AMD's user-mode driver
// waits for runs on this timeline. In this test, the emulated contexts have timelines, too.
TEST_P(Faults, GiveTheDocumentedOutcomeWithTimelines) {
  expect_outcome({{"NPUWHISPER_EMULATOR_TIMELINES", "1"}});
}

const Fault kFaults[] = {
    {"None", "error@100", {"good", "good", "good"}},
    {"ErrorAtTheFirst", "error@1", {"repeated", "good", "good"}},
    {"ErrorAtTheThird", "error@3", {"good", "good", "repeated"}},
    {"ErrorEachSecond", "error@1,error@3,error@5", {"repeated", "repeated", "repeated"}},
    {"ErrorThatStays", "error@2-3", {"good", "NPU: a run failed (ERROR)", "good"}},
    {"ErrorForEver",
     "error@1-99",
     {"NPU: a run failed (ERROR)", "NPU: a run failed (ERROR)", "NPU: a run failed (ERROR)"}},
    {"AbortAtTheSecond", "abort@2", {"good", "repeated", "good"}},
    {"AbortThatStays", "abort@1-2", {"NPU: a run was aborted (ABORT)", "good", "good"}},
    {"TimeoutAtTheFirst", "timeout@1", {"repeated", "good", "good"}},
    {"TimeoutThatStays",
     "timeout@2-3",
     {"good", "NPU: the driver aborted a run that did not end in time (TIMEOUT)", "good"}},
    {"HangAtTheSecond", "hang@2", {"good", "repeated", "good"}},
    {"HangThatStays", "hang@1-2", {"NPU: no answer within 4000 ms", "good", "good"}},
    {"NothingAtTheSecond", "nothing@2", {"good", "repeated", "good"}},
    {"NothingThatStays",
     "nothing@2-3",
     {"good", "NPU: a run completed without writing its output", "good"}},
    {"LoadAtPreparing", "load@1", {"NPU: loading "}},
    {"LoadAtOpeningAgain", "error@2,load@2", {"good", "NPU: reopening the context: ", "good"}},
    {"LossAtTheFirst", "lost@1", {"NPU: reopening the context: ", "NPU: ", "NPU: "}},
    {"LossAtTheThird", "lost@3", {"good", "good", "NPU: reopening the context: "}},
};
INSTANTIATE_TEST_SUITE_P(AllKinds, Faults, testing::ValuesIn(kFaults),
                         [](const auto& fault) { return fault.param.name; });

}  // namespace
}  // namespace npuwhisper::npu_device
