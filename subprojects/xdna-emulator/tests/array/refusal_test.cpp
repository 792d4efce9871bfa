// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "hand_built.h"

// This file has one test for each condition that traps on silicon or that the emulated array does
// not model. The text of the message is part of the contract.
namespace npuwhisper::emu::test {
namespace {

constexpr npu::TileId kShim{0, 0};
constexpr npu::TileId kMem{0, 1};
constexpr npu::TileId kCore{0, 2};
constexpr std::uint64_t kOwn = 0x80000;
constexpr std::uint64_t kEast = 0x100000;

Design empty() {
  Design design;
  design.name = "refusals";
  design.array = npu1();
  design.n_columns = 2;
  design.routes = {{dma(kShim, 0), {dma(kShim, 0)}, {}, false},
                   {dma(kMem, 0), {dma(kMem, 0)}, {}, false},
                   {dma(kMem, 4), {dma(kMem, 4)}, {}, false},
                   {dma(kCore, 0), {dma(kCore, 0)}, {}, false}};
  return design;
}

/// Returns the message with which the design's configuration is refused.
std::string not_configured(const Design& design) {
  auto array = Array::create(design, {});
  EXPECT_FALSE(array);
  return array ? "" : array.error().message;
}

/// Returns the message with which the stream fails. Argument 0 is a host buffer of 64 words.
std::string fails(const Design& design, const Stream& stream) {
  auto array = configured(design);
  HostMemory host;
  const std::uint64_t arguments[] = {host.add(counting(64))};
  const RunOutcome outcome = array->run(stream.words(), arguments, host);
  EXPECT_EQ(outcome.state, RunState::Error) << outcome.message;
  // Every further run fails, too, until a new context is created.
  EXPECT_EQ(array->run(Stream(design).words(), arguments, host).message,
            "an earlier run failed, and no new context was created: " + outcome.message);
  return outcome.message;
}

/// Returns the message with which a task of one descriptor fails. The stream waits for the task.
std::string task_fails(Design design, npu::TileId tile, bool mm2s, int channel, int id,
                       const npu::BufferDescriptor& descriptor) {
  design.descriptors.push_back({tile, id, descriptor});
  Stream stream(design);
  stream.push(tile, mm2s, channel, {id, 0, true}).sync(tile, mm2s, channel);
  return fails(design, stream);
}

TEST(Refusal, DescriptorNotValid) {
  auto descriptor = linear(4, 0);
  descriptor.valid = false;
  EXPECT_EQ(task_fails(empty(), kCore, true, 0, 3, descriptor),
            "tile (0, 2) MM2S 0: descriptor 3 of tile (0, 2) is started but not valid (its valid "
            "bit is 0)");
}

TEST(Refusal, DescriptorNeverWritten) {
  const Design design = empty();
  Stream stream(design);
  stream.push(kShim, true, 1, {5, 0, true}).sync(kShim, true, 1);
  EXPECT_EQ(fails(design, stream),
            "tile (0, 0) MM2S 1: descriptor 5 of tile (0, 0) is started but was never written");
}

TEST(Refusal, DescriptorWithoutLength) {
  EXPECT_EQ(task_fails(empty(), kCore, true, 0, 0, linear(0)),
            "tile (0, 2) MM2S 0, descriptor 0: its length is 0");
}

TEST(Refusal, DescriptorOfTheOtherParity) {
  EXPECT_EQ(task_fails(empty(), kMem, true, 0, 24, linear(4, kOwn)),
            "tile (0, 1) MM2S 0, descriptor 24: even channels reach descriptors 0 to 23, odd ones "
            "24 to 47");
}

TEST(Refusal, TileMemoryExceeded) {
  EXPECT_EQ(task_fails(empty(), kCore, true, 0, 0, linear(64, 0xff80)),
            "tile (0, 2) MM2S 0, descriptor 0: bytes 0xff80 to 0x10080 of tile (0, 2) are outside "
            "its memory of 0x10000 bytes");
  auto strided = linear(4, kOwn);
  strided.dims[0] = {2, 1, 0, 0};
  strided.dims[1].step = 0x1ffff;
  EXPECT_EQ(task_fails(empty(), kMem, true, 0, 0, strided),
            "tile (0, 1) MM2S 0, descriptor 0: bytes 0x0 to 0x80004 of tile (0, 1) are outside its "
            "memory of 0x80000 bytes");
}

TEST(Refusal, NeighbourThatIsNotThere) {
  Design design = empty();
  const npu::TileId last{1, 1};
  design.routes.push_back({dma(last, 0), {dma(last, 0)}, {}, false});
  EXPECT_EQ(task_fails(design, last, true, 0, 0, linear(4, kEast + 0x100)),
            "tile (1, 1) MM2S 0, descriptor 0: address 0x100100 lies in a neighbouring tile that "
            "does not exist");
  // npu1 has another tile west of its first column; npu2 has none.
  design = empty();
  design.array = *npu::find_array("npu2");
  EXPECT_EQ(task_fails(design, kMem, true, 0, 0, linear(4, 0x100)),
            "tile (0, 1) MM2S 0, descriptor 0: address 0x100 lies in a neighbouring tile that does "
            "not exist");
}

TEST(Refusal, NeighbourFromChannelFour) {
  EXPECT_EQ(task_fails(empty(), kMem, true, 4, 0, linear(4, kEast)),
            "tile (0, 1) MM2S 4, descriptor 0: address 0x100000 lies in neighbour tile (1, 1): "
            "only channels 0 to 3 reach it");
}

TEST(Refusal, HostAddressOutOfItsBuffer) {
  const Design design = empty();
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0, 4).push(kShim, true, 0, {0, 0, true});
  stream.sync(kShim, true, 0);
  EXPECT_EQ(fails(design, stream),
            "tile (0, 0) MM2S 0, descriptor 0: host addresses 0x400000000004 to 0x400000000104 "
            "are not within one buffer of the context");
}

TEST(Refusal, LockNeverInitialised) {
  EXPECT_EQ(task_fails(empty(), kCore, true, 0, 0, locked(linear(4), 3, 4)),
            "tile (0, 2) MM2S 0, descriptor 0: lock 3 of tile (0, 2) is used but was never "
            "initialised");
}

TEST(Refusal, LockOverflow) {
  Design design = empty();
  design.locks = {{"full", kCore, 5, 63}};
  auto descriptor = linear(4);
  descriptor.release_lock = 5;
  descriptor.release_value = 1;
  design.descriptors = {{kCore, 1, linear(4, 0x100)}};
  design.channels = {{kCore, false, 0, 0, {{1, 0, false}}}};
  EXPECT_EQ(task_fails(design, kCore, true, 0, 0, descriptor),
            "tile (0, 2) MM2S 0, descriptor 0: release of 1 overflows lock 5 'full' of tile (0, "
            "2) (value 63): a lock holds 0 to 63");
}

TEST(Refusal, TaskQueueOverflow) {
  const Design design = empty();
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0);
  // Nothing receives the channel's data: one task runs and four wait.
  for (int i = 0; i < 6; ++i) stream.push(kShim, true, 0, {0, 0, false});
  EXPECT_EQ(fails(design, stream),
            "instruction 7 (write): tile (0, 0) MM2S 0: task queue overflow: 4 tasks wait behind "
            "the one that runs, and a further one (descriptor 0) is pushed");
}

