// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of DMA programs: descriptors, channels, and transfers that descriptors cannot express.
#include <gtest/gtest.h>

#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using npu::TileId;
using test::chain;
using test::device;
using test::find_channel;
using test::find_descriptor;
using test::lowered;
using test::refusal;

constexpr TileId kMem{0, 1};
constexpr TileId kCore{0, 2};
const std::string kDesign =
    "%s0 = aie.tile(0, 0)\n%m0 = aie.tile(0, 1)\n%m1 = aie.tile(1, 1)\n%m2 = aie.tile(2, 1)\n"
    "%c2 = aie.tile(0, 2)\n%c3 = aie.tile(0, 3)\n"
    "%a = aie.buffer(%c2) {address = 1024 : i32, sym_name = \"a\"} : memref<256xi32>\n"
    "%a8 = aie.buffer(%c2) {address = 16384 : i32, sym_name = \"a8\"} : memref<1024xi8>\n"
    "%n = aie.buffer(%c3) {sym_name = \"n\"} : memref<256xi32>\n"
    "%b = aie.buffer(%m0) {address = 4096 : i32, sym_name = \"b\"} : memref<4096xi32>\n"
    "%b8 = aie.buffer(%m0) {address = 65536 : i32, sym_name = \"b8\"} : memref<4096xi8>\n"
    "%e = aie.buffer(%m1) {address = 512 : i32, sym_name = \"e\"} : memref<256xi32>\n"
    "%f = aie.buffer(%m2) {address = 0 : i32, sym_name = \"f\"} : memref<256xi32>\n"
    "%p = aie.lock(%c2, 3) {init = 1 : i32, sym_name = \"p\"}\n"
    "%q = aie.lock(%c2, 4) {sym_name = \"q\"}\n"
    "%w = aie.lock(%m1, 5) {sym_name = \"w\"}\n"
    "%x = aie.lock(%m2, 5) {sym_name = \"x\"}\n";

/// Returns a DMA program of one block, without a loop. `bd` is the text after "aie.dma_bd".
std::string single(const std::string& bd, const std::string& channel = "MM2S, 0",
                   const std::string& before = "", const std::string& after = "",
                   const std::string& tile = "mem") {
  const bool mem = tile == "mem";
  return std::string(mem ? "aie.memtile_dma(%m0)" : "aie.mem(%c2)") + " {\n%0 = aie.dma_start(" +
         channel + ", ^b0, ^end)\n^b0:\n" + before + "aie.dma_bd" + bd + "\n" + after +
         "aie.next_bd ^end\n^end:\naie.end\n}\n";
}
std::string core_single(const std::string& bd, const std::string& before = "",
                        const std::string& after = "", const std::string& channel = "MM2S, 0") {
  return single(bd, channel, before, after, "core");
}

npu::BufferDescriptor first(const Design& design, TileId tile, bool mm2s = true, int channel = 0) {
  const auto found = chain(design, tile, mm2s, channel);
  return found.empty() ? npu::BufferDescriptor{} : found[0];
}

TEST(Descriptor, AddressLengthAndLocks) {
  const Design design =
      lowered(device(kDesign + core_single("(%a : memref<256xi32>, 8, 64)",
                                           "aie.use_lock(%p, AcquireGreaterEqual, 1)\n",
                                           "aie.use_lock(%q, Release, 2)\n")));
  const npu::BufferDescriptor d = first(design, kCore);
  EXPECT_TRUE(d.valid);
  EXPECT_EQ(d.address, 1024u + 32u);
  EXPECT_EQ(d.length, 64u);
  EXPECT_TRUE(d.acquire_enable);
  EXPECT_EQ(d.acquire_lock, 3u);
  EXPECT_EQ(d.acquire_value, -1);
  EXPECT_EQ(d.release_lock, 4u);
  EXPECT_EQ(d.release_value, 2);
  EXPECT_FALSE(d.use_next);
}

TEST(Descriptor, AcquireOfAnExactValue) {
  const npu::BufferDescriptor d =
      first(lowered(device(kDesign + core_single("(%a : memref<256xi32>)",
                                                 "aie.use_lock(%p, Acquire, 0)\n",
                                                 "aie.use_lock(%p, Release, 1)\n"))),
            kCore);
  EXPECT_TRUE(d.acquire_enable);
  EXPECT_EQ(d.acquire_value, 0);
  EXPECT_EQ(d.length, 256u);
}

