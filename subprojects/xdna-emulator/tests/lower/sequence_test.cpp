// SPDX-License-Identifier: LGPL-2.1-or-later
// Runtime sequences are lowered to the instructions that mlir-aie's AIEDmaToNpu generates.
#include <gtest/gtest.h>

#include "array/transaction.h"
#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using npu::BlockWrite;
using npu::Instruction;
using npu::MaskWrite;
using npu::PatchAddress;
using npu::Preempt;
using npu::Sync;
using npu::TileId;
using npu::TileKind;
using npu::Write32;
using test::device;
using test::lowered;
using test::refusal;

const std::string kDesign =
    "%s0 = aie.tile(0, 0)\n%s1 = aie.tile(1, 0)\n%m0 = aie.tile(0, 1)\n%c2 = aie.tile(0, 2)\n"
    "%a = aie.buffer(%m0) {address = 4096 : i32, sym_name = \"a\"} : memref<4096xi32>\n"
    "%r = aie.buffer(%c2) {address = 1024 : i32, sym_name = \"rtp\"} : memref<16xi32>\n"
    "%k = aie.lock(%c2, 5) {sym_name = \"k\"}\n%kv = aie.lock(%m0, 2) {sym_name = \"km\"}\n"
    "aie.shim_dma_allocation @in(%s0, MM2S, 0)\naie.shim_dma_allocation @out(%s1, S2MM, 1)\n"
    "memref.global \"private\" constant @data : memref<3xi32> = dense<[1, 2, -1]>\n";

std::string sequence(const std::string& body,
                     const std::string& arguments = "%x: memref<4096xi32>, %y: memref<4096xi32>") {
  return device(kDesign + "aie.runtime_sequence @sequence(" + arguments + ") {\n" + body + "\n}\n",
                "npu2");
}

/// Returns the instructions of the text's only sequence.
std::vector<Instruction> compiled(const std::string& text) {
  const Design design = lowered(text);
  if (design.sequences.size() != 1) {
    ADD_FAILURE() << "no sequence";
    return {};
  }
  const auto instructions = npu::decode(design.sequences[0].instructions);
  EXPECT_TRUE(instructions);
  return instructions ? *instructions : std::vector<Instruction>{};
}

template <typename T>
T at(const std::vector<Instruction>& instructions, std::size_t index) {
  if (index >= instructions.size() || !std::holds_alternative<T>(instructions[index])) {
    ADD_FAILURE() << "instruction " << index << " of " << instructions.size()
                  << " is missing or another";
    return T{};
  }
  return std::get<T>(instructions[index]);
}

/// Expects an instruction that writes `id` as the controller id of the channel whose control
/// register is at `address`.
void expect_controller_id(const std::vector<Instruction>& instructions, std::size_t index,
                          std::uint32_t address, std::uint32_t id) {
  EXPECT_EQ(at<MaskWrite>(instructions, index).address, address);
  EXPECT_EQ(at<MaskWrite>(instructions, index).value, id << 8);
  EXPECT_EQ(at<MaskWrite>(instructions, index).mask, 0x1f00u);
}

npu::BufferDescriptor descriptor(const std::vector<Instruction>& instructions, std::size_t index,
                                 TileKind kind = TileKind::Shim) {
  const auto found =
      npu::unpack(at<BlockWrite>(instructions, index).values, kind, **npu::find_array("npu2"));
  EXPECT_TRUE(found) << (found ? "" : found.error().message);
  return found ? *found : npu::BufferDescriptor{};
}

std::string memcpy_nd(const std::string& walk,
                      const std::string& rest = "id = 1 : i64, metadata = @in",
                      const std::string& memory = "%x", const std::string& type = "4096xi32") {
  return "aiex.npu.dma_memcpy_nd(" + memory + walk + ") {" + rest + "} : memref<" + type + ">\n";
}

