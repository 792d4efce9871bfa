// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tests of runtime sequences: tasks on DMA queues, and registers that are written individually.
#include "text_design.h"

namespace npuwhisper::emu::test {
namespace {

using SequenceDesign = TextDesign;
INSTANTIATE_TEST_SUITE_P(Arrays, SequenceDesign, ::testing::Values("npu1", "npu2"));

/// A design that receives words through @in, adds 7 and sends them through @out.
const std::string kAddsSeven = R"(
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
)" + adding_core("%core", "in", "out", 16, 7);

TEST_P(SequenceDesign, TasksAreStartedRepeatedAndAwaited) {
  // Sends words 0 to 15 four times, then words 32 to 47 and 16 to 31 through a chain of two
  // descriptors.
  const auto buffers = run(kAddsSeven + R"(
    aie.runtime_sequence(%a : memref<48xi32>, %b : memref<96xi32>) {
      %same = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<48xi32>, 0, 16)
        aie.end
      } {repeat_count = 3 : i32}
      %chain = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<48xi32>, 32, 16)
        aie.next_bd ^second
      ^second:
        aie.dma_bd(%a : memref<48xi32>, 16, 16)
        aie.end
      } {issue_token = true}
      %all = aiex.dma_configure_task_for @out {
        aie.dma_bd(%b : memref<96xi32>, 0, 96)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%all)
      aiex.dma_start_task(%same)
      aiex.dma_start_task(%chain)
      aiex.dma_await_task(%chain)
      aiex.dma_free_task(%same)
      aiex.dma_await_task(%all)
    })",
                           {counting(48), Words(96)}, 2);
  const Words& out = buffers[1];
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(out[i], i % 16 + 7) << i;
  for (std::uint32_t i = 0; i < 16; ++i) {
    EXPECT_EQ(out[64 + i], 32 + i + 7) << i;
    EXPECT_EQ(out[80 + i], 16 + i + 7) << i;
  }
}

TEST_P(SequenceDesign, TasksDriveMemoryTilesToo) {
  // The sequence itself fills the memory tile, then sends its two halves in reverse order.
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %held = aie.buffer(%mem) {sym_name = "held"} : memref<32xi32>
    aie.flow(%shim, DMA : 0, %mem, DMA : 2)
    aie.flow(%mem, DMA : 3, %shim, DMA : 1)
    aie.packet_flow(26) {
      aie.packet_source<%mem, TileControl : 0>
      aie.packet_dest<%shim, South : 0>
    } {keep_pkt_header = true, priority_route = true}
    aie.runtime_sequence(%a : memref<32xi32>, %b : memref<64xi32>) {
      %send = aiex.dma_configure_task(%shim, MM2S, 0) {
        aie.dma_bd(%a : memref<32xi32>, 0, 32) {bd_id = 0 : i32}
        aie.end
      }
      %fill = aiex.dma_configure_task(%mem, S2MM, 2) {
        aie.dma_bd(%held : memref<32xi32>, 0, 32) {bd_id = 0 : i32}
        aie.end
      } {issue_token = true}
      %play = aiex.dma_configure_task(%mem, MM2S, 3) {
        aie.dma_bd(%held : memref<32xi32>, 16, 16) {bd_id = 24 : i32}
        aie.next_bd ^rest
      ^rest:
        aie.dma_bd(%held : memref<32xi32>, 0, 16) {bd_id = 25 : i32}
        aie.end
      } {repeat_count = 1 : i32}
      %take = aiex.dma_configure_task(%shim, S2MM, 1) {
        aie.dma_bd(%b : memref<64xi32>, 0, 64) {bd_id = 1 : i32}
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%send)
      aiex.dma_start_task(%fill)
      aiex.dma_await_task(%fill)
      aiex.dma_start_task(%play)
      aiex.dma_start_task(%take)
      aiex.dma_await_task(%take)
    })",
                           {counting(32), Words(64)});
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(buffers[1][i], (i + 16) % 32) << i;
}

