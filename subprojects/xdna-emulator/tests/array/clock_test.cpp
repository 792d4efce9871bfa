// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kMem{0, 1};
constexpr npu::TileId kCore{0, 2};

Design shims_to_memory(int n_columns, int n_channels) {
  Design design;
  design.array = npu1();
  design.n_columns = n_columns;
  for (int column = 0; column < n_columns; ++column) {
    for (int channel = 0; channel < n_channels; ++channel) {
      const npu::TileId mem{column, 1};
      const int id = 24 * (channel % 2);
      design.descriptors.push_back(
          {mem, id, then(linear(2048, 0x80000), static_cast<unsigned>(id))});
      design.channels.push_back({mem, false, channel, 0, {{id, 0, false}}});
      design.routes.push_back({dma({column, 0}, channel), {dma(mem, channel)}, {}, false});
    }
  }
  return design;
}

/// Returns the time in seconds that the shim channels take to send `n_words` words each. Excludes
/// the dispatch.
double seconds_to_send(int n_columns, int n_channels, std::uint32_t n_words) {
  const Design design = shims_to_memory(n_columns, n_channels);
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t arguments[] = {host.add(counting(n_words))};
  Stream stream(design);
  for (int column = 0; column < n_columns; ++column) {
    for (int channel = 0; channel < n_channels; ++channel) {
      stream.descriptor({column, 0}, channel, linear(n_words), 0);
      stream.push({column, 0}, true, channel, {channel, 0, true});
    }
  }
  for (int column = 0; column < n_columns; ++column) {
    for (int channel = 0; channel < n_channels; ++channel) stream.sync({column, 0}, true, channel);
  }
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
  return outcome.seconds - npu::kDispatchSeconds;
}

TEST(Clock, AChannelMovesFourBytesACycle) {
  const std::uint32_t n_words = 1 << 20;
  const double seconds = seconds_to_send(1, 1, n_words);
  const double bytes_per_cycle = 4.0 * n_words / (seconds * npu::kAie2Open.hertz);
  EXPECT_LE(bytes_per_cycle, 4.0);
  // The memory tile receives the words in blocks of 8 KB. Each block costs a few additional cycles.
  EXPECT_GT(bytes_per_cycle, 3.97);
}

TEST(Clock, HostMemoryIsSharedByAllShims) {
  const std::uint32_t n_words = 1 << 18;
  const double seconds = seconds_to_send(4, 2, n_words);
  const double bytes_per_second = 8 * 4.0 * n_words / seconds;
  EXPECT_LE(bytes_per_second, npu::kAie2Open.host_bytes_per_second);
  EXPECT_GT(bytes_per_second, 0.97 * npu::kAie2Open.host_bytes_per_second);
}

TEST(Clock, AnEmptyStreamTakesTheDispatch) {
  const Design design = shims_to_memory(1, 1);
  auto array = configured(design);
  HostMemory host;
  const RunOutcome outcome = array->run(Stream(design).words(), {}, host);
  EXPECT_EQ(outcome.state, RunState::Completed);
  EXPECT_NEAR(outcome.seconds, npu::kDispatchSeconds, 1 / npu::kAie2Open.hertz);
}

TEST(Clock, ALockTransfersSimulatedTime) {
  // A loop of 1,000,000 iterations in the core delays the data for the memory tile.
  Design design;
  design.array = npu1();
  design.n_columns = 1;
  design.locks = {{"go", kCore, 0, 0}};
  Program program;
  program.loop(0, 1'000'000, 1, [](Program&) {}).release(kCore, 0, 1);
  design.cores = {{kCore, program.end(), 1024, {}}};
  auto out = linear(16);
  out.acquire_enable = true;
  out.acquire_lock = 0;
  out.acquire_value = -1;
  design.descriptors = {{kCore, 0, out}, {kMem, 0, linear(16, 0x80000)}};
  design.channels = {{kCore, true, 0, 0, {{0, 0, false}}}, {kMem, false, 0, 0, {}}};
  design.routes = {{dma(kCore, 0), {dma(kMem, 0)}, {}, false}};
  auto array = configured(design);
  HostMemory host;
  Stream stream(design);
  stream.push(kMem, false, 0, {0, 0, true}).sync(kMem, false, 0);
  const RunOutcome outcome = array->run(stream.words(), {}, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  // Each iteration has five instructions.
  EXPECT_NEAR(outcome.seconds * npu::kAie2Open.hertz, 5e6, 1e3);
}

TEST(Trace, HoldsWhatHappened) {
  const Design design = shims_to_memory(1, 1);
  auto array = configured(design, {}, {.trace = true});
  HostMemory host;
  const std::uint64_t arguments[] = {host.add(counting(4096))};
  Stream stream(design);
  stream.descriptor({0, 0}, 0, linear(4096), 0).push({0, 0}, true, 0, {0, 0, true});
  stream.sync({0, 0}, true, 0);
  const double before_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  ASSERT_EQ(array->run(stream.words(), arguments, host).state, RunState::Completed);
  const std::string file = ::testing::TempDir() + "emulator_trace_test.json";
  std::remove(file.c_str());
  ASSERT_TRUE(array->write_trace(file, "NPU Phoenix (emulated)", 0));
  std::ifstream in(file);
  const auto json = nlohmann::json::parse(in);
  std::map<std::string, std::int64_t> track_of;
  std::string process;
  for (const auto& event : json["traceEvents"]) {
    if (event["name"] == "thread_name") track_of[event["args"]["name"]] = event["tid"];
    if (event["name"] == "process_name") process = event["args"]["name"];
  }
  EXPECT_EQ(process, "NPU Phoenix (emulated), predicted time");
  ASSERT_TRUE(track_of.contains("shim (0, 0) MM2S 0"));
  ASSERT_TRUE(track_of.contains("controller: instruction stream"));
  double sending = 0;
  double syncing = 0;
  double begin = 1e300;
  for (const auto& event : json["traceEvents"]) {
    if (event["ph"] != "X") continue;
    EXPECT_GT(event["dur"].get<double>(), 0);
    begin = std::min(begin, event["ts"].get<double>());
    if (event["tid"] == track_of["controller: instruction stream"] && event["name"] == "sync") {
      syncing += event["dur"].get<double>();
    }
    if (event["tid"] == track_of["shim (0, 0) MM2S 0"] && event["name"] == "descriptor 0") {
      sending += event["dur"].get<double>();
    }
  }
  // The trace begins when the run is dispatched. The trace and the host's traces use the same
  // clock.
  EXPECT_GE(begin + 1, before_us);
  EXPECT_LE(begin, before_us + 60e6);
  // The durations are in microseconds. The shim sends one word per cycle. Meanwhile, the controller
  // waits for the end of the transfer.
  EXPECT_NEAR(sending, 4096 / npu::kAie2Open.hertz * 1e6, 1e-2);
  EXPECT_GT(syncing, sending);
  std::remove(file.c_str());
}

TEST(Trace, IsOffUnlessAskedFor) {
  const Design design = shims_to_memory(1, 1);
  auto array = configured(design);
  const auto written = array->write_trace("trace.json", "NPU", 0);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace npuwhisper::emu::test