TEST(DmaMemcpy, WritesADescriptorPatchesItAndPushesIt) {
  const auto found = compiled(sequence(memcpy_nd("[0, 0, 0, 32][1, 1, 1, 1024][0, 0, 0, 1]")));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(at<BlockWrite>(found, 0).address, 0x1d020u);
  const npu::BufferDescriptor d = descriptor(found, 0);
  EXPECT_TRUE(d.valid);
  EXPECT_EQ(d.length, 1024u);
  EXPECT_EQ(d.dims[0].wrap, 0u) << "a linear transfer has no dimensions";
  EXPECT_EQ(d.iteration_wrap, 1u);
  EXPECT_EQ(at<PatchAddress>(found, 1).address, 0x1d024u);
  EXPECT_EQ(at<PatchAddress>(found, 1).argument, 0);
  EXPECT_EQ(at<PatchAddress>(found, 1).offset, 128u);
  EXPECT_EQ(at<Write32>(found, 2).address, 0x1d214u);
  EXPECT_EQ(at<Write32>(found, 2).value, 1u);
}

TEST(DmaMemcpy, TransfersToTheHostIssueATokenAlways) {
  const auto found = compiled(sequence(
      memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]", "id = 2 : i64, metadata = @out", "%y")));
  EXPECT_EQ(at<PatchAddress>(found, 1).argument, 1);
  EXPECT_EQ(at<PatchAddress>(found, 1).address, 0x2000000u + 0x1d044u);
  expect_controller_id(found, 2, 0x2000000u + 0x1d208u, 15);
  EXPECT_EQ(at<Write32>(found, 3).address, 0x2000000u + 0x1d20cu);
  EXPECT_EQ(at<Write32>(found, 3).value, 0x80000002u);
}

TEST(DmaMemcpy, TokensFromTheHostWhereAskedFor) {
  const auto found =
      compiled(sequence(memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]",
                                  "id = 0 : i64, metadata = @in, issue_token = true")));
  expect_controller_id(found, 2, 0x1d210u, 15);
  EXPECT_EQ(at<Write32>(found, 3).value, 0x80000000u);
}

TEST(DmaMemcpy, DimensionsAndIteration) {
  const auto found = compiled(sequence(memcpy_nd("[0, 0, 0, 0][4, 2, 8, 16][1024, 512, 32, 1]")));
  const npu::BufferDescriptor d = descriptor(found, 0);
  EXPECT_EQ(d.length, 256u);
  EXPECT_EQ(d.dims[0].wrap, 16u);
  EXPECT_EQ(d.dims[1].wrap, 8u);
  EXPECT_EQ(d.dims[1].step, 32u);
  EXPECT_EQ(d.dims[2].step, 512u);
  EXPECT_EQ(d.iteration_wrap, 4u);
  EXPECT_EQ(d.iteration_step, 1024u);
  EXPECT_EQ(at<Write32>(found, 2).value, 3u << 16 | 1u) << "the task repeats with the iteration";
}

TEST(DmaMemcpy, AnIterationWithoutAStepOnlyRepeats) {
  const auto found = compiled(sequence(memcpy_nd("[0, 0, 0, 0][4, 1, 1, 64][0, 0, 0, 1]")));
  EXPECT_EQ(descriptor(found, 0).iteration_wrap, 1u);
  EXPECT_EQ(at<Write32>(found, 2).value, 3u << 16 | 1u);
}

TEST(DmaMemcpy, SmallElements) {
  const auto found = compiled(sequence(memcpy_nd("[0, 0, 2, 8][1, 1, 4, 64][0, 0, 128, 1]",
                                                 "id = 1 : i64, metadata = @in", "%x", "4096xi8"),
                                       "%x: memref<4096xi8>"));
  const npu::BufferDescriptor d = descriptor(found, 0);
  EXPECT_EQ(d.length, 64u);
  EXPECT_EQ(d.dims[0].wrap, 16u);
  EXPECT_EQ(d.dims[1].step, 32u);
  EXPECT_EQ(at<PatchAddress>(found, 1).offset, 264u);
}

TEST(DmaMemcpy, OlderFormWithCoordinates) {
  const auto found = compiled(device(
      kDesign + "func.func @sequence(%x: memref<64xi32>) {\n"
                "aiex.npu.dma_memcpy_nd(0, 0, %x[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0]) {id = 1 : i64, "
                "metadata = @in} : memref<64xi32>\nreturn\n}\n",
      "npu2"));
  EXPECT_EQ(descriptor(found, 0).length, 64u);
}

