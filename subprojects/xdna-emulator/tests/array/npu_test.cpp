// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/npu.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "adding_design.h"
#include "emulator/image.h"
#include "emulator/lower.h"
#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

TEST(Npu, RunsAnImage) {
  const auto bytes = serialize({"npu1", kAddingDesign, {}});
  auto npu = Npu::load(bytes);
  ASSERT_TRUE(npu) << npu.error().message;
  EXPECT_EQ((*npu)->array().name, "npu1");

  auto design = lower(kAddingDesign);
  ASSERT_TRUE(design) << design.error().message;
  ASSERT_EQ(design->sequences.size(), 1U);
  HostMemory host;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(64));
  const std::uint64_t arguments[] = {host.add(counting(64)), to};
  for (std::uint64_t run = 1; run <= 2; ++run) {
    host.words(to).assign(64, 0);
    const RunOutcome outcome = (*npu)->run(design->sequences[0].instructions, arguments, host);
    ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
    EXPECT_EQ(host.words(to), counting(64, 6));
    EXPECT_EQ((*npu)->counters().n_runs, run);
  }
  EXPECT_FALSE((*npu)->write_trace("trace.json", "NPU", 0));
}

/// An array with the adding design, and a pair of host buffers for each run.
class FaultyRun {
 public:
  explicit FaultyRun(std::string text = kAddingDesign, bool is_dirty = false)
      : npu_(*Npu::load(serialize({"npu1", text, {}}), {.is_dirty = is_dirty})),
        stream_(lower(text)->sequences.at(0).instructions) {}

  RunOutcome run(RunFault fault, std::uint32_t first) {
    to_ = host_.add(std::vector<std::uint32_t>(64));
    const std::uint64_t arguments[] = {host_.add(counting(64, first)), to_};
    return npu_->run(stream_, arguments, host_, fault);
  }
  const std::vector<std::uint32_t>& result() { return host_.words(to_); }

 private:
  std::unique_ptr<Npu> npu_;
  std::vector<std::uint32_t> stream_;
  HostMemory host_;
  std::uint64_t to_ = 0;
};

TEST(Npu, ADroppedTaskHangs) {
  FaultyRun array;
  EXPECT_EQ(array.run(RunFault::DroppedTask, 1).state, RunState::Hung);
}

TEST(Npu, ASkippedSyncEndsTheRunTooEarly) {
  FaultyRun array;
  EXPECT_EQ(array.run(RunFault::SkippedSync, 1).state, RunState::Completed);
  EXPECT_EQ(array.result(), std::vector<std::uint32_t>(64));
}

TEST(Npu, AStaleDescriptorReadsTheOldBuffer) {
  FaultyRun array;
  ASSERT_EQ(array.run(RunFault::None, 1).state, RunState::Completed);
  EXPECT_EQ(array.run(RunFault::StaleDescriptor, 100).state, RunState::Completed);
  EXPECT_EQ(array.result(), counting(64, 6));
}

TEST(Npu, ADescriptorThatWasNeverWrittenIsAnError) {
  FaultyRun array;
  EXPECT_EQ(array.run(RunFault::StaleDescriptor, 1).state, RunState::Error);
}

TEST(Npu, AShortTransferLeavesTheRest) {
  FaultyRun array;
  EXPECT_EQ(array.run(RunFault::ShortTransfer, 1).state, RunState::Completed);
  auto expected = counting(32, 6);
  expected.resize(64);
  EXPECT_EQ(array.result(), expected);
}

TEST(Npu, DirtyMemoryReachesDesignsThatDoNotInitialiseIt) {
  std::string text = kAddingDesign;
  const std::string write = "aiex.npu.rtp_write(@added, 0, 5)";
  text.erase(text.find(write), write.size());
  FaultyRun zeroed(text);
  EXPECT_EQ(zeroed.run(RunFault::None, 1).state, RunState::Completed);
  EXPECT_EQ(zeroed.result(), counting(64));
  FaultyRun dirty(text, true);
  EXPECT_EQ(dirty.run(RunFault::None, 1).state, RunState::Completed);
  EXPECT_NE(dirty.result(), counting(64));
  FaultyRun written(kAddingDesign, true);
  EXPECT_EQ(written.run(RunFault::None, 1).state, RunState::Completed);
  EXPECT_EQ(written.result(), counting(64, 6));
}

TEST(Npu, AnUnknownClockIsRefused) {
  ::setenv("NPUWHISPER_EMULATOR_CLOCK", "fast", 1);
  const auto refused = Npu::load(serialize({"npu1", kAddingDesign, {}}));
  ::unsetenv("NPUWHISPER_EMULATOR_CLOCK");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "NPUWHISPER_EMULATOR_CLOCK is 'fast', wanted 'open-kernels' or 'best-published'");
}

TEST(Npu, TracesWhereTheEnvironmentAsks) {
  const std::string file = ::testing::TempDir() + "emulator_npu_test.json";
  ::setenv("NPUWHISPER_EMULATOR_TRACE", file.c_str(), 1);
  auto npu = Npu::load(serialize({"npu1", kAddingDesign, {}}));
  ::unsetenv("NPUWHISPER_EMULATOR_TRACE");
  ASSERT_TRUE(npu) << npu.error().message;
  EXPECT_TRUE((*npu)->write_trace(file, "NPU", 0));
  std::remove(file.c_str());
}

TEST(Npu, RefusesImagesThatAreNotGood) {
  EXPECT_FALSE(Npu::load({}));
  EXPECT_FALSE(Npu::load(serialize({"npu1", "module {", {}})));
  const auto other = Npu::load(serialize({"npu2", kAddingDesign, {}}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "the image is for array 'npu2', but its design is for 'npu1'");
}

}  // namespace
}  // namespace npuwhisper::emu::test