TEST(Refusal, DescriptorRewrittenWhileATaskWaitsForIt) {
  const Design design = empty();
  Stream stream(design);
  stream.descriptor(kShim, 0, linear(64), 0).push(kShim, true, 0, {0, 0, false});
  // The running task read its descriptor when it began, so the descriptor may be rewritten.
  stream.descriptor(kShim, 0, linear(32), 0).push(kShim, true, 0, {0, 0, false});
  stream.descriptor(kShim, 0, linear(16), 0);
  EXPECT_EQ(fails(design, stream),
            "instruction 6 (block write): descriptor 0 of tile (0, 0) is written while a task of "
            "tile (0, 0) MM2S 0 still needs it: wait for the task first");
}

TEST(Refusal, PaddingOnTheWayIn) {
  auto descriptor = linear(4, kOwn);
  descriptor.dims[0] = {2, 1, 1, 1};
  EXPECT_EQ(task_fails(empty(), kMem, false, 0, 0, descriptor),
            "tile (0, 1) S2MM 0, descriptor 0: padding is for MM2S channels only");
}

TEST(Refusal, PacketsThatNoStreamTakes) {
  Design design = empty();
  design.routes = {{dma(kCore, 0), {dma(kMem, 0)}, 1, false}};
  auto descriptor = linear(4);
  descriptor.packet = true;
  descriptor.packet_id = 2;
  EXPECT_EQ(task_fails(design, kCore, true, 0, 0, descriptor),
            "tile (0, 2) MM2S 0, descriptor 0: tile (0, 2) DMA channel 0 sends a packet with id "
            "2, but no stream accepts them");
  EXPECT_EQ(task_fails(design, kCore, true, 0, 0, linear(4)),
            "tile (0, 2) MM2S 0, descriptor 0: tile (0, 2) DMA channel 0 sends a packet with id "
            "0, but no stream accepts them (the descriptor adds no header, so the first word of "
            "its data is the header)");
}