TEST(DmaMemcpy, Packets) {
  const auto found = compiled(sequence(
      memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1], packet = <pkt_id = 3, pkt_type = 1>")));
  const npu::BufferDescriptor d = descriptor(found, 0);
  EXPECT_TRUE(d.packet);
  EXPECT_EQ(d.packet_id, 3u);
  EXPECT_EQ(d.packet_type, 1u);
}

TEST(DmaMemcpy, SizesFromConstantsAndLoops) {
  const auto found =
      compiled(sequence("%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
                        "%c3 = arith.constant 3 : index\nscf.for %i = %c0 to %c3 step %c1 {\n"
                        "%c64 = arith.constant 64 : index\n%o = arith.muli %i, %c64 : index\n"
                        "%oi = arith.index_cast %o : index to i64\n" +
                        memcpy_nd("[0, 0, 0, %oi][1, 1, 1, 64][0, 0, 0, 1]") +
                        "aiex.npu.dma_wait {symbol = @out}\n}\n"));
  ASSERT_EQ(found.size(), 12u);
  EXPECT_EQ(at<PatchAddress>(found, 9).offset, 512u);
}

TEST(DmaMemcpy, ViewsOfAnArgument) {
  const auto found = compiled(sequence(
      "%v = memref.subview %x[1024][64][1] : memref<4096xi32> to memref<64xi32, strided<[1], "
      "offset: 1024>>\n"
      "aiex.npu.dma_memcpy_nd(%v[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = "
      "@in} : memref<64xi32, strided<[1], offset: 1024>>\n"));
  EXPECT_EQ(at<PatchAddress>(found, 1).offset, 4096u);
}

struct Refused {
  std::string body;
  std::string message;
};

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& one : cases) {
    const std::string message = refusal(sequence(one.body));
    EXPECT_NE(message.find(one.message), std::string::npos) << one.body << message;
    EXPECT_EQ(message.find("line "), 0u) << message;
  }
}

TEST(DmaMemcpy, RefusesWhatAShimDescriptorCannotSay) {
  expect_refused({
      {memcpy_nd("[0, 0, 0, 0][1, 1, 2, 1024][0, 0, 2048, 1]"),
       "Size 0 exceeds the [0:1023] range"},
      {memcpy_nd("[0, 0, 0, 0][1, 2, 1024, 2][0, 4096, 4, 1]"),
       "Size 1 exceeds the [0:1023] range"},
      {memcpy_nd("[0, 0, 0, 0][65, 1, 1, 16][16, 0, 0, 1]"), "Size 3 exceeds the [1:64] range"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 2, 16][0, 0, 1048577, 1]"),
       "Stride 1 exceeds the [1:1048576] range"},
      {memcpy_nd("[0, 0, 0, 0][2, 1, 1, 16][1048577, 0, 0, 1]"),
       "Stride 3 exceeds the [1:1048576] range"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 1, 0][0, 0, 0, 1]"), "Size 0 must be a positive integer"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 4, 16][0, 0, 0, 1]"), "Stride 1 must be a positive integer"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]", "id = 16 : i64, metadata = @in"),
       "BD ID exceeds the maximum ID 15"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]", "id = 1 : i64, metadata = @none"),
       "couldn't find shim_dma_allocation op '@none'"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]",
                 "id = 1 : i64, metadata = @in, d0_zero_before = 1 : i64"),
       "Zero padding is only available on MemTile"},
      {memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]",
                 "id = 1 : i64, metadata = @in, speed = 3"),
       "speed"},
      {"aiex.npu.dma_wait {symbol = @none}\n", "couldn't find shim_dma_allocation op '@none'"},
  });
  const std::string bytes = "%x: memref<4096xi8>";
  const auto small = [&](const std::string& walk) {
    return refusal(
        sequence(memcpy_nd(walk, "id = 1 : i64, metadata = @in", "%x", "4096xi8"), bytes));
  };
  EXPECT_NE(small("[0, 0, 0, 0][1, 1, 1, 63][0, 0, 0, 1]").find("multiples of 4 bytes"),
            std::string::npos);
  EXPECT_NE(small("[0, 0, 0, 2][1, 1, 1, 64][0, 0, 0, 1]").find("4-byte-aligned"),
            std::string::npos);
  EXPECT_NE(small("[0, 0, 0, 0][1, 1, 4, 64][0, 0, 66, 1]").find("not divisible by 4"),
            std::string::npos);
  EXPECT_NE(small("[0, 0, 0, 0][1, 1, 4, 64][0, 0, 128, 2]"), "");
}

