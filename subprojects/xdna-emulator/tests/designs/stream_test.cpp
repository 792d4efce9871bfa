// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tests of DMA programs with locks, packets, shared memory, the cascade, and calls into kernels.
#include <fstream>
#include <iterator>

#include "text_design.h"

namespace npuwhisper::emu::test {
namespace {

using StreamDesign = TextDesign;
INSTANTIATE_TEST_SUITE_P(Arrays, StreamDesign, ::testing::Values("npu1", "npu2"));

/// Returns a DMA program that receives objects of 8 words on S2MM 0 and sends them on MM2S 0,
/// through one buffer each. `out_attributes` are the attributes of the sending descriptor.
std::string dma_program(const std::string& core, const std::string& out_attributes = "") {
  return "aie.mem(%" + core + R"() {
      %in = aie.dma_start(S2MM, 0, ^in, ^next)
    ^in:
      aie.use_lock(%)" +
         core + R"(_in_free, AcquireGreaterEqual, 1)
      aie.dma_bd(%)" +
         core + R"(_in : memref<8xi32>, 0, 8)
      aie.use_lock(%)" +
         core + R"(_in_full, Release, 1)
      aie.next_bd ^in
    ^next:
      %out = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%)" +
         core + R"(_out_full, AcquireGreaterEqual, 1)
      aie.dma_bd(%)" +
         core + R"(_out : memref<8xi32>, 0, 8) )" + out_attributes + R"(
      aie.use_lock(%)" +
         core + R"(_out_free, Release, 1)
      aie.next_bd ^out
    ^end:
      aie.end
    }
)";
}

/// Returns a core that adds `added` to each word that it receives. Includes the buffers and locks
/// of the core's tile.
std::string locked_core(const std::string& core, const std::string& place, int added) {
  const auto lock = [&](const std::string& name, int init) {
    return "%" + core + "_" + name + " = aie.lock(%" + core + ") {init = " + std::to_string(init) +
           " : i32}\n";
  };
  const auto use = [&](const std::string& name, const std::string& action) {
    return "aie.use_lock(%" + core + "_" + name + ", " + action + ", 1)\n";
  };
  return "%" + core + " = aie.tile(" + place + ")\n" + "%" + core + "_in = aie.buffer(%" + core +
         ") : memref<8xi32>\n%" + core + "_out = aie.buffer(%" + core + ") : memref<8xi32>\n" +
         lock("in_free", 1) + lock("in_full", 0) + lock("out_free", 1) + lock("out_full", 0) +
         "aie.core(%" + core + R"() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %forever = arith.constant 4294967295 : index
      %added = arith.constant )" +
         std::to_string(added) + R"( : i32
      scf.for %turn = %c0 to %forever step %c1 {
)" + use("in_full", "AcquireGreaterEqual") +
         use("out_free", "AcquireGreaterEqual") + R"(
        scf.for %i = %c0 to %c8 step %c1 {
          %v = memref.load %)" +
         core + R"(_in[%i] : memref<8xi32>
          %w = arith.addi %v, %added : i32
          memref.store %w, %)" +
         core + R"(_out[%i] : memref<8xi32>
        }
)" + use("in_free", "Release") +
         use("out_full", "Release") + "} aie.end }\n";
}