TEST(Refusal, PacketWithoutEnd) {
  auto descriptor = linear(4);
  descriptor.packet = true;
  descriptor.suppress_tlast = true;
  EXPECT_EQ(
      task_fails(empty(), kCore, true, 0, 0, descriptor),
      "tile (0, 2) MM2S 0, descriptor 0: a packet without TLAST (suppress_tlast) is not modelled");
  // The header is in the data.
  Design design = empty();
  design.routes = {{dma(kCore, 0), {dma(kMem, 0)}, 1, false}};
  descriptor.packet = false;
  EXPECT_EQ(
      task_fails(design, kCore, true, 0, 0, descriptor),
      "tile (0, 2) MM2S 0, descriptor 0: a packet without TLAST (suppress_tlast) is not modelled");
}

TEST(Refusal, RegistersThatAreNotModelled) {
  const Design design = empty();
  const auto write = [&](npu::TileId tile, std::uint32_t offset, std::uint32_t value) {
    return fails(design, Stream(design).write(npu::tile_address(tile, offset), value));
  };
  EXPECT_EQ(write(kCore, 0x34000, 1),
            "instruction 0 (write): register 0x34000 of tile (0, 2) (address 0x234000) is not "
            "modelled");
  EXPECT_EQ(write(kCore, 0x32000, 1),
            "instruction 0 (write): tile (0, 2) has no core that runs a program");
  EXPECT_EQ(write(kShim, 0x0, 1),
            "instruction 0 (write): register 0x0 of tile (0, 0) (address 0x0) is not modelled");
  EXPECT_EQ(write({3, 2}, 0, 1),
            "instruction 0 (write): address 0x6200000 is of tile (3, 2), which the design does "
            "not have (2 columns, 6 rows)");
  EXPECT_EQ(write(kCore, 0x1de00, 8),
            "instruction 0 (write): value 0x8 for the control of tile (0, 2) S2MM 0 is not "
            "modelled (reset and the controller's id are)");
  EXPECT_EQ(write(kCore, 0x1df00, 8),
            "instruction 0 (write): register 0x21df00 is a channel's status: it is read only");
  EXPECT_EQ(write(kCore, 0x1f000, 64),
            "instruction 0 (write): lock 0 of tile (0, 2) cannot be set to 64: a lock holds 0 to "
            "63");
  EXPECT_EQ(write(kCore, 0x1002, 64),
            "instruction 0 (write): address 0x201002 is not a multiple of 4");
}