TEST(DmaMemcpy, LimitsThemselvesFit) {
  const auto found = compiled(
      sequence(memcpy_nd("[0, 0, 0, 0][64, 3000, 1023, 1][1048576, 1048576, 1048576, 1]")));
  const npu::BufferDescriptor d = descriptor(found, 0);
  EXPECT_EQ(d.dims[1].wrap, 1023u);
  EXPECT_EQ(d.dims[1].step, 1048576u);
  EXPECT_EQ(d.iteration_wrap, 64u);
  EXPECT_EQ(d.iteration_step, 1048576u);
  EXPECT_EQ(d.length, 3000u * 1023u);
}

TEST(DmaWait, IsASync) {
  const auto found = compiled(sequence("aiex.npu.dma_wait {symbol = @out}\n"));
  ASSERT_EQ(found.size(), 1u);
  const Sync sync = at<Sync>(found, 0);
  EXPECT_EQ(sync.tile, (TileId{1, 0}));
  EXPECT_FALSE(sync.mm2s);
  EXPECT_EQ(sync.channel, 1);
  EXPECT_EQ(sync.n_rows, 1);
  EXPECT_EQ(sync.n_columns, 1);
}

TEST(Registers, Writes) {
  const auto found = compiled(sequence(
      "aiex.npu.write32 {address = 119300 : ui32, value = 7 : ui32, column = 1 : i32, row = 0 : "
      "i32}\n"
      "aiex.npu.write32 {buffer = @rtp, address = 3 : ui32, value = 50 : ui32}\n"
      "%at = arith.constant 2097152 : i32\n%v = arith.constant -1 : i32\n"
      "%m = arith.constant 255 : i32\n"
      "aiex.npu.write32(%at, %v) : i32, i32\n"
      "aiex.npu.maskwrite32(%at, %v, %m) : i32, i32, i32\n"
      "aiex.npu.rtp_write(@rtp, 2, %m) : i32\n"
      "%d = memref.get_global @data : memref<3xi32>\n"
      "aiex.npu.blockwrite(%d) {address = 4096 : ui32, column = 0 : i32, row = 2 : i32} : "
      "memref<3xi32>\n"));
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(at<Write32>(found, 0).address, 0x2000000u + 119300u);
  EXPECT_EQ(at<Write32>(found, 1).address, 0x200000u + 1024u + 12u);
  EXPECT_EQ(at<Write32>(found, 1).value, 50u);
  EXPECT_EQ(at<Write32>(found, 2).address, 2097152u);
  EXPECT_EQ(at<Write32>(found, 2).value, 0xffffffffu);
  EXPECT_EQ(at<MaskWrite>(found, 3).mask, 255u);
  EXPECT_EQ(at<Write32>(found, 4).address, 0x200000u + 1024u + 8u);
  EXPECT_EQ(at<BlockWrite>(found, 5).address, 0x200000u + 4096u);
  EXPECT_EQ(at<BlockWrite>(found, 5).values, (std::vector<std::uint32_t>{1, 2, 0xffffffff}));
}

TEST(Registers, RtpWritesOfOlderTexts) {
  const auto found =
      compiled(sequence("aiex.npu.rtp_write(@rtp, 1, -3)\n"
                        "aiex.npu.rtp_write(0, 2, 0, 5) {buffer_sym_name = \"rtp\"}\n"));
  EXPECT_EQ(at<Write32>(found, 0).value, 0xfffffffdu);
  EXPECT_EQ(at<Write32>(found, 1).value, 5u);
}