TEST(Descriptor, MemoryTilesSeeTheirNeighbours) {
  const std::string locks = "aie.use_lock(%w, AcquireGreaterEqual, 1)\n";
  const npu::BufferDescriptor own =
      first(lowered(device(kDesign + single("(%b : memref<4096xi32>, 0, 16)"))), kMem);
  EXPECT_EQ(own.address, 0x80000u + 4096u);
  const npu::BufferDescriptor east = first(
      lowered(device(kDesign + single("(%e : memref<256xi32>, 4, 16)", "MM2S, 0", locks))), kMem);
  EXPECT_EQ(east.address, 0x100000u + 512u + 16u);
  EXPECT_EQ(east.acquire_lock, 128u + 5u);
}

TEST(Descriptor, RefusesMemoryAndLocksOutOfReach) {
  EXPECT_NE(refusal(device(kDesign + single("(%f : memref<256xi32>, 0, 16)")))
                .find("the DMA of tile (0, 1) does not reach buffer 'f' of tile (2, 1)"),
            std::string::npos);
  EXPECT_NE(refusal(device(kDesign + single("(%b : memref<4096xi32>, 0, 16)", "MM2S, 0",
                                            "aie.use_lock(%x, AcquireGreaterEqual, 1)\n")))
                .find("does not reach lock 'x'"),
            std::string::npos);
  EXPECT_NE(refusal(device(kDesign + core_single("(%n : memref<256xi32>)")))
                .find("Core tile DMAs can only access a buffer in the same tile"),
            std::string::npos);
  EXPECT_NE(refusal(device(kDesign + core_single("(%a : memref<256xi32>)",
                                                 "aie.use_lock(%w, AcquireGreaterEqual, 1)\n")))
                .find("can only use locks of the same tile"),
            std::string::npos);
  EXPECT_NE(refusal(device(kDesign + single("(%e : memref<256xi32>, 0, 16)", "MM2S, 4")))
                .find("reachable from DMA channel 4 and attempts to access a non-local buffer"),
            std::string::npos);
}

TEST(Descriptor, DimensionsAreInWords) {
  const npu::BufferDescriptor d =
      first(lowered(device(kDesign +
                           core_single("(%a8 : memref<1024xi8>, 0, 128, [<size = 4, stride = "
                                       "64>, <size = 2, stride = 16>, <size = 16, stride = 1>])"))),
            kCore);
  EXPECT_EQ(d.length, 32u);
  EXPECT_EQ(d.dims[0].wrap, 4u);
  EXPECT_EQ(d.dims[0].step, 1u);
  EXPECT_EQ(d.dims[1].wrap, 2u);
  EXPECT_EQ(d.dims[1].step, 4u);
  EXPECT_EQ(d.dims[2].wrap, 0u) << "the outermost dimension has no wrap";
  EXPECT_EQ(d.dims[2].step, 16u);
}

TEST(Descriptor, MemoryTilesHaveFourDimensions) {
  const std::string dims =
      "[<size = 2, stride = 1024>, <size = 2, stride = 64>, <size = 4, stride = 8>, <size = 2, "
      "stride = 1>]";
  const npu::BufferDescriptor d = first(
      lowered(device(kDesign + single("(%b : memref<4096xi32>, 0, 32, " + dims + ")"))), kMem);
  EXPECT_EQ(d.dims[2].wrap, 2u);
  EXPECT_EQ(d.dims[3].step, 1024u);
  EXPECT_NE(refusal(device(kDesign + core_single("(%a : memref<256xi32>, 0, 32, [<size = 2, stride "
                                                 "= 64>, <size = 2, stride = 32>, <size = 4, "
                                                 "stride = 8>, <size = 2, stride = 1>])")))
                .find("Cannot give more than 3 dimensions"),
            std::string::npos);
}

struct Refused {
  std::string bd;
  std::string message;
  std::string channel = "MM2S, 0";
};