TEST(Refusal, PatchesOfWhatIsNoAddress) {
  const Design design = empty();
  const auto patch = [&](std::uint32_t offset, int argument, std::uint64_t plus) {
    return fails(design, Stream(design).add(
                             npu::PatchAddress{npu::tile_address(kShim, offset), argument, plus}));
  };
  EXPECT_EQ(patch(0x1d008, 0, 0),
            "instruction 0 (address patch): address 0x1d008 is not the second word of a shim's "
            "descriptor");
  EXPECT_EQ(patch(0x1d004, 1, 0),
            "instruction 0 (address patch): it names argument 1, and the run has 1");
  EXPECT_EQ(patch(0x1d004, 0, 2),
            "instruction 0 (address patch): host address 0x400000000002 for descriptor 0 of tile "
            "(0, 0): expected a multiple of 4 below 2^48");
}

TEST(Refusal, AnotherConfiguration) {
  const Design design = empty();
  EXPECT_EQ(fails(design, Stream(design).add(npu::LoadPdi{.id = 1})),
            "instruction 0 (load PDI): loading another configuration is not modelled");
}

TEST(Refusal, SyncOfAChannelThatIsNotThere) {
  const Design design = empty();
  EXPECT_EQ(fails(design, Stream(design).sync(kShim, false, 2)),
            "instruction 0 (sync): the design has no tile (0, 0) S2MM 2");
  EXPECT_EQ(fails(design, Stream(design).sync(kShim, false, 0, 3)),
            "instruction 0 (sync): the design has no tile (2, 0) S2MM 0");
}

TEST(Refusal, MalformedStream) {
  const Design design = empty();
  auto array = configured(design);
  HostMemory host;
  const std::uint32_t words[] = {1, 2, 3};
  EXPECT_EQ(array->run(words, {}, host).state, RunState::Error);
  // The malformed stream did not affect the array.
  EXPECT_EQ(array->run(Stream(design).words(), {}, host).state, RunState::Completed);
}

// The tests below check that designs are refused.

TEST(Refusal, DesignsThatDoNotFitTheArray) {
  Design design = empty();
  design.n_columns = 5;
  EXPECT_EQ(not_configured(design), "the design has 5 columns, npu1 1 to 4");
  design = empty();
  design.buffers = {{"big", kCore, 0xf000, 0x2000, {}}};
  EXPECT_EQ(not_configured(design),
            "buffer 'big' of tile (0, 2) ends at 69632, the tile's memory at 65536");
  design = empty();
  design.locks = {{"l", kCore, 16, 0}};
  EXPECT_EQ(not_configured(design), "tile (0, 2) has no lock 16; it has 16");
  design = empty();
  design.descriptors = {{kCore, 16, linear(4)}};
  EXPECT_EQ(not_configured(design), "descriptor 16 of tile (0, 2): the tile has 16 descriptors");
  design = empty();
  design.channels = {{kCore, true, 2, 0, {}}};
  EXPECT_EQ(not_configured(design), "tile (0, 2) MM2S 2: there is no such channel");
}

TEST(Refusal, StreamsThatAreNotModelled) {
  Design design = empty();
  design.routes = {{{kCore, PortKind::Trace, 0}, {dma(kShim, 0)}, 1, false}};
  EXPECT_EQ(not_configured(design), "a stream from tile (0, 2) trace port 0 is not modelled");
  design.routes = {{dma(kShim, 0), {{kCore, PortKind::Fifo, 0}}, {}, false}};
  EXPECT_EQ(not_configured(design), "a stream to tile (0, 2) stream FIFO 0 is not modelled");
  design.routes = {{core_port(kCore, 0), {dma(kShim, 0)}, 1, false}};
  EXPECT_EQ(not_configured(design), "packets created by tile (0, 2) core port 0 are not modelled");
  design.routes = {{dma(kMem, 0), {{kShim, PortKind::South, 0}}, {}, false}};
  EXPECT_EQ(not_configured(design), "a stream to tile (0, 0) host port 0 is not modelled");
}

