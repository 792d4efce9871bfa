// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kMem{0, 1};
constexpr npu::TileId kCore{0, 2};
constexpr npu::TileId kNorth{0, 3};

Design empty() {
  Design design;
  design.array = npu1();
  design.n_columns = 1;
  return design;
}

std::string hangs(const Design& design, const Stream& stream, Array::Options options = {}) {
  auto array = configured(design, {}, options);
  HostMemory host;
  const std::uint64_t arguments[] = {host.add(counting(4096))};
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  EXPECT_EQ(outcome.state, RunState::Hung) << outcome.message;
  return outcome.message;
}

TEST(Deadlock, SyncWithoutATask) {
  const Design design = empty();
  EXPECT_EQ(hangs(design, Stream(design).sync(kShim, false, 0)),
            "the array is deadlocked: nothing can move, and the stream waits\n"
            "  the stream is at instruction 0 of 1\n"
            "  it waits for a task-complete token of tile (0, 0) S2MM 0\n"
            "    tile (0, 0) S2MM 0: has no task");
}

TEST(Deadlock, NoOneSends) {
  Design design = empty();
  design.routes = {{dma(kMem, 0), {dma(kShim, 0)}, {}, false}};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0).push(kShim, false, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  EXPECT_EQ(hangs(design, stream),
            "the array is deadlocked: nothing can move, and the stream waits\n"
            "  the stream is at instruction 3 of 4\n"
            "  it waits for a task-complete token of tile (0, 0) S2MM 0\n"
            "    tile (0, 0) S2MM 0: descriptor 0 has 64 of 64 words still to come and waits for "
            "them\n"
            "      tile (0, 1) MM2S 0: has no task");
}

TEST(Deadlock, NoOneReceivesAndTheTokenWasForgotten) {
  Design design = empty();
  design.routes = {{dma(kShim, 0), {dma(kMem, 0)}, {}, false}};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0).push(kShim, true, 0, {0, 0, false});
  stream.push(kShim, true, 0, {0, 0, true}).sync(kShim, true, 0);
  // Eight words are in flight.
  EXPECT_EQ(hangs(design, stream),
            "the array is deadlocked: nothing can move, and the stream waits\n"
            "  the stream is at instruction 4 of 5\n"
            "  it waits for a task-complete token of tile (0, 0) MM2S 0\n"
            "    its task was pushed without a request to issue a token\n"
            "    tile (0, 0) MM2S 0: descriptor 0 (1 task queued behind) has 56 of 64 words left "
            "to send and waits for room\n"
            "      tile (0, 1) S2MM 0: has no task");
}

/// The core needs two full buffers at once, but there is only one.
TEST(Deadlock, AcquiresMoreThanThereIs) {
  Design design = empty();
  design.locks = {{"empty", kCore, 0, 1}, {"full", kCore, 1, 0}, {"out", kCore, 2, 0}};
  design.descriptors = {{kCore, 0, then(locked(linear(16), 0, 1), 0)}};
  auto out = linear(16);
  out.acquire_enable = true;
  out.acquire_lock = 2;
  out.acquire_value = -1;
  design.descriptors.push_back({kCore, 1, out});
  design.channels = {{kCore, false, 0, 0, {{0, 0, false}}}, {kCore, true, 0, 0, {{1, 0, false}}}};
  design.routes = {{dma(kShim, 0), {dma(kCore, 0)}, {}, false},
                   {dma(kCore, 0), {dma(kShim, 0)}, {}, false}};
  Program program;
  program.acquire(kCore, 1, 2).release(kCore, 0, 2).release(kCore, 2, 1);
  design.cores = {{kCore, program.end(), 1024, {}}};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(32), 0).descriptor(kShim, 1, linear(16), 0);
  stream.push(kShim, true, 0, {0, 0, false}).push(kShim, false, 0, {1, 0, true});
  stream.sync(kShim, false, 0);
  EXPECT_EQ(hangs(design, stream),
            "the array is deadlocked: nothing can move, and the stream waits\n"
            "  the stream is at instruction 6 of 7\n"
            "  it waits for a task-complete token of tile (0, 0) S2MM 0\n"
            "    tile (0, 0) S2MM 0: descriptor 1 has 16 of 16 words still to come and waits for "
            "them\n"
            "      tile (0, 2) MM2S 0: descriptor 1 waits for lock 2 'out' of tile (0, 2) (value "
            "0) to be at least 1\n"
            "        core of tile (0, 2), line 1, waits for lock 1 'full' of tile (0, 2) (value 1) "
            "to be at least 2\n"
            "          tile (0, 2) S2MM 0: descriptor 0 waits for lock 0 'empty' of tile (0, 2) "
            "(value 0) to be at least 1\n"
            "            core of tile (0, 2): see above\n"
            "  also waiting:\n"
            "    tile (0, 0) MM2S 0: descriptor 0 has 8 of 32 words left to send and waits for "
            "room\n"
            "      tile (0, 2) S2MM 0: see above");
}