TEST(Descriptor, RefusesWhatTheHardwareCannotSay) {
  const std::vector<Refused> cases = {
      {"(%b8 : memref<4096xi8>, 0, 18)", "transfer length must be multiple of 4"},
      {"(%b8 : memref<4096xi8>, 2, 16)", "Offset must be aligned to 4 byte boundary"},
      {"(%b : memref<4096xi32>, 0, 0)", "transfer length 0 must be positive"},
      {"(%b8 : memref<4096xi8>, 0, 64, [<size = 32, stride = 64>, <size = 2, stride = 1>])",
       "Transfer sizes must be multiples of 4 bytes. 2 elements at 1 bytes each equal 2 bytes"},
      {"(%b8 : memref<4096xi8>, 0, 64, [<size = 4, stride = 18>, <size = 16, stride = 1>])",
       "Stride 1 is 18 elements * 1 bytes = 18 bytes, which is not divisible by 4"},
      {"(%b8 : memref<4096xi8>, 0, 64, [<size = 64, stride = 2>])",
       "For <32b width datatypes, inner-most dim stride must be 1"},
      {"(%b : memref<4096xi32>, 0, 16, [<size = 16, stride = 0>])",
       "Stride 0 must be a positive integer"},
      {"(%b : memref<4096xi32>, 0, 16, [<size = 0, stride = 1>])",
       "Size 0 must be a positive integer"},
      {"(%b : memref<4096xi32>, 0, 4096, [<size = 2, stride = 2048>, <size = 1024, stride = 1>])",
       "Size 0 exceeds the [0:1023] range"},
      {"(%b : memref<4096xi32>, 0, 16, [<size = 2, stride = 4096>, <size = 8, stride = 1>])",
       "result in out of bounds access in buffer, for index 4103 in memref of length 4096"},
      {"(%b : memref<4096xi32>, 0, 16) {burst_length = 64 : i32}",
       "Burst length is only supported in Shim"},
  };
  for (const Refused& one : cases) {
    const std::string message = refusal(device(kDesign + single(one.bd, one.channel)));
    EXPECT_NE(message.find(one.message), std::string::npos) << one.bd << ": " << message;
    EXPECT_NE(message.find("line 22: "), std::string::npos) << message;
  }
}

TEST(Descriptor, LimitsOfACoreTilesFields) {
  const std::string large = "%big = aie.buffer(%c2) {address = 20480 : i32} : memref<8x1024xi32>\n";
  EXPECT_NE(refusal(device(kDesign + large +
                           core_single("(%big : memref<8x1024xi32>, 0, 512, [<size = 2, stride = "
                                       "256>, <size = 256, stride = 1>])")))
                .find("Size 0 exceeds the [0:255] range"),
            std::string::npos);
  const Design fits = lowered(device(
      kDesign + large +
      core_single("(%big : memref<8x1024xi32>, 0, 510, [<size = 2, stride = 7900>, <size = 255, "
                  "stride = 1>])")));
  EXPECT_EQ(first(fits, kCore).dims[0].wrap, 255u);
  EXPECT_EQ(first(fits, kCore).dims[1].step, 7900u);
}

TEST(Descriptor, PaddingOfMemoryTiles) {
  const std::string bd =
      "(%b : memref<4096xi32>, 0, 40, [<size = 2, stride = 16>, <size = 8, stride = 1>], "
      "[<const_pad_before = 1, const_pad_after = 1>, <const_pad_before = 1, const_pad_after = 1>])";
  const npu::BufferDescriptor d = first(lowered(device(kDesign + single(bd))), kMem);
  EXPECT_EQ(d.length, 40u);
  EXPECT_EQ(d.dims[0].zeros_before, 1u);
  EXPECT_EQ(d.dims[1].zeros_after, 1u);
  EXPECT_NE(refusal(device(kDesign + single(bd, "S2MM, 0"))).find("only for MM2S direction"),
            std::string::npos);
  const std::string core =
      "(%a : memref<256xi32>, 0, 40, [<size = 2, stride = 16>, <size = 8, stride = 1>], "
      "[<const_pad_before = 1, const_pad_after = 1>, <const_pad_before = 1, const_pad_after = 1>])";
  EXPECT_NE(refusal(device(kDesign + core_single(core))).find("only supported by memtile"),
            std::string::npos);
  EXPECT_NE(
      refusal(device(kDesign +
                     single("(%b : memref<4096xi32>, 0, 16, [<size = 2, stride = 16>, <size = 8, "
                            "stride = 1>], [<const_pad_before = 1, const_pad_after = 1>, "
                            "<const_pad_before = 0, const_pad_after = 0>])")))
          .find("Data exceeds len after padding"),
      std::string::npos);
}

TEST(Descriptor, PacketsAndTheirLimits) {
  const npu::BufferDescriptor d =
      first(lowered(device(kDesign + single("(%b : memref<4096xi32>, 0, 16) {packet = "
                                            "#aie.packet_info<pkt_type = 2, pkt_id = 9>}"))),
            kMem);
  EXPECT_TRUE(d.packet);
  EXPECT_EQ(d.packet_id, 9u);
  EXPECT_EQ(d.packet_type, 2u);
  const npu::BufferDescriptor older =
      first(lowered(device(kDesign + single("(%b : memref<4096xi32>, 0, 16)", "MM2S, 0",
                                            "aie.dma_bd_packet(4, 13)\n"))),
            kMem);
  EXPECT_EQ(older.packet_id, 13u);
  EXPECT_EQ(older.packet_type, 4u);
  EXPECT_NE(refusal(device(kDesign + single("(%b : memref<4096xi32>, 0, 16) {packet = "
                                            "#aie.packet_info<pkt_type = 0, pkt_id = 32>}"))),
            "");
}