TEST(Refusal, TwoCircuitsAtOnePort) {
  Design design = empty();
  design.routes = {{dma(kShim, 0), {dma(kMem, 0)}, {}, false},
                   {dma(kShim, 1), {dma(kMem, 0)}, {}, false}};
  EXPECT_EQ(not_configured(design),
            "tile (0, 1) DMA channel 0 is the destination of two streams that are not packets");
  design.routes = {{dma(kShim, 0), {dma(kMem, 0)}, {}, false},
                   {dma(kShim, 0), {dma(kMem, 1)}, {}, false}};
  EXPECT_EQ(not_configured(design),
            "tile (0, 0) DMA channel 0 is the source of two streams with the same packet id (or "
            "without one)");
}

TEST(Refusal, CoresWithoutAGoodProgram) {
  const auto with = [](CoreProgram program) {
    Design design = empty();
    design.cores = {{kCore, std::move(program), 1024, {}}};
    return not_configured(design);
  };
  EXPECT_EQ(with({}), "the core of tile (0, 2) has no program");
  EXPECT_EQ(with(Program().constant(32, 1).end()),
            "core of tile (0, 2), line 1: the instruction names a register that does not exist");
  EXPECT_EQ(with(Program().add({.op = CoreOp::Jump, .target = 7}).end()),
            "core of tile (0, 2), line 1: a jump out of the program");
  EXPECT_EQ(with(Program().acquire({0, 4}, 0, 1).end()),
            "core of tile (0, 2), line 1: the core cannot access the locks of tile (0, 4)");
  EXPECT_EQ(with(Program().acquire(kMem, 0, 1).end()),
            "core of tile (0, 2), line 1: the core cannot access the locks of tile (0, 1)");
  EXPECT_EQ(with(Program().acquire(kCore, 3, 1).end()),
            "core of tile (0, 2), line 1: lock 3 of tile (0, 2) is used but was never "
            "initialised");
}

/// Returns the message with which a core program without kernels fails.
std::string program_fails(Program program) {
  Design design = empty();
  design.cores = {{kCore, program.end(), 1024, {}}};
  Stream stream(design);
  stream.sync(kShim, false, 0);
  return fails(design, stream);
}

TEST(Refusal, CoreOutOfMemory) {
  EXPECT_EQ(program_fails(Program().address(0, kCore, 0xfffe).constant(1, 0).load(2, 0, 1)),
            "core of tile (0, 2), line 3: an access of 4 bytes at 65534 is outside the memory of "
            "tile (0, 2) (65536 bytes)");
  EXPECT_EQ(program_fails(Program().address(0, kCore, 0).constant(1, -4).store(0, 1, 1)),
            "core of tile (0, 2), line 3: an access of 4 bytes at -4 is outside the memory of tile "
            "(0, 2) (65536 bytes)");
  EXPECT_EQ(program_fails(Program().address(0, kMem, 0).constant(1, 0).load(2, 0, 1)),
            "core of tile (0, 2), line 3: the core does not reach the memory of tile (0, 1)");
}

TEST(Refusal, CoreArithmetic) {
  EXPECT_EQ(program_fails(Program().constant(0, 0).binary(Alu::DivS, 1, 0, 0)),
            "core of tile (0, 2), line 2: division by zero");
}

TEST(Refusal, CoreStreamsThatLeadNowhere) {
  EXPECT_EQ(program_fails(Program().constant(0, 1).add({.op = CoreOp::PutStream, .a = 0, .b = 0})),
            "core of tile (0, 2), line 2: a core writes to tile (0, 2) core port 1, but no stream "
            "begins there");
  EXPECT_EQ(
      program_fails(Program().constant(0, 0).add({.op = CoreOp::GetStream, .result = 1, .b = 0})),
      "core of tile (0, 2), line 2: a core reads tile (0, 2) core port 0, where no stream ends");
}

}  // namespace
}  // namespace npuwhisper::emu::test
