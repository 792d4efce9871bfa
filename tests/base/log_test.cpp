// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include <npuwhisper/log.h>

namespace npuwhisper {
namespace {

// This test must be the first one in the file, because later tests cannot restore the default sink.
TEST(Log, DefaultPrintsErrorsAndWarningsOnly) {
  testing::internal::CaptureStderr();
  log(LogLevel::Error, "one");
  log(LogLevel::Warning, "two");
  log(LogLevel::Info, "three");
  log(LogLevel::Debug, "four");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "npuwhisper: error: one\nnpuwhisper: warning: two\n");
}

TEST(Log, SinkReceivesEveryLevel) {
  std::vector<std::string> messages;
  set_log_sink([&](LogLevel level, std::string_view message) {
    messages.push_back(std::to_string(static_cast<int>(level)) + std::string(message));
  });
  log(LogLevel::Error, "a");
  log(LogLevel::Debug, "b");
  set_log_sink({});
  log(LogLevel::Error, "dropped");
  EXPECT_EQ(messages, (std::vector<std::string>{"0a", "3b"}));
}

TEST(Log, CallsTheSinkOneAtATime) {
  int calls = 0;  // This int is not atomic, so concurrent calls would lose counts.
  set_log_sink([&](LogLevel, std::string_view) { ++calls; });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 10000; ++n) log(LogLevel::Info, "message");
      });
    }
  }
  set_log_sink({});
  EXPECT_EQ(calls, 40000);
}

}  // namespace
}  // namespace npuwhisper
