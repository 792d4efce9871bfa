// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tests of real XRT and AMD's user-mode driver on the emulated kernel interface, with a scripted
// array.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "xrt_program.h"

namespace npuwhisper::emu {
namespace {

using namespace std::chrono_literals;
using scripted::Operation;

bool is_npu1(const xrt::device& device) {
  return device.get_info<xrt::info::device::name>() == "NPU Phoenix (emulated)";
}

/// Returns the counters of the emulated NPU in this process.
nlohmann::json counters() {
  using Function = std::size_t(char*, std::size_t);
  auto* const statistics =
      reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, "npuwhisper_emulator_statistics"));
  if (statistics == nullptr) return {};
  std::string text(statistics(nullptr, 0) + 1, '\0');
  statistics(text.data(), text.size());
  text.pop_back();
  return nlohmann::json::parse(text);
}

TEST(Xrt, SeesAnEmulatedDevice) {
  const xrt::device device(0);
  const auto name = device.get_info<xrt::info::device::name>();
  EXPECT_TRUE(name == "NPU Phoenix (emulated)" || name == "NPU Strix (emulated)") << name;
  EXPECT_EQ(device.get_info<xrt::info::device::bdf>(), "0000:c5:00.1");
}

TEST(Xrt, ARunWorksOnBuffers) {
  XrtProgram program;
  auto stream = program.instructions(Operation::AddOne, 1000);
  auto from = program.buffer(1000);
  auto to = program.buffer(1000);
  auto* in = from.map<std::uint32_t*>();
  for (std::uint32_t i = 0; i < 1000; ++i) in[i] = 7 * i;
  from.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  auto run = program.run(stream, from, to);
  run.start();
  ASSERT_EQ(run.wait(10s), ERT_CMD_STATE_COMPLETED);
  const auto* out = to.map<const std::uint32_t*>();
  EXPECT_EQ(out[999], 0u) << "not synced yet";
  to.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(out[i], 7 * i + 1);
}

TEST(Xrt, AForgottenSyncToTheDeviceGivesWhatWasThereBefore) {
  XrtProgram program;
  auto stream = program.instructions(Operation::AddOne, 1);
  auto from = program.buffer(1);
  auto to = program.buffer(1);
  auto run = program.run(stream, from, to);
  from.map<std::uint32_t*>()[0] = 10;
  from.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  from.map<std::uint32_t*>()[0] = 20;  // This value is not synced.
  run.start();
  run.wait2();
  to.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(to.map<std::uint32_t*>()[0], 11u);
}

TEST(Xrt, InstructionsMustBeSynced) {
  XrtProgram program;
  auto stream = program.instructions(Operation::Sleep, 0);
  const std::uint32_t fail[] = {static_cast<std::uint32_t>(Operation::Fail), 0};
  stream.write(fail);
  auto buffer = program.buffer(1);
  auto run = program.run(stream, buffer, buffer);
  run.start();
  EXPECT_EQ(run.wait(10s), ERT_CMD_STATE_COMPLETED) << "still the old ones";
  stream.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  run.start();
  EXPECT_EQ(run.wait(10s), ERT_CMD_STATE_ERROR);
}

TEST(Xrt, AnErrorIsAnExceptionAndTheContextGoesOn) {
  XrtProgram program;
  auto bad = program.instructions(Operation::Fail);
  auto good = program.instructions(Operation::Sleep);
  auto buffer = program.buffer(1);
  auto run = program.run(bad, buffer, buffer);
  run.start();
  try {
    run.wait2();
    FAIL() << "no exception";
  } catch (const xrt::run::command_error& error) {
    EXPECT_EQ(error.get_command_state(), ERT_CMD_STATE_ERROR);
  }
  run.set_arg(1, good);
  run.start();
  EXPECT_EQ(run.wait2(10s), std::cv_status::no_timeout);
}

TEST(Xrt, WaitsEndAtTheirTimeout) {
  XrtProgram program;
  auto stream = program.instructions(Operation::Sleep, 300);
  auto buffer = program.buffer(1);
  auto run = program.run(stream, buffer, buffer);
  run.start();
  EXPECT_EQ(run.wait2(10ms), std::cv_status::timeout);
  EXPECT_EQ(run.wait(10ms), ERT_CMD_STATE_TIMEOUT);
  EXPECT_EQ(run.wait2(10s), std::cv_status::no_timeout);
  EXPECT_EQ(run.state(), ERT_CMD_STATE_COMPLETED);
}

