// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/array.h"

#include <gtest/gtest.h>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kCore{0, 2};

// Locks of the core tile, for its input and output buffers.
constexpr std::uint32_t kInEmpty = 0;
constexpr std::uint32_t kInFull = 1;
constexpr std::uint32_t kOutEmpty = 2;
constexpr std::uint32_t kOutFull = 3;
constexpr std::uint32_t kBlock = 64;
constexpr std::uint32_t kIn = 0x1000;
constexpr std::uint32_t kOut = 0x2000;

/// Returns a design in which the shim sends blocks of 64 words to a core. The core adds one to each
/// word and sends the words back.
Design add_one() {
  Design design;
  design.name = "add_one";
  design.array = npu1();
  design.n_columns = 1;
  design.locks = {{"in_empty", kCore, 0, 1},
                  {"in_full", kCore, 1, 0},
                  {"out_empty", kCore, 2, 1},
                  {"out_full", kCore, 3, 0}};
  design.descriptors = {{kCore, 0, then(locked(linear(kBlock, kIn), kInEmpty, kInFull), 0)},
                        {kCore, 1, then(locked(linear(kBlock, kOut), kOutFull, kOutEmpty), 1)}};
  design.channels = {{kCore, false, 0, 0, {{0, 0, false}}}, {kCore, true, 0, 0, {{1, 0, false}}}};
  design.routes = {{dma(kShim, 0), {dma(kCore, 0)}, {}, false},
                   {dma(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.forever([](Program& p) {
    p.acquire(kCore, kInFull, 1).acquire(kCore, kOutEmpty, 1);
    p.address(0, kCore, kIn).address(1, kCore, kOut).constant(2, 4).constant(3, 1);
    p.loop(4, kBlock, 5, [](Program& body) {
      body.binary(Alu::Mul, 7, 4, 2, ScalarType::Index).load(8, 0, 7);
      body.binary(Alu::Add, 8, 8, 3).store(1, 7, 8);
    });
    p.release(kCore, kInEmpty, 1).release(kCore, kOutFull, 1);
  });
  design.cores = {{kCore, program.end(), 1024, {}}};
  return design;
}

std::vector<std::uint32_t> add_one_stream(const Design& design, std::uint32_t n_words) {
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(n_words), 0).descriptor(kShim, 1, linear(n_words), 1);
  stream.push(kShim, false, 0, {1, 0, true}).push(kShim, true, 0, {0, 0, false});
  return stream.sync(kShim, false, 0).words();
}

TEST(Array, RunsACoreBetweenTwoShimTransfers) {
  const Design design = add_one();
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t in = host.add(counting(256));
  const std::uint64_t out = host.add(std::vector<std::uint32_t>(256));
  const std::uint64_t arguments[] = {in, out};
  const RunOutcome outcome = array->run(add_one_stream(design, 256), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(out), counting(256, 2));
  EXPECT_EQ(host.words(in), counting(256));

  const Counters& counters = array->counters();
  EXPECT_EQ(counters.n_runs, 1U);
  EXPECT_EQ(counters.n_instructions, 7U);
  EXPECT_EQ(counters.n_syncs, 1U);
  EXPECT_EQ(counters.bytes_from_host, 1024U);
  EXPECT_EQ(counters.bytes_to_host, 1024U);
  // The shim executes two descriptors, and the core's DMA four in each direction.
  EXPECT_EQ(counters.n_descriptors, 10U);
  EXPECT_GT(counters.core_busy_cycles, 256U * 4);
  EXPECT_GT(counters.core_stall_cycles, 0U);
  EXPECT_DOUBLE_EQ(counters.seconds, outcome.seconds);
}

TEST(Array, APolledQueueNeverOverflows) {
  // Pushes twenty tasks to a queue of four. Before each push, the stream polls until bit 22 of the
  // channel's status is 0. Bit 22 is 1 while four tasks wait in the queue.
  const Design design = add_one();
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t out = host.add(std::vector<std::uint32_t>(20 * 64));
  const std::uint64_t arguments[] = {host.add(counting(20 * 64)), out};
  Stream stream(design);
  stream.descriptor(kShim, 15, linear(20 * 64), 1).push(kShim, false, 0, {15, 0, true});
  auto block = linear(64);
  block.iteration_wrap = 20;
  block.iteration_step = 64;
  stream.descriptor(kShim, 1, block, 0);
  for (int i = 0; i < 20; ++i) {
    stream.add(npu::MaskPoll{npu::tile_address(kShim, 0x1d228), 0, 1U << 22});
    stream.push(kShim, true, 0, {1, 0, false});
  }
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(out), counting(20 * 64, 2));
}

TEST(Array, AResetDropsTheTasksOfAChannel) {
  // Three tasks wait for a lock until the reset drops them. Only the words of the fourth task
  // arrive.
  Design design;
  design.array = npu1();
  design.n_columns = 1;
  design.locks = {{"go", kCore, 0, 0}};
  auto sent = linear(8, 0x100);
  sent.acquire_enable = true;
  sent.acquire_lock = 0;
  sent.acquire_value = -1;
  Buffer buffer{"data", kCore, 0x100, 64, {}};
  const auto data = counting(16);
  const auto bytes = std::as_bytes(std::span(data));
  buffer.initial.assign(bytes.begin(), bytes.end());
  design.buffers = {buffer};
  design.descriptors = {{kCore, 0, sent}, {kCore, 1, linear(8, 0x120)}};
  design.routes = {{dma(kCore, 0), {dma(kShim, 0)}, {}, false}};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t out = host.add(std::vector<std::uint32_t>(8));
  const std::uint64_t arguments[] = {out};
  const std::uint32_t control =
      npu::tile_address(kCore, npu::channel_control_register(npu::TileKind::Core, true, 0));
  Stream stream(design);
  for (int i = 0; i < 3; ++i) stream.push(kCore, true, 0, {0, 0, false});
  stream.add(npu::MaskWrite{control, 2, 2}).add(npu::MaskWrite{control, 0, 2});
  stream.push(kCore, true, 0, {1, 0, false});
  stream.write(npu::tile_address(kCore, npu::lock_register(npu::TileKind::Core, 0)), 1);
  stream.descriptor(kShim, 0, linear(8), 0).push(kShim, false, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(out), counting(8, 9));
}

TEST(Array, KeepsItsStateFromRunToRun) {
  const Design design = add_one();
  auto array = configured(design);
  HostMemory host;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::uint64_t in = host.add(counting(128, 1000 * i));
    const std::uint64_t out = host.add(std::vector<std::uint32_t>(128));
    const std::uint64_t arguments[] = {in, out};
    const RunOutcome outcome = array->run(add_one_stream(design, 128), arguments, host);
    ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
    EXPECT_EQ(host.words(out), counting(128, 1000 * i + 1));
  }
  EXPECT_EQ(array->counters().n_runs, 3U);
}

TEST(Array, TakesTheSameTimeEachTime) {
  double seconds[2] = {};
  for (double& time : seconds) {
    const Design design = add_one();
    auto array = configured(design);
    HostMemory host;
    const std::uint64_t arguments[] = {host.add(counting(256)),
                                       host.add(std::vector<std::uint32_t>(256))};
    time = array->run(add_one_stream(design, 256), arguments, host).seconds;
  }
  EXPECT_EQ(seconds[0], seconds[1]);
  EXPECT_GT(seconds[0], npu::kDispatchSeconds);
}

}  // namespace
}  // namespace npuwhisper::emu::test