TEST(Deadlock, LockThatNoOneReleases) {
  Design design = empty();
  design.locks = {{"never", kCore, 7, 2}};
  design.cores = {
      {kCore, Program().acquire(kCore, 7, 1, LockAction::AcquireEqual).end(), 1024, {}}};
  const std::string message = hangs(design, Stream(design).sync(kShim, false, 0));
  EXPECT_NE(message.find("  also waiting:\n"
                         "    core of tile (0, 2), line 1, waits for lock 7 'never' of tile (0, 2) "
                         "(value 2) to be equal to 1\n"
                         "      no core and no task releases it"),
            std::string::npos)
      << message;
}

/// Each of two cores waits for a word from the other core.
TEST(Deadlock, CoresThatWaitForEachOther) {
  Design design = empty();
  design.routes = {{core_port(kCore, 0), {core_port(kNorth, 0)}, {}, false},
                   {core_port(kNorth, 0), {core_port(kCore, 0)}, {}, false}};
  Program program;
  program.constant(0, 0).add({.op = CoreOp::GetStream, .result = 1, .b = 0});
  program.add({.op = CoreOp::PutStream, .a = 1, .b = 0});
  design.cores = {{kCore, program.end(), 1024, {}}};
  design.cores.push_back(design.cores[0]);
  design.cores[1].tile = kNorth;
  const std::string message = hangs(design, Stream(design).sync(kShim, false, 0));
  EXPECT_NE(message.find("    core of tile (0, 2), line 2, waits for a word at tile (0, 2) core "
                         "port 0\n"
                         "      core of tile (0, 3), line 2, waits for a word at tile (0, 3) core "
                         "port 0\n"
                         "        core of tile (0, 2): see above"),
            std::string::npos)
      << message;
}

/// A core writes to a stream from which no other core reads.
TEST(Deadlock, StreamThatIsFull) {
  Design design = empty();
  design.routes = {{core_port(kCore, 0), {core_port(kNorth, 0)}, {}, false}};
  Program program;
  program.constant(0, 0).loop(
      1, 100, 2, [](Program& body) { body.add({.op = CoreOp::PutStream, .a = 1, .b = 0}); });
  design.cores = {{kCore, program.end(), 1024, {}}};
  const std::string message = hangs(design, Stream(design).sync(kShim, false, 0));
  EXPECT_NE(
      message.find("waits for room in the stream from tile (0, 2) core port 0\n"
                   "      tile (0, 3) core port 0 is full (8 words that have not been taken)\n"
                   "        tile (0, 3) has no program"),
      std::string::npos)
      << message;
}