TEST_P(StreamDesign, DmaProgramsAndLocksByHand) {
  const auto buffers = run("%shim = aie.tile(0, 0)\n%mem = aie.tile(0, 1)\n" +
                               locked_core("core", "0, 3", 7) + R"(
    aie.flow(%shim, DMA : 0, %mem, DMA : 0)
    aie.flow(%mem, DMA : 0, %core, DMA : 0)
    aie.flow(%core, DMA : 0, %shim, DMA : 1)
    aie.shim_dma_allocation @in(%shim, MM2S, 0)
    aie.shim_dma_allocation @out(%shim, S2MM, 1)
    %even = aie.buffer(%mem) : memref<16xi32>
    %odd = aie.buffer(%mem) : memref<16xi32>
    %free = aie.lock(%mem) {init = 2 : i32}
    %full = aie.lock(%mem) {init = 0 : i32}
    aie.memtile_dma(%mem) {
      %in = aie.dma_start(S2MM, 0, ^in0, ^next)
    ^in0:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%even : memref<16xi32>, 0, 16)
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^in1
    ^in1:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%odd : memref<16xi32>, 0, 16)
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^in0
    ^next:
      %out = aie.dma_start(MM2S, 0, ^out0, ^end)
    ^out0:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%even : memref<16xi32>, 0, 16, [<size = 8, stride = 1>, <size = 2, stride = 8>])
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^out1
    ^out1:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%odd : memref<16xi32>, 0, 16)
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^out0
    ^end:
      aie.end
    }
)" + dma_program("core") + in_out_sequence(64, 64),
                           {counting(64), Words(64)});
  for (std::uint32_t i = 0; i < 64; ++i) {
    // The memory tile interleaves the two halves of every second object of 16 words.
    const std::uint32_t at = i % 16;
    const std::uint32_t from = i % 32 < 16 ? i - at + at / 2 + 8 * (at % 2) : i;
    EXPECT_EQ(buffers[1][i], from + 7) << i;
  }
}

TEST_P(StreamDesign, PacketsFanOutAndMerge) {
  // One host channel feeds two cores, whose packets share the stream back to the host.
  const auto buffers =
      run("%shim = aie.tile(0, 0)\n" + locked_core("left", "0, 2", 100) +
              locked_core("right", "1, 3", 200) + R"(
    aie.packet_flow(0x1) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%left, DMA : 0>
    }
    aie.packet_flow(0x2) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%right, DMA : 0>
    }
    aie.packet_flow(0x3) {
      aie.packet_source<%left, DMA : 0>
      aie.packet_dest<%shim, DMA : 0>
    } {keep_pkt_header = true}
    aie.packet_flow(0x4) {
      aie.packet_source<%right, DMA : 0>
      aie.packet_dest<%shim, DMA : 0>
    } {keep_pkt_header = true}
    aie.shim_dma_allocation @in(%shim, MM2S, 0)
    aie.shim_dma_allocation @out(%shim, S2MM, 0)
)" + dma_program("left", "{packet = #aie.packet_info<pkt_type = 0, pkt_id = 3>}") +
              dma_program("right", "{packet = #aie.packet_info<pkt_type = 0, pkt_id = 4>}") + R"(
    aie.runtime_sequence(%a : memref<8xi32>, %b : memref<18xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 18][0, 0, 0, 1])
          {metadata = @out, id = 2 : i64} : memref<18xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1],
          packet = <pkt_id = 1, pkt_type = 0>) {metadata = @in, id = 0 : i64} : memref<8xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1],
          packet = <pkt_id = 2, pkt_type = 0>) {metadata = @in, id = 1 : i64} : memref<8xi32>
      aiex.npu.dma_wait {symbol = @out}
    })",
          {counting(8), Words(18)});
  // Packets arrive whole, in either order. The low bits of the header are the packet's id.
  constexpr std::uint32_t kIdBits = 0x1f;
  std::uint32_t ids = 0;
  for (std::size_t packet = 0; packet < 2; ++packet) {
    const std::uint32_t id = buffers[1][9 * packet] & kIdBits;
    ids |= 1U << id;
    for (std::uint32_t i = 0; i < 8; ++i) {
      EXPECT_EQ(buffers[1][9 * packet + 1 + i], i + (id == 3 ? 100 : 200)) << id << ' ' << i;
    }
  }
  EXPECT_EQ(ids, 1U << 3 | 1U << 4);
}

