// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/context.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "scripted_npu.h"

namespace npuwhisper::emu {
namespace {

using namespace std::chrono_literals;
using scripted::Operation;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kHeapAt = 0x7f0000000000;

/// A context with a scripted image. The tests use the context as XRT does.
class ContextTest : public testing::Test {
 protected:
  void SetUp() override { open_device("", "50"); }

  void TearDown() override {
    context_.reset();
    std::filesystem::remove_all(tree_);
  }

  void open_device(const std::string& faults, const std::string& watchdog_ms) {
    context_.reset();
    if (tree_.empty()) {
      tree_ = (std::filesystem::temp_directory_path() / "context-test-XXXXXX").string();
      ASSERT_NE(mkdtemp(tree_.data()), nullptr);
      std::ofstream(tree_ + "/array") << "npu2";
      std::ofstream(tree_ + "/state");
    }
    setenv("NPUWHISPER_EMULATOR_FAULTS", faults.c_str(), 1);
    setenv("NPUWHISPER_EMULATOR_WATCHDOG_MS", watchdog_ms.c_str(), 1);
    auto device = Device::open(tree_);
    ASSERT_TRUE(device) << device.error().message;
    device_ = std::move(*device);
    if (!buffers_.has_heap()) {
      std::uint32_t heap = 0;
      ASSERT_EQ(buffers_.create_heap(DeviceHeap::kUnit, heap), 0);
      buffers_.find(heap)->mapped_at(kHeapAt);
    }
    context_ = std::make_unique<Context>(*device_, buffers_, 0);
  }

  std::shared_ptr<Buffer> device_buffer(const std::string& bytes, bool sync = true) {
    std::uint32_t handle = 0;
    EXPECT_EQ(buffers_.create_device(bytes.size(), handle), 0);
    auto buffer = buffers_.find(handle);
    std::memcpy(buffer->host().data(), bytes.data(), bytes.size());
    if (sync) buffer->sync_to_device(0, bytes.size());
    return buffer;
  }

  int configure(const std::string& image = "scripted npu2", bool sync = true) {
    const auto buffer = device_buffer(image, sync);
    return context_->configure({&buffer, 1});
  }

  /// Returns the handle of a command buffer that contains a run.
  std::uint32_t run_packet(Operation operation, std::uint32_t parameter = 0,
                           std::uint64_t argument = 0) {
    const std::uint32_t words[] = {static_cast<std::uint32_t>(operation), parameter};
    const auto stream =
        device_buffer(std::string(reinterpret_cast<const char*>(words), sizeof words));
    const auto address = static_cast<std::uint32_t>(stream->device_address());
    return packet({1 | 8 << 12, 1, 3, 0, address, 0, 2, static_cast<std::uint32_t>(argument),
                   static_cast<std::uint32_t>(argument >> 32)});
  }

  std::uint32_t chain_packet(const std::vector<std::uint32_t>& runs) {
    const auto n = static_cast<std::uint32_t>(runs.size());
    std::vector<std::uint32_t> words = {1 | (6 + 2 * n) << 12 | 19 << 23, n, 0, 99, 0, 0, 0};
    for (const std::uint32_t run : runs) words.insert(words.end(), {run, 0});
    return packet(words);
  }

  std::uint32_t packet(const std::vector<std::uint32_t>& words) {
    std::uint32_t handle = 0;
    EXPECT_EQ(buffers_.create_shared(Buffer::Type::Command, words.size() * 4, handle), 0);
    std::memcpy(buffers_.find(handle)->host().data(), words.data(), words.size() * 4);
    return handle;
  }

  std::uint64_t submit(std::uint32_t packet) {
    std::uint64_t sequence = ~std::uint64_t{0};
    EXPECT_EQ(context_->submit(buffers_.find(packet), {}, sequence), 0);
    return sequence;
  }

  int wait(std::uint64_t sequence, std::chrono::milliseconds time = 10s) {
    const Timeline::Wait wait{.timeline = context_->timeline(), .point = sequence};
    std::uint32_t first = 0;
    return Timeline::wait({&wait, 1}, true, true, Clock::now() + time, first);
  }