TEST(Xrt, TheWatchdogEndsAStuckRun) {
  XrtProgram program;
  auto stuck = program.instructions(Operation::Hang);
  auto good = program.instructions(Operation::Count);
  auto buffer = program.buffer(1);
  auto run = program.run(stuck, buffer, buffer);
  run.start();
  EXPECT_EQ(run.wait2(50ms), std::cv_status::timeout);
  try {
    run.wait2(10s);
    FAIL() << "no exception";
  } catch (const xrt::run::command_error& error) {
    EXPECT_EQ(error.get_command_state(), ERT_CMD_STATE_TIMEOUT);
  }
  run.set_arg(1, good);
  run.start();
  run.wait2();
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(buffer.map<std::uint32_t*>()[0], 1u) << "the array was configured again";
}

/// A list of `n` runs that each add one to a buffer. Run `bad` fails, unless `bad` is negative.
struct RunList {
  RunList(XrtProgram& program, int n, int bad)
      : good(program.instructions(Operation::AddOne, 1)),
        failing(program.instructions(Operation::Fail)),
        buffer(program.buffer(1)),
        list(program.context()) {
    for (int i = 0; i < n; ++i) {
      runs.push_back(program.run(i == bad ? failing : good, buffer, buffer));
      list.add(runs.back());
    }
  }
  std::uint32_t value() {
    buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    return buffer.map<std::uint32_t*>()[0];
  }
  xrt::bo good, failing, buffer;  // XRT's runs do not keep their buffers alive.
  std::vector<xrt::run> runs;
  xrt::runlist list;
};

TEST(Xrt, ARunlistIsExecutedInOrder) {
  for (const int n : {1, 5, 24, 30}) {
    XrtProgram program;
    RunList runs(program, n, -1);
    const auto before = counters()["driver"];
    runs.list.execute();
    EXPECT_EQ(runs.list.wait(10s), std::cv_status::no_timeout);
    const auto after = counters()["driver"];
    EXPECT_EQ(runs.value(), static_cast<std::uint32_t>(n));
    // XRT sends at most 24 runs in one chain.
    const int n_chains = (n + 23) / 24;
    EXPECT_EQ(after["n_chains"].get<int>() - before["n_chains"].get<int>(), n_chains);
    EXPECT_EQ(after["n_submissions"].get<int>() - before["n_submissions"].get<int>(), n_chains);
    EXPECT_EQ(after["n_runs"].get<int>() - before["n_runs"].get<int>(), n);
  }
}

TEST(Xrt, ARunlistNamesTheRunThatFailed) {
  XrtProgram program;
  RunList runs(program, 6, 3);
  runs.list.execute();
  try {
    runs.list.wait(10s);
    FAIL() << "no exception";
  } catch (const xrt::runlist::command_error& error) {
    EXPECT_EQ(error.get_command_state(), ERT_CMD_STATE_ERROR);
  }
  EXPECT_EQ(runs.value(), 3u) << "what is behind the failed run is not executed";
  EXPECT_EQ(runs.runs[3].state(), ERT_CMD_STATE_ERROR);
  EXPECT_EQ(runs.runs[4].state(), ERT_CMD_STATE_ABORT);
  // The list can be executed again.
  runs.list.execute();
  EXPECT_THROW(runs.list.wait(10s), xrt::runlist::command_error);
}

TEST(Xrt, AStuckRunlistTimesOut) {
  XrtProgram program;
  auto buffer = program.buffer(1);
  auto stuck = program.instructions(Operation::Hang);
  xrt::runlist list(program.context());
  auto run = program.run(stuck, buffer, buffer);
  list.add(run);
  list.execute();
  EXPECT_EQ(list.wait(50ms), std::cv_status::timeout);
  EXPECT_THROW(list.wait(10s), xrt::runlist::command_error);
  EXPECT_EQ(run.state(), ERT_CMD_STATE_TIMEOUT);
}