TEST(Registers, SyncPatchPushAndPreempt) {
  const auto found = compiled(sequence(
      "aiex.npu.sync {channel = 1 : i32, column = 2 : i32, column_num = 3 : i32, direction = 1 : "
      "i32, row = 0 : i32, row_num = 1 : i32}\n"
      "aiex.npu.address_patch {addr = 118820 : ui32, arg_idx = 1 : i32, arg_plus = 64 : i32}\n"
      "aiex.npu.push_queue(0, 0, MM2S : 1) {issue_token = true, repeat_count = 2 : i32, bd_id = 5 "
      ": i32}\n"
      "aiex.npu.preempt {level = 1 : ui8}\n"));
  ASSERT_EQ(found.size(), 5u);
  const Sync sync = at<Sync>(found, 0);
  EXPECT_EQ(sync.tile, (TileId{2, 0}));
  EXPECT_TRUE(sync.mm2s);
  EXPECT_EQ(sync.n_columns, 3);
  EXPECT_EQ(at<PatchAddress>(found, 1).offset, 64u);
  expect_controller_id(found, 2, 0x1d218u, 15);
  EXPECT_EQ(at<Write32>(found, 3).address, 0x1d21cu);
  EXPECT_EQ(at<Write32>(found, 3).value, 0x80020005u);
  EXPECT_EQ(at<Preempt>(found, 4).level, 1u);
}

TEST(Registers, ADescriptorAsItsFields) {
  const auto found = compiled(sequence(
      "aiex.npu.writebd {bd_id = 3 : i32, buffer_length = 32 : i32, buffer_offset = 16 : i32, "
      "column = 0 : i32, d0_size = 8 : i32, d0_stride = 0 : i32, d1_size = 2 : i32, d1_stride = 15 "
      ": i32, d2_size = 0 : i32, d2_stride = 0 : i32, d0_zero_after = 0 : i32, d0_zero_before = 0 "
      ": i32, d1_zero_after = 0 : i32, d1_zero_before = 0 : i32, d2_zero_after = 0 : i32, "
      "d2_zero_before = 0 : i32, enable_packet = 0 : i32, iteration_current = 0 : i32, "
      "iteration_size = 3 : i32, iteration_stride = 63 : i32, lock_acq_enable = 1 : i32, "
      "lock_acq_id = 65 : i32, lock_acq_val = 127 : i32, lock_rel_id = 66 : i32, lock_rel_val = 1 "
      ": i32, next_bd = 4 : i32, out_of_order_id = 0 : i32, packet_id = 0 : i32, packet_type = 0 : "
      "i32, row = 1 : i32, use_next_bd = 1 : i32, valid_bd = 1 : i32, burst_length = 0 : i32}\n"));
  EXPECT_EQ(at<BlockWrite>(found, 0).address, 0x100000u + 0xa0060u);
  const npu::BufferDescriptor d = descriptor(found, 0, TileKind::Mem);
  EXPECT_EQ(d.address, 64u) << "words";
  EXPECT_EQ(d.length, 32u);
  EXPECT_EQ(d.dims[0].step, 1u);
  EXPECT_EQ(d.dims[1].step, 16u);
  EXPECT_EQ(d.iteration_wrap, 4u);
  EXPECT_EQ(d.iteration_step, 64u);
  EXPECT_EQ(d.acquire_value, -1) << "7 bits, signed";
  EXPECT_EQ(d.release_lock, 66u);
  EXPECT_EQ(d.next, 4u);
}

TEST(Registers, LocksResetsAndClears) {
  const auto found =
      compiled(sequence("aiex.set_lock(%k, 2)\naiex.set_lock(%kv, 1)\n"
                        "aiex.dma_channel_reset(%m0, MM2S, 1)\naiex.core_reset(%c2)\n"
                        "aiex.buffer_clear(%c2, 1024, 4)\n"));
  EXPECT_EQ(at<Write32>(found, 0).address, 0x200000u + 0x1f050u);
  EXPECT_EQ(at<Write32>(found, 0).value, 2u);
  EXPECT_EQ(at<Write32>(found, 1).address, 0x100000u + 0xc0020u);
  EXPECT_EQ(at<MaskWrite>(found, 2).value, 2u);
  EXPECT_EQ(at<MaskWrite>(found, 3).value, 0u);
  EXPECT_EQ(at<MaskWrite>(found, 4).address, 0x200000u + 0x32000u);
  EXPECT_EQ(at<BlockWrite>(found, 6).address, 0x200000u + 1024u);
  EXPECT_EQ(at<BlockWrite>(found, 6).values, std::vector<std::uint32_t>(4, 0));
}