/// One shim channel sends two packets. The receiver of the first packet takes one word and then
/// waits for the second packet. The stream's capacity therefore decides whether the run completes.
/// mlir-aie measured a capacity of eight words on npu2 (docs/DeadlockModel.md, head of line).
TEST(Deadlock, StreamHoldsEightWordsBeforeItsReceiver) {
  for (const std::uint32_t n : {9U, 10U}) {
    Design design = empty();
    design.array = *npu::find_array("npu2");
    design.locks = {{"free", kCore, 0, 1}};
    auto one = linear(1);
    one.acquire_enable = true;
    one.acquire_lock = 0;
    one.acquire_value = -1;
    auto second = linear(4, 0x100);
    second.release_lock = 0;
    second.release_value = 20;
    design.descriptors = {{kCore, 0, then(one, 0)}, {kCore, 1, second}};
    design.channels = {{kCore, false, 0, 0, {{0, 0, false}}}};
    design.routes = {{dma(kShim, 0), {dma(kCore, 0)}, 0, false},
                     {dma(kShim, 0), {dma(kCore, 1)}, 1, false}};
    Stream stream(design);
    auto packet = linear(n);
    packet.packet = true;
    stream.descriptor(kShim, 0, packet, 0);
    packet.length = 4;
    packet.packet_id = 1;
    stream.descriptor(kShim, 1, packet, 0);
    stream.push(kCore, false, 1, {1, 0, true});
    stream.push(kShim, true, 0, {0, 0, false}).push(kShim, true, 0, {1, 0, false});
    stream.sync(kCore, false, 1);
    if (n == 9) {
      auto array = configured(design);
      HostMemory host;
      const std::uint64_t arguments[] = {host.add(counting(16))};
      EXPECT_EQ(array->run(stream.words(), arguments, host).state, RunState::Completed);
    } else {
      EXPECT_NE(hangs(design, stream).find("has 1 of 10 words left to send and waits for room"),
                std::string::npos);
    }
  }
}

/// A core runs an endless loop.
TEST(Deadlock, AnArrayThatNeverBecomesIdle) {
  Design design = empty();
  Program program;
  program.forever([](Program&) {});
  design.cores = {{kCore, program.end(), 1024, {}}};
  const std::string message =
      hangs(design, Stream(design).sync(kShim, false, 0), {.max_instructions = 1'000'000});
  EXPECT_EQ(message,
            "the stream waits while the array keeps moving without end\n"
            "  the stream is at instruction 0 of 1\n"
            "  it waits for a task-complete token of tile (0, 0) S2MM 0\n"
            "    tile (0, 0) S2MM 0: has no task\n"
            "  also waiting:\n"
            "    core of tile (0, 2), line 1, is running");
}

TEST(Deadlock, PollForAValueThatNeverAppears) {
  Design design = empty();
  design.locks = {{"l", kCore, 0, 1}};
  const std::uint32_t lock = npu::tile_address(kCore, npu::lock_register(npu::TileKind::Core, 0));
  EXPECT_EQ(hangs(design, Stream(design).add(npu::MaskPoll{lock, 2, 0x3f})),
            "the array is deadlocked: nothing can move, and the stream waits\n"
            "  the stream is at instruction 0 of 1 and polls register 0x21f000 for 0x2 under mask "
            "0x3f");
}

/// One of two receivers of a broadcast never takes a word. The other receiver gets only the words
/// that the switches can hold.
TEST(Deadlock, BroadcastWaitsForTheSlowest) {
  Design design = empty();
  design.routes = {{dma(kMem, 0), {dma(kShim, 0), dma(kShim, 1)}, {}, false}};
  design.descriptors = {{kMem, 0, linear(64, 0x80000)}};
  design.channels = {{kMem, true, 0, 0, {{0, 0, false}}}};
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0).push(kShim, false, 0, {0, 0, true});
  stream.sync(kShim, false, 0);
  const std::string message = hangs(design, stream);
  EXPECT_NE(message.find("tile (0, 0) S2MM 0: descriptor 0 has 56 of 64 words still to come and "
                         "waits for them\n"
                         "      tile (0, 1) MM2S 0: descriptor 0 has 56 of 64 words left to send "
                         "and waits for room\n"
                         "        tile (0, 0) S2MM 1: has no task"),
            std::string::npos)
      << message;
}

}  // namespace
}  // namespace npuwhisper::emu::test