TEST_P(SequenceDesign, RegistersAreWrittenOneByOne) {
  // Writes descriptor 0 of the shim for 16 words of argument 0. Then writes to the queue of the
  // shim's MM2S channel 0.
  const auto buffers = run(kAddsSeven + R"(
    memref.global "private" constant @descriptor : memref<8xi32>
        = dense<[16, 0, 0, 0, 0x40000000, 0, 0, 0x2000000]>
    aie.runtime_sequence(%a : memref<32xi32>, %b : memref<32xi32>) {
      %words = memref.get_global @descriptor : memref<8xi32>
      aiex.npu.blockwrite(%words) {address = 0x1d000 : ui32, column = 0 : i32, row = 0 : i32}
          : memref<8xi32>
      aiex.npu.address_patch {addr = 0x1d004 : ui32, arg_idx = 0 : i32, arg_plus = 64 : i32}
      aiex.npu.maskwrite32 {address = 0x1d210 : ui32, column = 0 : i32, row = 0 : i32,
                            mask = 0x1f00 : ui32, value = 0xf00 : ui32}
      aiex.npu.write32 {address = 0x1d214 : ui32, column = 0 : i32, row = 0 : i32,
                        value = 0x80000000 : ui32}
      aiex.npu.sync {channel = 0 : i32, column = 0 : i32, column_num = 1 : i32, direction = 1 : i32,
                     row = 0 : i32, row_num = 1 : i32}
      aiex.npu.address_patch {addr = 0x1d004 : ui32, arg_idx = 0 : i32, arg_plus = 0 : i32}
      aiex.npu.push_queue(0, 0, MM2S : 0) {bd_id = 0 : i32, issue_token = false,
                                           repeat_count = 0 : i32}
)" + transfer("%b", 32, "out", 1) +
                               "aiex.npu.dma_wait {symbol = @out} }",
                           {counting(32), Words(32)});
  for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(buffers[1][i], (i + 16) % 32 + 7) << i;
}

TEST_P(SequenceDesign, TheHostsSideMovesInFourDimensions) {
  // Reads the transpose of a 4 x 8 matrix twice. Writes the results to every other word of the
  // output.
  const auto buffers = run(kAddsSeven + R"(
    aie.runtime_sequence(%a : memref<32xi32>, %b : memref<128xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 64, 1][0, 0, 2, 1])
          {metadata = @out, id = 1 : i64} : memref<128xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][2, 1, 8, 4][0, 0, 1, 8])
          {metadata = @in, id = 0 : i64} : memref<32xi32>
      aiex.npu.dma_wait {symbol = @out}
    })",
                           {counting(32), Words(128)});
  for (std::uint32_t i = 0; i < 64; ++i) {
    EXPECT_EQ(buffers[1][2 * i], i % 4 * 8 + i % 32 / 4 + 7) << i;
    EXPECT_EQ(buffers[1][2 * i + 1], 0u) << i;
  }
}

TEST_P(SequenceDesign, ControlPacketsWriteAndReadATilesMemory) {
  // A packet's header holds the address, the number of words minus one, the operation (0 writes, 1
  // reads) and the packet id of the answer. The header's highest bit makes the parity odd.
  const auto header = [](std::uint32_t operation, std::uint32_t n, std::uint32_t answer) {
    const std::uint32_t word = answer << 24 | operation << 22 | (n - 1) << 20 | 0x400;
    return word | (std::uint32_t(__builtin_popcount(word) % 2 == 0) << 31);
  };
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    %memory = aie.buffer(%core) {address = 0x400 : i32, sym_name = "memory"} : memref<8xi32>
    aie.packet_flow(0x1) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%core, TileControl : 0>
    }
    aie.packet_flow(0x2) {
      aie.packet_source<%core, TileControl : 0>
      aie.packet_dest<%shim, DMA : 0>
    }
    aie.shim_dma_allocation @in(%shim, MM2S, 0)
    aie.shim_dma_allocation @out(%shim, S2MM, 0)
    aie.runtime_sequence(%a : memref<6xi32>, %b : memref<3xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 3][0, 0, 0, 1])
          {metadata = @out, id = 2 : i64} : memref<3xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 4][0, 0, 0, 1],
          packet = <pkt_id = 1, pkt_type = 0>) {metadata = @in, id = 0 : i64} : memref<6xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 4][1, 1, 1, 1][0, 0, 0, 1],
          packet = <pkt_id = 1, pkt_type = 0>) {metadata = @in, id = 1 : i64} : memref<6xi32>
      aiex.npu.dma_wait {symbol = @out}
    })",
                           {{header(0, 3, 0), 11, 22, 33, header(1, 3, 2), 0}, Words(3)});
  EXPECT_EQ(buffers[1], (Words{11, 22, 33}));
}

}  // namespace
}  // namespace npuwhisper::emu::test