TEST(Registers, Refusals) {
  expect_refused({
      {"aiex.npu.write32 {address = 0 : ui32, value = 7 : ui32, column = 8 : i32, row = 0 : i32}\n",
       "tile (8, 0) is not in the device"},
      {"aiex.npu.write32 {buffer = @none, address = 3 : ui32, value = 50 : ui32}\n",
       "buffer 'none' not found in device"},
      {"aiex.npu.rtp_write(@none, 2, 3)\n", "buffer 'none' not found in device"},
      {"aiex.npu.rtp_write(@rtp, 16, 3)\n", "index 16 lies behind buffer 'rtp' of 64 bytes"},
      {"aiex.npu.push_queue(0, 0, MM2S : 0) {issue_token = false, repeat_count = 256 : i32, bd_id "
       "= 0 : i32}\n",
       "exceeds the [0:255] range"},
      {"aiex.npu.push_queue(0, 0, MM2S : 0) {issue_token = false, repeat_count = 0 : i32, bd_id = "
       "16 : i32}\n",
       "BD ID 16 exceeds the maximum ID 15"},
      {"aiex.npu.sync {channel = 0 : i32, column = 7 : i32, column_num = 2 : i32, direction = 0 : "
       "i32, row = 0 : i32, row_num = 1 : i32}\n",
       "waits for tiles or channels that are not in the device"},
      {"aiex.npu.load_pdi {device_ref = @other}\n", "'aiex.npu.load_pdi'"},
      {"aiex.set_lock(%k, 64)\n", "64"},
      {"aiex.dma_channel_reset(%s0, MM2S, 0)\n", "have no reset"},
      {"aiex.core_reset(%m0)\n", "is not a core tile"},
      {"aiex.npu.dance {speed = 1 : i32}\n", "aiex.npu.dance"},
  });
}

const std::string kShimTask =
    "%t = aiex.dma_configure_task_for @out {\n"
    "aie.dma_bd(%x : memref<4096xi32>, 64, 128)\naie.end\n} {issue_token = true}\n";

TEST(Tasks, AreConfiguredStartedAndAwaited) {
  const auto found =
      compiled(sequence(kShimTask + "aiex.dma_start_task(%t)\naiex.dma_await_task(%t)\n"));
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(at<BlockWrite>(found, 0).address, 0x2000000u + 0x1d000u);
  EXPECT_EQ(descriptor(found, 0).length, 128u);
  EXPECT_EQ(at<PatchAddress>(found, 1).offset, 256u);
  expect_controller_id(found, 2, 0x2000000u + 0x1d208u, 15);
  EXPECT_EQ(at<Write32>(found, 3).address, 0x2000000u + 0x1d20cu);
  EXPECT_EQ(at<Write32>(found, 3).value, 0x80000000u);
  EXPECT_EQ(at<Sync>(found, 4).tile, (TileId{1, 0}));
}

TEST(Tasks, ChainsOnAMemoryTile) {
  const auto found = compiled(sequence(
      "%t = aiex.dma_configure_task(%m0, MM2S, 1) {\n"
      "aie.use_lock(%kv, AcquireGreaterEqual, 1)\n"
      "aie.dma_bd(%a : memref<4096xi32>, 0, 16)\naie.next_bd ^b1\n^b1:\n"
      "aie.dma_bd(%a : memref<4096xi32>, 16, 8, [<size = 2, stride = 64>, <size = 4, stride = "
      "1>])\naie.end\n} {repeat_count = 2 : i32}\naiex.dma_start_task(%t)\n"));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(at<BlockWrite>(found, 0).address, 0x100000u + 0xa0000u + 24 * 0x20u);
  const npu::BufferDescriptor head = descriptor(found, 0, TileKind::Mem);
  EXPECT_EQ(head.address, 0x80000u + 4096u);
  EXPECT_EQ(head.next, 25u);
  EXPECT_EQ(head.acquire_lock, 66u);
  const npu::BufferDescriptor tail = descriptor(found, 1, TileKind::Mem);
  EXPECT_EQ(tail.dims[1].step, 64u);
  EXPECT_FALSE(tail.use_next);
  EXPECT_EQ(at<Write32>(found, 2).address, 0x100000u + 0xa063cu);
  EXPECT_EQ(at<Write32>(found, 2).value, 2u << 16 | 24u);
}

