// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/trace.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/trace_file.h"
#include "temporary_folder.h"

namespace npuwhisper {
namespace {

using Json = nlohmann::json;

class Trace : public testing::Test {
 protected:
  ~Trace() override { EXPECT_TRUE(stop_trace()); }

  /// Returns all events in the file, which must be complete JSON.
  std::vector<Json> events() const {
    std::ifstream file(path_);
    return Json::parse(file).at("traceEvents").get<std::vector<Json>>();
  }
  std::vector<Json> spans() const {
    std::vector<Json> found;
    for (const Json& event : events()) {
      if (event.at("ph") == "X") found.push_back(event);
    }
    return found;
  }
  static bool has_name(const std::vector<Json>& events, const std::string& what,
                       const std::string& name, std::int64_t pid, std::int64_t tid) {
    for (const Json& event : events) {
      if (event.at("ph") == "M" && event.at("name") == what && event.at("pid") == pid &&
          event.at("tid") == tid && event.at("args").at("name") == name) {
        return true;
      }
    }
    return false;
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "trace.json";
};

TEST_F(Trace, HoldsNestedSpansOfThreadsByTheirNames) {
  ASSERT_TRUE(start_trace(path_));
  {
    const trace::Span outer("outer");
    const trace::Span inner("inner", {"rows", 3});
  }
  std::thread([] {
    pthread_setname_np(pthread_self(), "a \"worker\"");
    const trace::Span span("elsewhere");
  }).join();
  ASSERT_TRUE(stop_trace());

  const auto found = spans();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].at("name"), "inner");
  EXPECT_EQ(found[0].at("args").at("rows"), 3);
  EXPECT_EQ(found[1].at("name"), "outer");
  EXPECT_FALSE(found[1].contains("args"));
  const auto end = [](const Json& span) {
    return span.at("ts").get<double>() + span.at("dur").get<double>();
  };
  EXPECT_LE(found[1].at("ts"), found[0].at("ts"));
  EXPECT_GE(end(found[1]) + 0.01, end(found[0]));
  EXPECT_GE(found[2].at("ts").get<double>() + 0.01, end(found[1]));
  EXPECT_NE(found[2].at("tid"), found[0].at("tid"));
  EXPECT_TRUE(
      has_name(events(), "thread_name", "a \"worker\"", found[2].at("pid"), found[2].at("tid")));
  EXPECT_TRUE(
      has_name(events(), "process_name", "npuwhisper", found[2].at("pid"), found[2].at("pid")));
}

TEST_F(Trace, ShowsRunsAsTheDevices) {
  ASSERT_TRUE(start_trace(path_));
  const auto begin = trace::Clock::now();
  // The trace names the process after the device of the last run. No part of the first device's
  // longer name may remain.
  trace::record_run("NPU Strix Point in Ryzen AI (emulated)", begin, begin);
  trace::record_run("NPU Strix (emulated)", begin, begin + std::chrono::milliseconds(7));
  ASSERT_TRUE(stop_trace());
  auto found = spans();
  ASSERT_EQ(found.size(), 2U);
  found.erase(found.begin());
  EXPECT_NEAR(found[0].at("dur"), 7000, 0.01);
  EXPECT_TRUE(has_name(events(), "process_name", "NPU Strix (emulated)", found[0].at("pid"),
                       found[0].at("pid")));
}

TEST_F(Trace, KeepsTheLatestAndCountsTheOthers) {
  ASSERT_TRUE(start_trace(path_, 4));
  constexpr const char* kNames[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  for (const char* name : kNames) const trace::Span span(name);
  ASSERT_TRUE(stop_trace());
  const auto found = spans();
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[0].at("args").at("n"), 6);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found[1 + i].at("name"), kNames[6 + i]);
}

TEST_F(Trace, RecordsNothingBeforeAndAfter) {
  { const trace::Span span("before"); }
  auto outlives_start = std::make_unique<trace::Span>("began before");
  ASSERT_TRUE(start_trace(path_));
  outlives_start.reset();
  auto outlives_stop = std::make_unique<trace::Span>("ended after");
  ASSERT_TRUE(stop_trace());
  outlives_stop.reset();
  { const trace::Span span("after"); }
  EXPECT_TRUE(spans().empty());
  ASSERT_TRUE(start_trace(path_));
  { const trace::Span span("second recording"); }
  ASSERT_TRUE(stop_trace());
  EXPECT_EQ(spans().size(), 1U);
}

TEST_F(Trace, ManyThreadsRecordAtOnce) {
  constexpr int kThreads = 4, kSpans = 2000;
  ASSERT_TRUE(start_trace(path_, kThreads * kSpans));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < kSpans; ++i) const trace::Span span("x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(stop_trace());
  EXPECT_EQ(spans().size(), std::size_t{kThreads * kSpans});
}

TEST_F(Trace, RefusesASecondRecordingAndAFolderThatIsNotThere) {
  const auto nowhere = start_trace(folder_.path() / "none" / "trace.json");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::Unavailable);
  EXPECT_NE(nowhere.error().message.find("none/trace.json"), std::string::npos);
  ASSERT_TRUE(start_trace(path_));
  const auto second = start_trace(folder_.path() / "other.json");
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(path_.string()), std::string::npos);
}

TEST_F(Trace, RefusesMoreSpansThanMemoryHolds) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer ends the program when an allocation is too large";
#endif
  for (const std::size_t n :
       {std::numeric_limits<std::size_t>::max(), std::numeric_limits<std::size_t>::max() / 128}) {
    const auto started = start_trace(path_, n);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::Unavailable);
    EXPECT_NE(started.error().message.find("not enough memory"), std::string::npos)
        << started.error().message;
  }
  EXPECT_TRUE(start_trace(path_));
}

/// The second writer waits for the lock before it decides that the file is empty.
TEST_F(Trace, AWriterKeepsTheEventsOfAFileThatWasEmptyWhenItBegan) {
  auto first = trace::TraceFile::append(path_);
  ASSERT_TRUE(first);
  std::thread second([&] {
    auto file = trace::TraceFile::append(path_);
    ASSERT_TRUE(file);
    file->span(2, 2, "second", 1, 2);
    EXPECT_TRUE(file->finish());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // The second writer is at the lock.
  first->span(1, 1, "first", 1, 2);
  EXPECT_TRUE(first->finish());
  { const auto closed = std::move(first); }  // Releases the lock.
  second.join();
  ASSERT_EQ(spans().size(), 2U);
  EXPECT_EQ(spans()[0].at("name"), "first");
}

TEST_F(Trace, SeveralWritersAddToOneFile) {
  ASSERT_TRUE(start_trace(path_));
  {
    auto other = trace::TraceFile::append(path_);
    ASSERT_TRUE(other);
    other->process(77, "another", 2);
    other->span(77, 78, "its span", 1, 2);
    ASSERT_TRUE(other->finish());
  }
  { const trace::Span span("ours"); }
  ASSERT_TRUE(stop_trace());
  const auto found = spans();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].at("name"), "its span");
  EXPECT_EQ(found[1].at("name"), "ours");
}

TEST_F(Trace, AppendsOnlyToATrace) {
  std::ofstream(path_) << "{\"traceEvents\":[1]}";
  const auto added = trace::TraceFile::append(path_);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::InvalidArgument);
  std::ifstream file(path_);
  EXPECT_EQ(Json::parse(file).at("traceEvents").size(), 1U);
}

}  // namespace
}  // namespace npuwhisper