TEST(Channel, SeveralTasksInOrder) {
  const Design design = lowered(
      device(kDesign +
             "aie.memtile_dma(%m0) {\n%0 = aie.dma_start(MM2S, 0, ^b0, ^next)\n^b0:\n"
             "aie.dma_bd(%b : memref<4096xi32>, 0, 16)\naie.next_bd ^end\n^next:\n"
             "%1 = aie.dma_start(MM2S, 0, ^b1, ^end, repeat_count = 3)\n^b1:\n"
             "aie.dma_bd(%b : memref<4096xi32>, 0, 32)\naie.next_bd ^end\n^end:\naie.end\n}\n"));
  const DmaChannel* channel = find_channel(design, kMem, true, 0);
  ASSERT_NE(channel, nullptr);
  ASSERT_EQ(channel->starts.size(), 2u);
  EXPECT_EQ(channel->starts[0].repeat, 0);
  EXPECT_EQ(channel->starts[1].repeat, 3);
  EXPECT_EQ(find_descriptor(design, kMem, channel->starts[1].first_descriptor)->length, 32u);
}

TEST(Channel, DmaOperations) {
  const Design design = lowered(
      device(kDesign +
             "aie.mem(%c2) {\n%0 = aie.dma(S2MM, 1) {loop = false, repeat_count = 2 : i32} [{\n"
             "aie.use_lock(%p, AcquireGreaterEqual, 1)\naie.dma_bd(%a : memref<256xi32>, 0, 64)\n"
             "aie.use_lock(%q, Release, 1)\n}, {\naie.dma_bd(%a : memref<256xi32>, 64, 64)\n}]\n"
             "aie.end\n}\n"));
  const DmaChannel* channel = find_channel(design, kCore, false, 1);
  ASSERT_NE(channel, nullptr);
  EXPECT_EQ(channel->starts.at(0).repeat, 2);
  const auto blocks = chain(design, kCore, false, 1);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_TRUE(blocks[0].use_next);
  EXPECT_FALSE(blocks[1].use_next) << "loop = false";
}

TEST(Channel, RefusesWhatIsNoProgram) {
  const std::vector<Refused> cases = {
      {"aie.mem(%m0) { aie.end }\n", "tile (0, 1) takes 'aie.memtile_dma'"},
      {"aie.mem(%c2) { aie.end }\naie.mem(%c2) {\n%0 = aie.dma_start(MM2S, 0, ^x, ^x)\n^x:\n"
       "aie.end\n}\n",
       "its first successor holds no aie.dma_bd"},
      {"aie.mem(%c2) {\n%0 = aie.dma_start(MM2S, 0, ^b, ^e)\n^b:\naie.dma_bd(%a : "
       "memref<256xi32>)\n"
       "aie.dma_bd(%a : memref<256xi32>)\naie.next_bd ^e\n^e:\naie.end\n}\n",
       "multiple aie.dma_bd operations"},
      {"aie.mem(%c2) {\n%0 = aie.dma_start(MM2S, 0, ^b, ^e)\n^b:\n"
       "aie.use_lock(%p, AcquireGreaterEqual, 1)\naie.use_lock(%q, AcquireGreaterEqual, 1)\n"
       "aie.dma_bd(%a : memref<256xi32>)\naie.next_bd ^e\n^e:\naie.end\n}\n",
       "takes one acquire and one release"},
      {"aie.mem(%c2) {\n%0 = aie.dma_start(MM2S, 0, ^b, ^e)\n^b:\n"
       "aie.use_lock(%p, AcquireGreaterEqual, 64)\n"
       "aie.dma_bd(%a : memref<256xi32>)\naie.next_bd ^e\n^e:\naie.end\n}\n",
       "lock value 64 is not in 0..63"},
      {core_single("(%a : memref<256xi32>)") + core_single("(%a : memref<256xi32>)"),
       "has another DMA program already"},
  };
  for (const Refused& one : cases) {
    const std::string message = refusal(device(kDesign + one.bd));
    EXPECT_NE(message.find(one.message), std::string::npos) << one.bd << ": " << message;
  }
}

}  // namespace
}  // namespace npuwhisper::emu