// A tile that the text does not declare has no controller id. aiecc writes none for it either.
TEST(Tokens, IdsDependOnTheRow) {
  const auto push = [](const std::string& tile, int row) {
    return compiled(device(tile +
                               "aie.runtime_sequence @sequence(%x: memref<4xi32>) {\n"
                               "aiex.npu.push_queue(1, " +
                               std::to_string(row) +
                               ", S2MM : 0) {issue_token = true, repeat_count = 0 : i32, bd_id = 0 "
                               ": i32}\n}\n",
                           "npu2"));
  };
  const auto declared = [](int row) { return "%t = aie.tile(1, " + std::to_string(row) + ")\n"; };
  constexpr std::uint32_t kIds[] = {15, 26, 27, 29, 30, 31};
  for (int row = 0; row < 6; ++row) {
    const std::uint32_t control = row == 0 ? 0x1d200 : row == 1 ? 0xa0600 : 0x1de00;
    const auto found = push(declared(row), row);
    ASSERT_EQ(found.size(), 2u);
    expect_controller_id(found, 0, npu::tile_address({1, row}, control), kIds[row]);
  }
  ASSERT_EQ(push("", 2).size(), 1u);
  at<Write32>(push("", 2), 0);
  const auto given =
      push("%t = aie.tile(1, 2) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 5>}\n", 2);
  expect_controller_id(given, 0, npu::tile_address({1, 2}, 0x1de00), 5);
}

TEST(Tasks, DescriptorsAreTakenAndFreed) {
  std::string body;
  for (int i = 0; i < 17; ++i) {
    body += "%t" + std::to_string(i) +
            " = aiex.dma_configure_task_for @in {\naie.dma_bd(%x : memref<4096xi32>, 0, 16)\n"
            "aie.end\n}\n";
  }
  EXPECT_NE(refusal(sequence(body)).find("Too many simultaneously active buffer descriptors"),
            std::string::npos);
  std::string freed;
  for (int i = 0; i < 17; ++i) {
    const std::string task = "%t" + std::to_string(i);
    freed += task +
             " = aiex.dma_configure_task_for @in {\naie.dma_bd(%x : memref<4096xi32>, 0, 16)\n"
             "aie.end\n}\naiex.dma_start_task(" +
             task + ")\naiex.dma_free_task(" + task + ")\n";
  }
  EXPECT_EQ(at<BlockWrite>(compiled(sequence(freed)), 48).address, 0x1d000u);
}

TEST(Tasks, FourDimensionsRepeatWithTheOutermost) {
  const auto found = compiled(sequence(
      "%t = aiex.dma_configure_task_for @in {\naie.dma_bd(%x : memref<4096xi32>, 0, 128, [<size = "
      "3, stride = 1024>, <size = 2, stride = 256>, <size = 4, stride = 32>, <size = 16, stride = "
      "1>])\naie.end\n} {repeat_count = 2 : i32}\naiex.dma_start_task(%t)\n"));
  const npu::BufferDescriptor d = descriptor(found, 0);
  EXPECT_EQ(d.iteration_wrap, 3u);
  EXPECT_EQ(d.iteration_step, 1024u);
  EXPECT_EQ(d.dims[2].step, 256u);
}

TEST(Tasks, BdChains) {
  const auto found = compiled(device(
      kDesign +
          "aie.bd_chain @chain(%p: memref<4096xi32>) {\naie.dma_bd(%p : memref<4096xi32>, 0, 16)\n"
          "aie.end\n}\naie.runtime_sequence @sequence(%x: memref<4096xi32>) {\n"
          "%t = aiex.dma_start_bd_chain_for @chain(%x) : (memref<4096xi32>) for @out {issue_token "
          "= "
          "true}\naiex.dma_await_task(%t)\n}\n",
      "npu2"));
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(descriptor(found, 0).length, 16u);
}