  PacketState state(std::uint32_t packet) {
    auto* header = reinterpret_cast<std::uint32_t*>(buffers_.find(packet)->host().data());
    return static_cast<PacketState>(std::atomic_ref(*header).load() & 0xf);
  }

  PacketState execute(std::uint32_t packet) {
    EXPECT_EQ(wait(submit(packet)), 0);
    return state(packet);
  }

  std::uint32_t error_index(std::uint32_t chain) {
    std::uint32_t index = 0;
    std::memcpy(&index, buffers_.find(chain)->host().data() + 12, 4);
    return index;
  }

  /// Returns the result of Operation::Count.
  std::uint32_t count() {
    std::uint32_t handle = 0;
    EXPECT_EQ(buffers_.create_shared(Buffer::Type::Share, 4, handle), 0);
    const auto buffer = buffers_.find(handle);
    constexpr std::uint64_t kAt = 0x7e0000000000;
    buffer->mapped_at(kAt);
    EXPECT_EQ(execute(run_packet(Operation::Count, 0, kAt)), PacketState::Completed);
    std::uint32_t value = 0;
    std::memcpy(&value, buffer->device().data(), 4);
    buffers_.close(handle);
    return value;
  }

  std::string tree_;
  std::unique_ptr<Device> device_;
  BufferTable buffers_;
  std::unique_ptr<Context> context_;
};

TEST_F(ContextTest, RunsAreExecutedInOrder) {
  ASSERT_EQ(configure(), 0);
  const std::uint32_t packet = run_packet(Operation::Sleep, 1);
  EXPECT_EQ(submit(packet), 0u);
  EXPECT_EQ(submit(run_packet(Operation::Sleep, 1)), 1u);
  EXPECT_EQ(wait(1), 0);
  EXPECT_EQ(state(packet), PacketState::Completed);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(count(), 2u);
  const auto counters = device_->statistics().driver();
  EXPECT_EQ(counters.n_runs, 4u);
  EXPECT_EQ(counters.n_failed_runs, 0u);
}

TEST_F(ContextTest, SubmittingDoesNotWaitForTheRun) {
  ASSERT_EQ(configure(), 0);
  const std::uint32_t packet = run_packet(Operation::Sleep, 100);
  const std::uint64_t sequence = submit(packet);
  EXPECT_EQ(wait(sequence, 1ms), ETIME);
  EXPECT_EQ(state(packet), PacketState::New);
  EXPECT_EQ(wait(sequence), 0);
  EXPECT_EQ(state(packet), PacketState::Completed);
}

TEST_F(ContextTest, AFailedRunIsAnErrorAndTheNextGoesOn) {
  ASSERT_EQ(configure(), 0);
  EXPECT_EQ(execute(run_packet(Operation::Fail)), PacketState::Error);
  EXPECT_EQ(execute(run_packet(Operation::Sleep)), PacketState::Completed);
  EXPECT_EQ(device_->statistics().driver().n_failed_runs, 1u);
}

TEST_F(ContextTest, AChainEndsAtItsFirstError) {
  ASSERT_EQ(configure(), 0);
  const std::uint32_t good =
      chain_packet({run_packet(Operation::Sleep, 1), run_packet(Operation::Sleep, 1)});
  EXPECT_EQ(execute(good), PacketState::Completed);
  EXPECT_EQ(error_index(good), 99u) << "the driver writes it for errors only";
  const std::uint32_t bad =
      chain_packet({run_packet(Operation::Sleep, 1), run_packet(Operation::Sleep, 1),
                    run_packet(Operation::Fail), run_packet(Operation::Sleep, 1)});
  EXPECT_EQ(execute(bad), PacketState::Error);
  EXPECT_EQ(error_index(bad), 2u);
  EXPECT_EQ(device_->statistics().driver().n_runs, 5u) << "the last member was not executed";
}

TEST_F(ContextTest, AMalformedChainExecutesNothing) {
  ASSERT_EQ(configure(), 0);
  const std::uint32_t run = run_packet(Operation::Sleep);
  EXPECT_EQ(execute(chain_packet({run, 12345})), PacketState::Abort);
  EXPECT_EQ(execute(chain_packet({run, chain_packet({run})})), PacketState::Abort);
  // 60 runs of 52 + 28 bytes exceed the driver's buffer for a chain.
  EXPECT_EQ(execute(chain_packet(std::vector<std::uint32_t>(60, run))), PacketState::Abort);
  EXPECT_EQ(execute(chain_packet(std::vector<std::uint32_t>(40, run))), PacketState::Completed);
  EXPECT_EQ(device_->statistics().driver().n_runs, 40u);
}

TEST_F(ContextTest, AForgottenSyncShows) {
  EXPECT_EQ(configure("scripted npu2", false), EINVAL) << "an image that was not synced";
  ASSERT_EQ(configure(), 0);
  const auto stream = device_buffer(std::string("\4\0\0\0\0\0\0\0", 8), false);
  const auto address = static_cast<std::uint32_t>(stream->device_address());
  const std::uint32_t run = packet({1 | 6 << 12, 1, 3, 0, address, 0, 2});
  EXPECT_EQ(execute(run), PacketState::Error) << "instructions that were not synced";
  stream->sync_to_device(0, 8);
  EXPECT_EQ(execute(run), PacketState::Completed);
}

TEST_F(ContextTest, ImagesAreChecked) {
  EXPECT_EQ(configure("something else"), EINVAL);
  EXPECT_EQ(configure("scripted npu1"), EINVAL) << "the device is npu2";
  EXPECT_EQ(execute(run_packet(Operation::Sleep)), PacketState::Error) << "nothing is loaded";
}

TEST_F(ContextTest, InstructionsMustBeInABuffer) {
  ASSERT_EQ(configure(), 0);
  EXPECT_EQ(execute(packet({1 | 6 << 12, 1, 3, 0, 0x7000000, 0, 2})), PacketState::Error);
  EXPECT_EQ(execute(packet({1 | 6 << 12, 4, 3, 0, 0x4000000, 0, 1})), PacketState::Error)
      << "compute unit 2 of 1";
}

TEST_F(ContextTest, ComputeUnitsTakeTurnsInTheArray) {
  const std::vector<std::shared_ptr<Buffer>> images = {device_buffer("scripted npu2"),
                                                       device_buffer("scripted npu2 again")};
  ASSERT_EQ(context_->configure(images), 0);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(count(), 2u);
  // A run of the other unit loads that unit's image, which discards the first image's state.
  const auto stream = device_buffer(std::string("\4\0\0\0\0\0\0\0", 8));
  const auto address = static_cast<std::uint32_t>(stream->device_address());
  EXPECT_EQ(execute(packet({1 | 6 << 12, 2, 3, 0, address, 0, 2})), PacketState::Completed);
  EXPECT_EQ(count(), 1u);
}

TEST_F(ContextTest, TheWatchdogEndsAStuckRun) {
  ASSERT_EQ(configure(), 0);
  EXPECT_EQ(count(), 1u);
  const std::uint32_t stuck = run_packet(Operation::Hang);
  const std::uint32_t behind = run_packet(Operation::Sleep);
  submit(stuck);
  const std::uint64_t last = submit(behind);
  EXPECT_EQ(wait(last, 10ms), ETIME);
  EXPECT_EQ(wait(last), 0);
  EXPECT_EQ(state(stuck), PacketState::Timeout);
  EXPECT_EQ(state(behind), PacketState::Abort);
  EXPECT_EQ(count(), 1u) << "the array was configured again";
}

TEST_F(ContextTest, AStuckChainNamesItsRun) {
  ASSERT_EQ(configure(), 0);
  const std::uint32_t stuck = run_packet(Operation::Hang);
  const std::uint32_t chain = chain_packet({run_packet(Operation::Sleep), stuck});
  EXPECT_EQ(execute(chain), PacketState::Timeout);
  EXPECT_EQ(error_index(chain), 1u);
  EXPECT_EQ(state(stuck), PacketState::Timeout);
}

TEST_F(ContextTest, WithoutAWatchdogItIsStuckUntilTheContextEnds) {
  open_device("", "0");
  ASSERT_EQ(configure(), 0);
  const std::uint32_t stuck = run_packet(Operation::Hang);
  const std::uint32_t behind = run_packet(Operation::Sleep);
  submit(stuck);
  const std::uint64_t last = submit(behind);
  EXPECT_EQ(wait(last, 200ms), ETIME);
  context_->stop();
  EXPECT_EQ(wait(last, 0ms), 0);
  EXPECT_EQ(state(stuck), PacketState::Timeout);
  EXPECT_EQ(state(behind), PacketState::Abort);
}

TEST_F(ContextTest, OnlySoManyCommandsAreOutstanding) {
  open_device("", "0");
  ASSERT_EQ(configure(), 0);
  submit(run_packet(Operation::Hang));
  for (std::size_t i = 1; i < Context::kMaxCommands; ++i) submit(run_packet(Operation::Sleep));
  std::atomic<int> result = -1;
  const std::uint32_t packet = run_packet(Operation::Sleep);
  std::jthread program([&] {
    std::uint64_t sequence = 0;
    result = context_->submit(buffers_.find(packet), {}, sequence);
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(result, -1) << "it waits for room";
  context_->stop();
  program.join();
  EXPECT_EQ(result, ENODEV);
}

TEST_F(ContextTest, FaultsHitTheRunsThatTheyName) {
  open_device("error@2,abort@4,timeout@6", "20");
  ASSERT_EQ(configure(), 0);
  const auto run = [&] { return execute(run_packet(Operation::Sleep)); };
  EXPECT_EQ(run(), PacketState::Completed);
  EXPECT_EQ(run(), PacketState::Error);
  EXPECT_EQ(run(), PacketState::Completed);
  EXPECT_EQ(run(), PacketState::Abort);
  EXPECT_EQ(run(), PacketState::Completed);
  EXPECT_EQ(run(), PacketState::Timeout);
  EXPECT_EQ(run(), PacketState::Completed);
}

TEST_F(ContextTest, AFaultHitsAMemberOfAChain) {
  open_device("abort@2", "20");
  ASSERT_EQ(configure(), 0);
  const std::uint32_t chain = chain_packet(
      {run_packet(Operation::Sleep), run_packet(Operation::Sleep), run_packet(Operation::Sleep)});
  EXPECT_EQ(execute(chain), PacketState::Abort);
  EXPECT_EQ(error_index(chain), 1u);
  EXPECT_EQ(execute(chain), PacketState::Completed);
}

TEST_F(ContextTest, AHangIsNotSeenByTheWatchdog) {
  open_device("hang@1", "20");
  ASSERT_EQ(configure(), 0);
  const std::uint64_t sequence = submit(run_packet(Operation::Sleep));
  EXPECT_EQ(wait(sequence, 200ms), ETIME);
}

TEST_F(ContextTest, AnImageCanFailToLoad) {
  open_device("load@2", "20");
  EXPECT_EQ(configure(), 0);
  context_ = std::make_unique<Context>(*device_, buffers_, 0);
  EXPECT_EQ(configure(), EINVAL);
  context_ = std::make_unique<Context>(*device_, buffers_, 0);
  EXPECT_EQ(configure(), 0);
}

TEST_F(ContextTest, ALostDeviceTakesNoMoreCommands) {
  open_device("lost@2", "20");
  ASSERT_EQ(configure(), 0);
  EXPECT_EQ(execute(run_packet(Operation::Sleep)), PacketState::Completed);
  EXPECT_EQ(execute(run_packet(Operation::Sleep)), PacketState::Abort);
  EXPECT_TRUE(device_->is_lost());
  std::uint64_t sequence = 0;
  EXPECT_EQ(context_->submit(buffers_.find(run_packet(Operation::Sleep)), {}, sequence), ENODEV);
}

TEST_F(ContextTest, MalformedVariablesAreErrors) {
  setenv("NPUWHISPER_EMULATOR_FAULTS", "error@never", 1);
  auto device = Device::open(tree_);
  ASSERT_FALSE(device);
  EXPECT_NE(device.error().message.find("error@never"), std::string::npos);
  setenv("NPUWHISPER_EMULATOR_FAULTS", "", 1);
  setenv("NPUWHISPER_EMULATOR_WATCHDOG_MS", "soon", 1);
  device = Device::open(tree_);
  ASSERT_FALSE(device);
  EXPECT_NE(device.error().message.find("soon"), std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::emu