TEST(Xrt, ContextsAreLimited) {
  XrtProgram program;
  const std::size_t limit = is_npu1(program.device()) ? 6 : 16;
  std::vector<xrt::hw_context> contexts;
  for (std::size_t i = 1; i < limit; ++i) contexts.emplace_back(program.device(), program.uuid());
  EXPECT_ANY_THROW(xrt::hw_context(program.device(), program.uuid()));
  contexts.pop_back();
  EXPECT_NO_THROW(xrt::hw_context(program.device(), program.uuid()));
}

TEST(Xrt, EachContextHasAnArrayOfItsOwn) {
  XrtProgram first;
  XrtProgram second;
  const auto count = [](XrtProgram& program) {
    auto stream = program.instructions(Operation::Count);
    auto buffer = program.buffer(1);
    auto run = program.run(stream, buffer, buffer);
    run.start();
    run.wait2();
    buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    return buffer.map<std::uint32_t*>()[0];
  };
  EXPECT_EQ(count(first), 1u);
  EXPECT_EQ(count(first), 2u);
  EXPECT_EQ(count(second), 1u);
}

TEST(Xrt, ABrokenImageIsAnException) {
  EXPECT_ANY_THROW(XrtProgram(std::getenv("NPUWHISPER_TEST_BROKEN_XCLBIN")));
  // The device still works.
  EXPECT_NO_THROW(XrtProgram());
}

TEST(Xrt, BuffersCanBeSharedWithinTheProcess) {
  XrtProgram program;
  auto buffer = program.buffer(4);
  buffer.map<std::uint32_t*>()[2] = 99;
  xrt::bo imported(program.device(), buffer.export_buffer());
  EXPECT_EQ(imported.map<std::uint32_t*>()[2], 99u);
}

TEST(Xrt, BuffersCanBeTheProgramsOwnMemory) {
  XrtProgram program;
  const std::unique_ptr<std::uint32_t, decltype(&std::free)> pages(
      static_cast<std::uint32_t*>(std::aligned_alloc(4096, 4096)), std::free);
  xrt::bo buffer(program.device(), pages.get(), 4096, XRT_BO_FLAGS_HOST_ONLY, 65536);
  auto stream = program.instructions(Operation::AddOne, 1);
  pages.get()[0] = 5;
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  auto run = program.run(stream, buffer, buffer);
  run.start();
  run.wait2();
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(pages.get()[0], 6u);
}

TEST(Xrt, ThreadsUseTheDeviceTogether) {
  XrtProgram program;
  std::vector<std::jthread> threads;
  std::atomic<int> n_right = 0;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 20; ++i) {
        auto stream = program.instructions(Operation::AddOne, 1);
        auto buffer = program.buffer(1);
        buffer.map<std::uint32_t*>()[0] = 100 * t + i;
        buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
        auto run = program.run(stream, buffer, buffer);
        run.start();
        run.wait2();
        buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
        if (buffer.map<std::uint32_t*>()[0] == 100 * t + i + 1) ++n_right;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(n_right, 80);
}

TEST(Xrt, StatisticsCountWhatIsDone) {
  XrtProgram program;
  auto stream = program.instructions(Operation::AddOne, 2);
  auto buffer = program.buffer(2);
  auto run = program.run(stream, buffer, buffer);
  const auto before = counters();
  EXPECT_EQ(before["emulated"], true);
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  run.start();
  run.wait2();
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  const auto after = counters();
  const auto grew = [&](const char* part, const char* name) {
    return after[part][name].get<int>() - before[part][name].get<int>();
  };
  EXPECT_EQ(grew("driver", "n_submissions"), 1);
  EXPECT_EQ(grew("driver", "n_chains"), 0);
  EXPECT_EQ(grew("driver", "n_runs"), 1);
  EXPECT_EQ(grew("driver", "n_syncs_to_device"), 1);
  EXPECT_EQ(grew("driver", "n_syncs_from_device"), 1);
  EXPECT_EQ(grew("driver", "bytes_from_device"), 8);
  EXPECT_EQ(grew("driver", "n_buffers"), 0);
  EXPECT_EQ(grew("array", "bytes_to_host"), 8);
  EXPECT_GT(after["array"]["seconds"].get<double>(), before["array"]["seconds"].get<double>());
}

}  // namespace
}  // namespace npuwhisper::emu