TEST(Tasks, Refusals) {
  const std::string no_token =
      "%t = aiex.dma_configure_task_for @in {\naie.dma_bd(%x : memref<4096xi32>, 0, 16)\naie.end\n"
      "}\naiex.dma_start_task(%t)\n";
  expect_refused({
      {no_token + "aiex.dma_await_task(%t)\n", "not configured to issue a token"},
      {kShimTask + "aiex.dma_await_task(%t)\n", "would block here forever"},
      {kShimTask + "aiex.dma_free_task(%t)\naiex.dma_free_task(%t)\n", "not currently in use"},
      {"%t = aiex.dma_configure_task_for @none {\naie.dma_bd(%x : memref<4096xi32>, 0, 16)\n"
       "aie.end\n}\n",
       "no shim DMA allocation found for symbol '@none'"},
      {"%t = aiex.dma_configure_task(%m0, MM2S, 0) {\naie.dma_bd(%x : memref<4096xi32>, 0, 16)\n"
       "aie.end\n}\n",
       "can only be referred to on shim tiles"},
      {"%t = aiex.dma_configure_task(%s0, MM2S, 0) {\naie.end\n}\n",
       "does not contain a required aie.dma_bd"},
      {"%t = aiex.dma_configure_task(%s0, MM2S, 0) {\naie.dma_bd(%x : memref<4096xi32>, 0, 16, "
       "[<size = 2, stride = 64>, <size = 4, stride = 1>])\naie.end\n}\n",
       "BD length is 64 bytes. Lowest three dimensions of data layout transformation would result "
       "in transfer of 32 bytes"},
      {"%t = aiex.dma_configure_task(%s0, MM2S, 0) {\naie.dma_bd(%x : memref<4096xi32>, 0, 16) "
       "{bd_id = 2 : i32}\naie.next_bd ^b\n^b:\naie.dma_bd(%x : memref<4096xi32>, 0, 16) {bd_id = "
       "2 : i32}\naie.end\n}\n",
       "buffer descriptor ID 2 is already in use"},
  });
}

TEST(Values, WhatOnlyTheHostKnowsIsRefused) {
  const std::string message = refusal(
      sequence("aiex.npu.dma_memcpy_nd(%x[0, 0, 0, %n][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, "
               "metadata = @in} : memref<4096xi32>\n",
               "%x: memref<4096xi32>, %n: i64"));
  EXPECT_NE(message.find("known at run time only"), std::string::npos) << message;
}

TEST(Values, EndlessSequencesAreRefused) {
  const std::string message = refusal(sequence(
      "%c0 = arith.constant 0 : index\n%c1 = arith.constant 1 : index\n"
      "%n = arith.constant 1000000000000 : index\nscf.for %i = %c0 to %n step %c1 {\n}\n"));
  EXPECT_NE(message.find("too long"), std::string::npos) << message;
}

TEST(Values, ConditionsAndResults) {
  const auto found = compiled(sequence(
      "%a1 = arith.constant 3 : i32\n%a2 = arith.constant 4 : i32\n"
      "%less = arith.cmpi slt, %a1, %a2 : i32\n"
      "%v = scf.if %less -> (i32) {\n%s = arith.addi %a1, %a2 : i32\nscf.yield %s : i32\n} else {\n"
      "scf.yield %a1 : i32\n}\naiex.npu.write32(%a1, %v) : i32, i32\n"));
  EXPECT_EQ(at<Write32>(found, 0).value, 7u);
}

TEST(Sequences, MayRunEachOther) {
  const Design design = lowered(
      device(kDesign + "aie.runtime_sequence @inner(%x: memref<4096xi32>) {\n" +
                 memcpy_nd("[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]") +
                 "}\naie.runtime_sequence @outer(%a0: memref<4096xi32>, %a1: memref<4096xi32>) {\n"
                 "aiex.run @inner(%a1) : (memref<4096xi32>)\n}\n",
             "npu2"));
  ASSERT_EQ(design.sequences.size(), 2u);
  EXPECT_EQ(design.sequences[1].name, "outer");
  EXPECT_EQ(design.sequences[1].n_arguments, 2);
  const auto found = npu::decode(design.sequences[1].instructions);
  ASSERT_TRUE(found);
  EXPECT_EQ(at<PatchAddress>(*found, 1).argument, 1);
}

}  // namespace
}  // namespace npuwhisper::emu