/// Returns a design whose core sends back what it receives: 8 words, of which the first is the
/// header of the packet that arrived. Packets with the id `to_first` go to one channel of the shim,
/// those with `to_second` to the other.
std::string packets_with_kept_headers(int to_first, int to_second) {
  const auto flow = [](int id, const std::string& from, const std::string& to, bool keep) {
    return "aie.packet_flow(" + std::to_string(id) + ") {\naie.packet_source<" + from +
           ">\naie.packet_dest<" + to + ">\n}" + (keep ? " {keep_pkt_header = true}\n" : "\n");
  };
  return "%shim = aie.tile(0, 0)\n" + locked_core("core", "0, 2", 0) +
         flow(5, "%shim, DMA : 0", "%core, DMA : 0", true) +
         flow(22, "%shim, DMA : 0", "%core, DMA : 0", true) +
         flow(to_first, "%core, DMA : 0", "%shim, DMA : 0", false) +
         flow(to_second, "%core, DMA : 0", "%shim, DMA : 1", true) + R"(
    aie.shim_dma_allocation @in(%shim, MM2S, 0)
    aie.shim_dma_allocation @first(%shim, S2MM, 0)
    aie.shim_dma_allocation @second(%shim, S2MM, 1)
)" + dma_program("core") +
         R"(
    aie.runtime_sequence(%a : memref<14xi32>, %b : memref<7xi32>, %c : memref<8xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 7][0, 0, 0, 1])
          {metadata = @first, id = 2 : i64} : memref<7xi32>
      aiex.npu.dma_memcpy_nd(%c[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1])
          {metadata = @second, id = 3 : i64} : memref<8xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 7][0, 0, 0, 1],
          packet = <pkt_id = 22, pkt_type = 0>) {metadata = @in, id = 0 : i64} : memref<14xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 7][1, 1, 1, 7][0, 0, 0, 1],
          packet = <pkt_id = 5, pkt_type = 0>) {metadata = @in, id = 1 : i64} : memref<14xi32>
      aiex.npu.dma_wait {symbol = @first}
      aiex.npu.dma_wait {symbol = @second}
    })";
}

TEST_P(StreamDesign, AKeptHeaderRoutesThePacketOn) {
  const auto buffers = run(packets_with_kept_headers(5, 22), {counting(14), Words(7), Words(8)}, 2);
  EXPECT_EQ(buffers[1], counting(7, 7));
  EXPECT_EQ(buffers[2].front() & 0x1f, 22U);
  EXPECT_EQ(Words(buffers[2].begin() + 1, buffers[2].end()), counting(7));
}

TEST_P(StreamDesign, AHeaderInDataNeedsAStream) {
  const std::string body = packets_with_kept_headers(5, 21);
  const RunOutcome outcome =
      run_stream(body, instructions(body), {counting(14), Words(7), Words(8)});
  EXPECT_EQ(outcome.state, RunState::Error);
  EXPECT_NE(outcome.message.find("a packet with id 22, but no stream accepts them"),
            std::string::npos)
      << outcome.message;
}

TEST_P(StreamDesign, ANeighboursMemoryIsReadDirectly) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %c2 = aie.tile(0, 2)
    %c3 = aie.tile(0, 3)
    aie.objectfifo @in(%shim, {%c2}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @shared(%c2, {%c3}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @out(%c3, {%shim}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
)" + adding_core("%c2", "in", "shared", 8, 1) +
                               adding_core("%c3", "shared", "out", 8, 2) + in_out_sequence(64, 64),
                           {counting(64), Words(64)});
  EXPECT_EQ(buffers[1], counting(64, 3));
}

