// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tests the effects of each kind of fault on a program that uses real XRT, and the program's means
// of recovery. Each test needs its own fault script, which meson.build lists next to the test's
// name.
#include <gtest/gtest.h>

#include <chrono>

#include "xrt_program.h"

namespace npuwhisper::emu {
namespace {

using namespace std::chrono_literals;
using scripted::Operation;

/// Runs a valid stream once and returns the run's state.
ert_cmd_state run_once(XrtProgram& program, std::chrono::milliseconds timeout = 10s) {
  auto stream = program.instructions(Operation::Sleep);
  auto buffer = program.buffer(1);
  auto run = program.run(stream, buffer, buffer);
  run.start();
  return run.wait(timeout);
}

/// Executes a list of four valid runs. Returns the state in wait()'s exception, or the list's state
/// if wait() does not throw.
ert_cmd_state run_list(XrtProgram& program) {
  auto stream = program.instructions(Operation::Sleep);
  auto buffer = program.buffer(1);
  xrt::runlist list(program.context());
  for (int i = 0; i < 4; ++i) list.add(program.run(stream, buffer, buffer));
  list.execute();
  try {
    return list.wait(10s) == std::cv_status::timeout ? ERT_CMD_STATE_RUNNING
                                                     : ERT_CMD_STATE_COMPLETED;
  } catch (const xrt::runlist::command_error& error) {
    return error.get_command_state();
  }
}

TEST(XrtFaults, Error) {  // Fault script: error@2,error@5.
  XrtProgram program;
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_ERROR);
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(run_list(program), ERT_CMD_STATE_ERROR);
  EXPECT_EQ(run_list(program), ERT_CMD_STATE_COMPLETED);
}

TEST(XrtFaults, Abort) {  // Fault script: abort@1,abort@4.
  XrtProgram program;
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_ABORT);
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(run_list(program), ERT_CMD_STATE_ABORT);
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
}

TEST(XrtFaults, Timeout) {  // Fault script: timeout@1. The watchdog waits 300 ms.
  XrtProgram program;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_TIMEOUT);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms);
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
}

TEST(XrtFaults, Hang) {  // Fault script: hang@2.
  // XRT aborts a program that destroys a run in progress, so these objects are never destroyed.
  static auto& stuck = *new XrtProgram();
  static auto& stream = *new xrt::bo(stuck.instructions(Operation::Sleep));
  static auto& buffer = *new xrt::bo(stuck.buffer(1));
  static auto& run = *new xrt::run(stuck.run(stream, buffer, buffer));
  run.start();
  run.wait2();
  run.start();
  EXPECT_EQ(run.wait2(200ms), std::cv_status::timeout);
  EXPECT_EQ(run.wait2(200ms), std::cv_status::timeout) << "it never completes";
  EXPECT_LT(run.state(), ERT_CMD_STATE_COMPLETED);
  // Another context still works.
  XrtProgram program;
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
}

TEST(XrtFaults, HangInAList) {  // Fault script: hang@2.
  {
    XrtProgram program;
    auto stream = program.instructions(Operation::Sleep);
    auto buffer = program.buffer(1);
    xrt::runlist list(program.context());
    for (int i = 0; i < 3; ++i) list.add(program.run(stream, buffer, buffer));
    list.execute();
    EXPECT_EQ(list.wait(200ms), std::cv_status::timeout);
  }
  // XRT allows a program to destroy the runs of a list in progress. The end of the context ends the
  // runs.
  XrtProgram program;
  EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
}

TEST(XrtFaults, HangWithTimelines) {  // Fault script: hang@1. NPUWHISPER_EMULATOR_TIMELINES=1.
  XrtProgram program;
  auto stream = program.instructions(Operation::Sleep);
  auto buffer = program.buffer(1);
  xrt::runlist list(program.context());
  list.add(program.run(stream, buffer, buffer));
  list.execute();
  try {
    list.wait(200ms);
    FAIL() << "AMD's driver now looks at what its wait returned: device.h can say so";
  } catch (const xrt::runlist::command_error& error) {
    EXPECT_EQ(error.get_command_state(), ERT_CMD_STATE_NEW);
  }
}

TEST(XrtFaults, Load) {  // Fault script: load@2.
  XrtProgram first;
  EXPECT_ANY_THROW(XrtProgram());
  EXPECT_NO_THROW(XrtProgram());
  EXPECT_EQ(run_once(first), ERT_CMD_STATE_COMPLETED);
}

TEST(XrtFaults, Lost) {  // Fault script: lost@2.
  {
    XrtProgram program;
    EXPECT_EQ(run_once(program), ERT_CMD_STATE_COMPLETED);
    EXPECT_EQ(run_once(program), ERT_CMD_STATE_ABORT);
    EXPECT_ANY_THROW(program.buffer(1));
    EXPECT_ANY_THROW(run_once(program));
  }
  EXPECT_ANY_THROW(XrtProgram()) << "it does not come back";
}

}  // namespace
}  // namespace npuwhisper::emu
