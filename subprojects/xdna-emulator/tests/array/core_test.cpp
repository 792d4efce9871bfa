// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kSouth{0, 2};
constexpr npu::TileId kCore{0, 3};

Design empty() {
  Design design;
  design.array = npu1();
  design.n_columns = 2;
  return design;
}

/// Sends `in` through shim MM2S 0 and returns the same number of words received through S2MM 0.
std::vector<std::uint32_t> pass(const Design& design, const std::vector<std::uint32_t>& in) {
  auto array = configured(design);
  HostMemory host;
  const auto n = static_cast<std::uint32_t>(in.size());
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(n));
  const std::uint64_t arguments[] = {host.add(in), to};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(n), 0).descriptor(kShim, 1, linear(n), 1);
  stream.push(kShim, true, 0, {0, 0, false}).push(kShim, false, 0, {1, 0, true});
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  EXPECT_EQ(outcome.state, RunState::Completed) << outcome.message;
  return host.words(to);
}

TEST(Core, ReadsAndWritesStreams) {
  Design design = empty();
  design.routes = {{dma(kShim, 0), {core_port(kCore, 0)}, {}, false},
                   {core_port(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.forever([](Program& p) {
    p.constant(0, 0).constant(1, 3).add({.op = CoreOp::GetStream, .result = 2, .b = 0});
    p.binary(Alu::Mul, 2, 2, 1).add({.op = CoreOp::PutStream, .a = 2, .b = 0});
  });
  design.cores = {{kCore, program.end(), 1024, {}}};
  auto expected = counting(100);
  for (auto& word : expected) word *= 3;
  EXPECT_EQ(pass(design, counting(100)), expected);
}

TEST(Core, HandsValuesOnByCascade) {
  Design design = empty();
  const npu::TileId next{1, 3};
  design.routes = {{dma(kShim, 0), {core_port(kCore, 0)}, {}, false},
                   {{kCore, PortKind::Cascade, 0}, {{next, PortKind::Cascade, 0}}, {}, false},
                   {core_port(next, 1), {dma(kShim, 0)}, {}, false}};
  Program first;
  first.forever([](Program& p) {
    p.constant(0, 0).add({.op = CoreOp::GetStream, .result = 1, .b = 0});
    p.add({.op = CoreOp::PutCascade, .a = 1});
  });
  Program second;
  second.forever([](Program& p) {
    p.constant(0, 1).add({.op = CoreOp::GetCascade, .result = 1});
    p.binary(Alu::Add, 1, 1, 0).add({.op = CoreOp::PutStream, .a = 1, .b = 0});
  });
  design.cores = {{kCore, first.end(), 1024, {}}, {next, second.end(), 1024, {}}};
  EXPECT_EQ(pass(design, counting(50)), counting(50, 2));
}

/// A core writes into its southern neighbour's memory and releases one of the neighbour's locks.
/// The neighbour's DMA forwards the data.
TEST(Core, SharesItsNeighboursMemoryAndLocks) {
  Design design = empty();
  design.locks = {{"empty", kSouth, 0, 1}, {"full", kSouth, 1, 0}};
  design.descriptors = {{kSouth, 0, then(locked(linear(4, 0x800), 1, 0), 0)}};
  design.channels = {{kSouth, true, 0, 0, {{0, 0, false}}}};
  design.routes = {{dma(kShim, 0), {core_port(kCore, 1)}, {}, false},
                   {dma(kSouth, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.forever([](Program& p) {
    p.acquire(kSouth, 0, 1).address(0, kSouth, 0x800).constant(3, 1);
    p.loop(4, 4, 5, [](Program& body) {
      body.add({.op = CoreOp::GetStream, .result = 1, .b = 3});
      body.constant(7, 4).binary(Alu::Mul, 2, 4, 7, ScalarType::Index).store(0, 2, 1);
    });
    p.release(kSouth, 1, 1);
  });
  design.cores = {{kCore, program.end(), 1024, {}}};
  EXPECT_EQ(pass(design, counting(64)), counting(64));
}

TEST(Core, MemoryHoldsEveryType) {
  Design design = empty();
  Buffer buffer{"data", kCore, 0x10, 4, {}};
  buffer.initial = {std::byte{0x80}, std::byte{0xff}, std::byte{0xc0}, std::byte{0x3f}};
  design.buffers = {buffer};
  design.routes = {{dma(kShim, 0), {core_port(kCore, 0)}, {}, false},
                   {core_port(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.address(0, kCore, 0x10).constant(1, 0).constant(2, 2);
  for (const auto& [type, offset] : {std::pair{ScalarType::I8, 1},
                                     {ScalarType::I16, 1},
                                     {ScalarType::Bf16, 2},
                                     {ScalarType::I32, 1}}) {
    program.load(3, 0, offset, type).add({.op = CoreOp::PutStream, .a = 3, .b = 1});
  }
  design.cores = {{kCore, program.end(), 1024, {}}};
  const std::vector<std::uint32_t> expected{0xffffff80, 0xffffff80, 0x3fc0, 0x3fc0ff80};
  EXPECT_EQ(pass(design, counting(4)), expected);
}

TEST(Core, TakesALockAmountFromARegister) {
  Design design = empty();
  design.locks = {{"go", kCore, 3, 5}};
  design.routes = {{core_port(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.constant(0, 5).constant(1, 0).add({.op = CoreOp::UseLock,
                                             .a = 0,
                                             .lock_tile = kCore,
                                             .lock = 3,
                                             .lock_action = LockAction::AcquireAtLeast});
  // The lock's value is 0 after the first acquire, so the second acquire never succeeds.
  program.acquire(kCore, 3, 1).add({.op = CoreOp::PutStream, .a = 0, .b = 1});
  design.cores = {{kCore, program.end(), 1024, {}}};
  auto array = configured(design);
  HostMemory host;
  const RunOutcome outcome = array->run(Stream(design).sync(kShim, false, 0).words(), {}, host);
  EXPECT_EQ(outcome.state, RunState::Hung);
  EXPECT_NE(outcome.message.find("lock 3 'go' of tile (0, 3) (value 0) to be at least 1"),
            std::string::npos)
      << outcome.message;
}

/// A core sends the number of its runs and ends. A reset and an enable make it run once more.
TEST(Core, RunsAgainAfterAReset) {
  constexpr std::uint32_t kControl = 0x32000;
  Design design = empty();
  design.routes = {{core_port(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.address(0, kCore, 0x400).constant(1, 0).constant(2, 1).load(3, 0, 1);
  program.binary(Alu::Add, 3, 3, 2).store(0, 1, 3);
  program.add({.op = CoreOp::PutStream, .a = 3, .b = 1});
  design.cores = {{kCore, program.end(), 1024, {}}};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t to = host.add({0, 0});
  const std::uint64_t arguments[] = {to};
  const std::uint32_t control = npu::tile_address(kCore, kControl);
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(1), 0).descriptor(kShim, 1, linear(1), 0, 4);
  stream.push(kShim, false, 0, {0, 0, true}).sync(kShim, false, 0);
  stream.add(npu::MaskPoll{control, 0, 1});   // Wait until the program has ended.
  stream.add(npu::MaskWrite{control, 1, 1});  // An enable alone has no effect.
  stream.add(npu::MaskWrite{control, 0, 1});
  stream.add(npu::MaskWrite{control, 2, 2}).add(npu::MaskWrite{control, 0, 2});
  stream.add(npu::MaskWrite{control, 1, 1});
  stream.push(kShim, false, 0, {1, 0, true}).sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(to), counting(2));
}

TEST(Core, AnInstructionStreamSetsItsMemoryAndLocks) {
  Design design = empty();
  design.locks = {{"go", kCore, 3, 0}};
  design.routes = {{core_port(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.acquire(kCore, 3, 1).address(0, kCore, 0x400).constant(1, 0).load(2, 0, 1);
  program.add({.op = CoreOp::PutStream, .a = 2, .b = 1});
  design.cores = {{kCore, program.end(), 1024, {}}};
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t to = host.add({0});
  const std::uint64_t arguments[] = {to};
  Stream stream(design);
  stream.write(npu::tile_address(kCore, 0x400), 0x1234);
  stream.add(npu::MaskWrite{npu::tile_address(kCore, 0x400), 0xff00, 0x0f00});
  stream.write(npu::tile_address(kCore, npu::lock_register(npu::TileKind::Core, 3)), 1);
  stream.descriptor(kShim, 0, linear(1), 0).push(kShim, false, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  stream.add(npu::MaskPoll{npu::tile_address(kCore, 0x400), 0x1f34, 0xffff});
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(to)[0], 0x1f34U);
}

}  // namespace
}  // namespace npuwhisper::emu::test