/// Returns the test's kernels, compiled for `array`.
std::vector<Image::Kernel> kernels(const std::string& array) {
  std::ifstream file(array == "npu1" ? DESIGN_KERNEL_AIE2 : DESIGN_KERNEL_AIE2P, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const auto view = std::as_bytes(std::span(bytes));
  return {{"design_kernel.o", {view.begin(), view.end()}}};
}

TEST_P(StreamDesign, KernelsOfTwoColumnsAreCalled) {
  const auto core = [](const std::string& column) {
    return "%s" + column + " = aie.tile(" + column + ", 0)\n%c" + column + " = aie.tile(" + column +
           ", 2)\naie.objectfifo @in" + column + "(%s" + column + ", {%c" + column +
           "}, 2 : i32) : !aie.objectfifo<memref<32xi32>>\naie.objectfifo @out" + column + "(%c" +
           column + ", {%s" + column +
           "}, 2 : i32) : !aie.objectfifo<memref<32xi32>>\naie.core(%c" + column + R"() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %factor = arith.constant )" +
           std::to_string(3 + std::stoi(column)) + R"( : i32
      scf.for %turn = %c0 to %forever step %c1 {
        %a = aie.objectfifo.acquire @in)" +
           column + R"((Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %x = aie.objectfifo.subview.access %a[0]
            : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        %b = aie.objectfifo.acquire @out)" +
           column + R"((Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        %y = aie.objectfifo.subview.access %b[0]
            : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        func.call @scale(%x, %y, %factor) : (memref<32xi32>, memref<32xi32>, i32) -> ()
        aie.objectfifo.release @in)" +
           column + R"((Consume, 1)
        aie.objectfifo.release @out)" +
           column + "(Produce, 1)\n} aie.end } {link_with = \"design_kernel.o\"}\n";
  };
  const auto buffers = run(
      "func.func private @scale(memref<32xi32>, memref<32xi32>, i32)\n" + core("0") + core("1") +
          "aie.runtime_sequence(%a : memref<64xi32>, %b : memref<64xi32>, %c : "
          "memref<64xi32>) {\n" +
          transfer("%b", 64, "out0", 1) + transfer("%c", 64, "out1", 1) +
          transfer("%a", 64, "in0", 0) + transfer("%a", 64, "in1", 0) +
          "aiex.npu.dma_wait {symbol = @out0} aiex.npu.dma_wait {symbol = @out1} }",
      {counting(64), Words(64), Words(64)}, 1, kernels(GetParam()));
  for (std::uint32_t i = 0; i < 64; ++i) {
    EXPECT_EQ(buffers[1][i], 3 * i) << i;
    EXPECT_EQ(buffers[2][i], 4 * i) << i;
  }
}

TEST_P(StreamDesign, TheCascadeHandsVectorsToTheSouth) {
  const auto buffers = run(R"(
    func.func private @send_down(memref<16xi32>)
    func.func private @add_from_above(memref<16xi32>, memref<16xi32>)
    %shim = aie.tile(0, 0)
    %upper = aie.tile(0, 4)
    %lower = aie.tile(0, 3)
    aie.cascade_flow(%upper, %lower)
    aie.objectfifo @in(%shim, {%upper, %lower}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%lower, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.core(%upper) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      scf.for %turn = %c0 to %forever step %c1 {
        %a = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %x = aie.objectfifo.subview.access %a[0]
            : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        func.call @send_down(%x) : (memref<16xi32>) -> ()
        aie.objectfifo.release @in(Consume, 1)
      }
      aie.end
    } {link_with = "design_kernel.o"}
    aie.core(%lower) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      scf.for %turn = %c0 to %forever step %c1 {
        %a = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %x = aie.objectfifo.subview.access %a[0]
            : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        %b = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
        %y = aie.objectfifo.subview.access %b[0]
            : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        func.call @add_from_above(%x, %y) : (memref<16xi32>, memref<16xi32>) -> ()
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    } {link_with = "design_kernel.o"}
)" + in_out_sequence(64, 64),
                           {counting(64), Words(64)}, 1, kernels(GetParam()));
  // The upper core sends twice its input to the lower core. The lower core adds its own input.
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(buffers[1][i], 3 * i) << i;
}

}  // namespace
}  // namespace npuwhisper::emu::test
