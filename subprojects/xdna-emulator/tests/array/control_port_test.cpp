// SPDX-License-Identifier: LGPL-2.1-or-later
#include <bit>

#include <gtest/gtest.h>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kCore{0, 2};
constexpr Port kControl{kCore, PortKind::Control, 0};

enum Operation : std::uint32_t { kWrite = 0, kRead = 1, kReserved = 3 };

/// Returns the first word of a control packet.
std::uint32_t command(Operation operation, std::uint32_t address, std::uint32_t n_words,
                      std::uint32_t answer_id = 0) {
  const std::uint32_t word = address | (n_words - 1) << 20 | operation << 22 | answer_id << 24;
  return word | (std::popcount(word) % 2 == 0 ? 1U << 31 : 0);
}

/// Returns a design whose core waits for a lock and doubles a word of its memory. The shim sends
/// packets with id 1 to the core's control port. The control port's answers have id 2.
Design controlled() {
  Design design;
  design.array = npu1();
  design.n_columns = 1;
  design.locks = {{"go", kCore, 0, 0}, {"done", kCore, 1, 0}};
  design.routes = {{dma(kShim, 0), {kControl}, 1, false}, {kControl, {dma(kShim, 0)}, 2, false}};
  Program program;
  program.acquire(kCore, 0, 2).address(0, kCore, 0x400).constant(1, 4).load(2, 0, 1);
  program.binary(Alu::Add, 2, 2, 2).store(0, 1, 2).release(kCore, 1, 1);
  design.cores = {{kCore, program.end(), 1024, {}}};
  return design;
}

npu::BufferDescriptor packet(std::uint32_t n_words) {
  auto descriptor = linear(n_words);
  descriptor.packet = true;
  descriptor.packet_id = 1;
  return descriptor;
}

TEST(ControlPort, WritesAndReadsRegistersAndMemory) {
  const Design design = controlled();
  auto array = configured(design);
  HostMemory host;
  const std::uint32_t lock = npu::lock_register(npu::TileKind::Core, 0);
  // One packet writes three words of memory and the lock. A second packet reads the result.
  const std::uint64_t commands =
      host.add({command(kWrite, 0x400, 3), 10, 21, 30, command(kWrite, lock, 1), 2,
                command(kRead, 0x400, 4, 2)});
  const std::uint64_t answer = host.add(std::vector<std::uint32_t>(4));
  const std::uint64_t arguments[] = {commands, answer};
  Stream stream(design);
  stream.descriptor(kShim, 0, packet(6), 0).descriptor(kShim, 1, packet(1), 0, 24);
  stream.descriptor(kShim, 2, linear(4), 1);
  stream.push(kShim, false, 0, {2, 0, true}).push(kShim, true, 0, {0, 0, true});
  stream.sync(kShim, true, 0);
  const std::uint32_t done = npu::tile_address(kCore, npu::lock_register(npu::TileKind::Core, 1));
  stream.add(npu::MaskPoll{done, 1, 0x3f});
  stream.push(kShim, true, 0, {1, 0, false}).sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  const std::vector<std::uint32_t> expected{10, 42, 30, 0};
  EXPECT_EQ(host.words(answer), expected);
}

TEST(ControlPort, AnswersEachReadInTurn) {
  const Design design = controlled();
  auto array = configured(design);
  HostMemory host;
  std::vector<std::uint32_t> words;
  for (std::uint32_t i = 0; i < 10; ++i) {
    words.insert(words.end(), {command(kWrite, 0x800 + 4 * i, 1), 100 + i});
  }
  for (std::uint32_t i = 0; i < 10; ++i) words.push_back(command(kRead, 0x800 + 4 * i, 1, 2));
  const auto n_words = static_cast<std::uint32_t>(words.size());
  const std::uint64_t answer = host.add(std::vector<std::uint32_t>(10));
  const std::uint64_t arguments[] = {host.add(words), answer};
  Stream stream(design);
  stream.descriptor(kShim, 0, packet(n_words), 0).descriptor(kShim, 2, linear(10), 1);
  stream.push(kShim, false, 0, {2, 0, true}).push(kShim, true, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
  EXPECT_EQ(host.words(answer), counting(10, 100));
}

std::string fails(std::uint32_t word) {
  const Design design = controlled();
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t arguments[] = {host.add({word, 0})};
  Stream stream(design);
  stream.descriptor(kShim, 0, packet(2), 0).push(kShim, true, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  EXPECT_EQ(outcome.state, RunState::Error);
  return outcome.message;
}

TEST(ControlPort, RefusesWhatIsNoControlPacket) {
  EXPECT_EQ(fails(command(kWrite, 0x400, 1) ^ 1U << 31),
            "control packet to tile (0, 2): wrong parity in 0x80000400, expected an odd one");
  EXPECT_EQ(fails(command(kReserved, 0x400, 1)),
            "control packet to tile (0, 2): operation 3 in 0xc00400, expected a write or a read");
  EXPECT_EQ(fails(command(kWrite, 0x34000, 1)),
            "control packet to tile (0, 2): register 0x34000 of tile (0, 2) (address 0x234000) is "
            "not modelled");
}

}  // namespace
}  // namespace npuwhisper::emu::test
