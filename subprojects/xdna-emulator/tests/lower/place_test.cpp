// SPDX-License-Identifier: LGPL-2.1-or-later
// The tests expect the addresses of buffers and the ids of locks and descriptors that mlir-aie's
// allocators assign.
#include <gtest/gtest.h>

#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using npu::TileId;
using test::device;
using test::find_buffer;
using test::find_channel;
using test::find_descriptor;
using test::find_lock;
using test::lowered;
using test::refusal;

const std::string kTiles =
    "%s0 = aie.tile(0, 0)\n%m0 = aie.tile(0, 1)\n%m1 = aie.tile(1, 1)\n%c2 = aie.tile(0, 2)\n";
constexpr TileId kMem{0, 1};

std::string buffer(const std::string& name, int bytes, const std::string& rest = "",
                   const std::string& tile = "%c2") {
  return "%" + name + " = aie.buffer(" + tile + ") {sym_name = \"" + name + "\"" +
         (rest.empty() ? "" : ", " + rest) + "} : memref<" + std::to_string(bytes) + "xi8>\n";
}

std::string lock(const std::string& name, const std::string& tile = "%c2",
                 const std::string& rest = "") {
  return "%" + name + " = aie.lock(" + tile + rest + ") {sym_name = \"" + name + "\"}\n";
}

const std::string kCore = "aie.core(%c2) { aie.end }\n";

std::uint32_t address(const Design& design, const std::string& name) {
  const Buffer* found = find_buffer(design, name);
  return found != nullptr ? found->address : 0xffffffff;
}

TEST(PlaceBuffers, SpreadOverTheBanksBehindTheStack) {
  const Design design = lowered(device(kTiles + kCore + buffer("a", 64) + buffer("b", 64) +
                                       buffer("c", 64) + buffer("d", 64) + buffer("e", 64)));
  EXPECT_EQ(address(design, "a"), 0x400u);
  EXPECT_EQ(address(design, "b"), 0x4000u);
  EXPECT_EQ(address(design, "c"), 0x8000u);
  EXPECT_EQ(address(design, "d"), 0xc000u);
  EXPECT_EQ(address(design, "e"), 0x440u);
}

TEST(PlaceBuffers, TheLargestFirst) {
  const Design design =
      lowered(device(kTiles + kCore + buffer("small", 64) + buffer("large", 128)));
  EXPECT_EQ(address(design, "large"), 0x400u);
  EXPECT_EQ(address(design, "small"), 0x4000u);
}

TEST(PlaceBuffers, NoStackWithoutACore) {
  EXPECT_EQ(address(lowered(device(kTiles + buffer("a", 64))), "a"), 0u);
}

TEST(PlaceBuffers, TheStackMayBeLarger) {
  const Design design = lowered(
      device(kTiles + "aie.core(%c2) { aie.end } {stack_size = 3328 : i32}\n" + buffer("a", 64)));
  EXPECT_EQ(address(design, "a"), 3328u);
  EXPECT_EQ(test::find_core(design, {0, 2})->stack_bytes, 3328u);
}

TEST(PlaceBuffers, AreAlignedToTheMemoryBus) {
  const Design design = lowered(device(kTiles + kCore + buffer("a", 12, "mem_bank = 0 : i32") +
                                       buffer("b", 12, "mem_bank = 0 : i32")));
  EXPECT_EQ(address(design, "b"), 0x420u);
  const Design packed = lowered(device(kTiles + kCore + buffer("a", 12, "mem_bank = 0 : i32") +
                                       buffer("b", 12, "mem_bank = 0 : i32, aligned = false")));
  EXPECT_EQ(address(packed, "b"), 0x40cu);
}

TEST(PlaceBuffers, MemoryTilesHaveEightBanks) {
  const Design design = lowered(device(kTiles + buffer("a", 20, "", "%m0") +
                                       buffer("b", 16, "", "%m0") + buffer("c", 65536, "", "%m0")));
  EXPECT_EQ(address(design, "c"), 0u);
  EXPECT_EQ(address(design, "a"), 0x10000u);
  EXPECT_EQ(address(design, "b"), 0x20000u);
}

TEST(PlaceBuffers, BanksAndAddressesAsGiven) {
  const Design design = lowered(device(kTiles + kCore + buffer("a", 64, "mem_bank = 2 : i32") +
                                       buffer("b", 64, "address = 17408 : i32") +
                                       buffer("c", 64, "mem_bank = 1 : i32")));
  EXPECT_EQ(address(design, "a"), 0x8000u);
  EXPECT_EQ(address(design, "b"), 17408u);
  EXPECT_EQ(address(design, "c"), 17408u + 64u);
}

TEST(PlaceBuffers, SequentialWhereNoBankHasRoom) {
  const Design design =
      lowered(device(kTiles + kCore + buffer("a", 64) + buffer("b", 40000) + buffer("c", 20000)));
  EXPECT_EQ(address(design, "b"), 1024u);
  EXPECT_EQ(address(design, "c"), 1024u + 40000u);
  EXPECT_EQ(address(design, "a"), 61024u);
}

TEST(PlaceBuffers, SequentialWhereTheTileSaysSo) {
  const Design design =
      lowered(device("%t = aie.tile(0, 3) {allocation_scheme = \"basic-sequential\"}\n" +
                     buffer("a", 64, "", "%t") + buffer("b", 64, "", "%t")));
  EXPECT_EQ(address(design, "a"), 0u);
  EXPECT_EQ(address(design, "b"), 64u);
}

TEST(PlaceBuffers, SequentialWhereTheBuilderSaysSo) {
  const std::string text =
      device("%t = aie.tile(0, 3)\n" + buffer("a", 64, "", "%t") + buffer("b", 64, "", "%t"));
  const auto sequential = lower(text, {.allocation_scheme = "basic-sequential"});
  ASSERT_TRUE(sequential) << sequential.error().message;
  EXPECT_EQ(address(*sequential, "b"), 64u);
  EXPECT_EQ(address(lowered(text), "b"), 16384u) << "the next bank";
  EXPECT_FALSE(lower(text, {.allocation_scheme = "random"}));
}

TEST(PlaceBuffers, SequentialGoesAroundThoseWithAnAddress) {
  const Design design =
      lowered(device(kTiles + buffer("a", 30000, "address = 2048 : i32") + buffer("b", 30000)));
  EXPECT_EQ(address(design, "b"), 32064u);
}

TEST(PlaceBuffers, RefusesMoreThanTheMemory) {
  const std::string message =
      refusal(device(kTiles + kCore + buffer("a", 40000) + buffer("b", 30000)));
  EXPECT_NE(message.find("Basic sequential allocation also failed"), std::string::npos) << message;
  EXPECT_NE(message.find("exceeded available memory (65536 bytes)"), std::string::npos) << message;
  EXPECT_NE(message.find("(stack) 0x0-0x3FF"), std::string::npos) << message;
  const std::string mem = refusal(device(kTiles + buffer("a", 524292, "", "%m0")));
  EXPECT_NE(mem.find("(524288 bytes)"), std::string::npos) << mem;
}

TEST(PlaceBuffers, AllOfTheMemoryIsEnough) {
  const Design design = lowered(device(kTiles + kCore + buffer("a", 64512)));
  EXPECT_EQ(address(design, "a"), 1024u);
  EXPECT_EQ(find_buffer(lowered(device(kTiles + buffer("a", 524288, "", "%m0"))), "a")->bytes,
            524288u);
}

TEST(PlaceBuffers, RefusesWhatOverlaps) {
  EXPECT_NE(refusal(device(kTiles + kCore + buffer("a", 64, "address = 512 : i32")))
                .find("overlaps with stack (size: 1024 bytes)"),
            std::string::npos);
  const std::string message = refusal(device(kTiles + buffer("a", 64, "address = 2048 : i32") +
                                             buffer("b", 64, "address = 2080 : i32")));
  EXPECT_NE(message.find("overlaps with 'a' at address 0x800"), std::string::npos) << message;
}

TEST(PlaceBuffers, RefusesAnUnalignedAddress) {
  const std::string message = refusal(device(kTiles + buffer("a", 64, "address = 2052 : i32")));
  EXPECT_NE(message.find("not aligned to tile load/store bus width (256 bits)"), std::string::npos)
      << message;
}

TEST(PlaceBuffers, RefusesInvalidBanks) {
  const std::string scheme = "%t = aie.tile(0, 3) {allocation_scheme = \"bank-aware\"}\n";
  EXPECT_NE(refusal(device(scheme + buffer("a", 64, "mem_bank = 4 : i32", "%t")))
                .find("mem_bank attribute value of 'a' is out of range"),
            std::string::npos);
  EXPECT_NE(refusal(device(scheme + buffer("a", 64, "mem_bank = 1 : i32, address = 0 : i32", "%t")))
                .find("inconsistent with address attribute"),
            std::string::npos);
  EXPECT_NE(refusal(device(scheme + buffer("a", 20000, "mem_bank = 1 : i32", "%t")))
                .find("would override existing mem_bank"),
            std::string::npos);
  EXPECT_NE(refusal(device(scheme + buffer("a", 20000, "", "%t"))).find("no bank has room for 'a'"),
            std::string::npos);
}

TEST(PlaceBuffers, RefusesAShimsMemoryAndDoubleNames) {
  EXPECT_NE(refusal(device(kTiles + buffer("a", 64, "", "%s0"))).find("has no memory"),
            std::string::npos);
  EXPECT_NE(refusal(device(kTiles + buffer("a", 64) +
                           "%a2 = aie.buffer(%c2) {sym_name = \"a\"} : memref<16xi32>\n"))
                .find("redefinition of symbol named 'a'"),
            std::string::npos);
}

TEST(PlaceBuffers, InitialValues) {
  const Design design = lowered(
      device(kTiles + "%a = aie.buffer(%c2) {sym_name = \"a\"} : memref<2xi32> = dense<[1, -2]>\n"
                      "%b = aie.buffer(%c2) {sym_name = \"b\"} : memref<2x2xi16> = dense<7>\n"
                      "%c = aie.buffer(%c2) {sym_name = \"c\"} : memref<1xbf16> = dense<1.0>\n"));
  const auto bytes = [&](const std::string& name) {
    std::vector<int> values;
    for (const std::byte byte : find_buffer(design, name)->initial) {
      values.push_back(std::to_integer<int>(byte));
    }
    return values;
  };
  EXPECT_EQ(bytes("a"), (std::vector<int>{1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}));
  EXPECT_EQ(bytes("b"), (std::vector<int>{7, 0, 7, 0, 7, 0, 7, 0}));
  EXPECT_EQ(bytes("c"), (std::vector<int>{0x80, 0x3f}));
  EXPECT_NE(refusal(device(kTiles + "%a = aie.buffer(%c2) : memref<3xi32> = dense<[1, 2]>\n")), "");
}

TEST(PlaceLocks, TakeTheFirstFreeIds) {
  const Design design = lowered(device(kTiles + lock("a") + lock("b", "%c2", ", 0") + lock("c") +
                                       lock("m", "%m0") + lock("s", "%s0")));
  EXPECT_EQ(find_lock(design, "b")->id, 0);
  EXPECT_EQ(find_lock(design, "a")->id, 1);
  EXPECT_EQ(find_lock(design, "c")->id, 2);
  EXPECT_EQ(find_lock(design, "m")->id, 0);
  EXPECT_EQ(find_lock(design, "s")->id, 0);
}

TEST(PlaceLocks, RefusesMoreThanTheTileHas) {
  std::string locks;
  for (int i = 0; i < 17; ++i) {
    locks += lock("l" + std::to_string(i));
  }
  const std::string message = refusal(device(kTiles + locks));
  EXPECT_NE(message.find("not allocated a lock, because only 16 locks available in tile (0, 2)"),
            std::string::npos)
      << message;
}

TEST(PlaceLocks, AMemoryTileHas64) {
  std::string locks;
  for (int i = 0; i < 64; ++i) {
    locks += lock("l" + std::to_string(i), "%m0");
  }
  EXPECT_EQ(find_lock(lowered(device(kTiles + locks)), "l63")->id, 63);
  EXPECT_NE(refusal(device(kTiles + locks + lock("l64", "%m0"))).find("only 64 locks available"),
            std::string::npos);
}

TEST(PlaceLocks, RefusesInvalidIdsAndValues) {
  EXPECT_NE(refusal(device(kTiles + lock("a", "%c2", ", 16")))
                .find("lock assigned invalid id (maximum is 15)"),
            std::string::npos);
  EXPECT_NE(refusal(device(kTiles + lock("a", "%c2", ", 3") + lock("b", "%c2", ", 3")))
                .find("assigned to the same lock (3) as another op"),
            std::string::npos);
  EXPECT_NE(refusal(device(kTiles + "%a = aie.lock(%c2, 0) {init = 64 : i32}\n"))
                .find("initial value 64 is not in 0..63"),
            std::string::npos);
}

/// Returns a DMA program with a ring of `n` blocks on one channel.
std::string program(const std::string& operation, const std::string& tile, int n,
                    const std::string& channel, const std::string& memory) {
  std::string text =
      operation + "(" + tile + ") {\n  %0 = aie.dma_start(" + channel + ", ^b0, ^end)\n";
  for (int i = 0; i < n; ++i) {
    text += "^b" + std::to_string(i) + ":\n  aie.dma_bd(" + memory +
            " : memref<64xi8>, 0, 16)\n  aie.next_bd ^b" + std::to_string((i + 1) % n) + "\n";
  }
  return text + "^end:\n  aie.end\n}\n";
}

TEST(PlaceDescriptors, CountUpFromZero) {
  const Design design =
      lowered(device(kTiles + buffer("a", 64) + program("aie.mem", "%c2", 16, "MM2S, 0", "%a")));
  EXPECT_EQ(design.descriptors.size(), 16u);
  EXPECT_EQ(find_descriptor(design, {0, 2}, 15)->next, 0u);
  EXPECT_EQ(find_descriptor(design, {0, 2}, 3)->next, 4u);
}

TEST(PlaceDescriptors, RefusesMoreThanACoreTileHas) {
  const std::string message =
      refusal(device(kTiles + buffer("a", 64) + program("aie.mem", "%c2", 17, "MM2S, 0", "%a")));
  EXPECT_NE(message.find("more than 16 blocks"), std::string::npos) << message;
  EXPECT_NE(message.find("no space for this bd"), std::string::npos) << message;
}

TEST(PlaceDescriptors, OddChannelsOfAMemoryTileTakeTheUpperHalf) {
  const Design design = lowered(device(kTiles + buffer("a", 64, "", "%m0") +
                                       program("aie.memtile_dma", "%m0", 24, "MM2S, 3", "%a")));
  EXPECT_EQ(find_channel(design, kMem, true, 3)->starts.at(0).first_descriptor, 24);
  EXPECT_NE(find_descriptor(design, kMem, 47), nullptr);
  EXPECT_EQ(find_descriptor(design, kMem, 0), nullptr);
}

TEST(PlaceDescriptors, RefusesMoreThanHalfOfThemOnOneParity) {
  const std::string message =
      refusal(device(kTiles + buffer("a", 64, "", "%m0") +
                     program("aie.memtile_dma", "%m0", 25, "MM2S, 0", "%a")));
  EXPECT_NE(message.find("exhausted available BD IDs (maximum 24 available for channel 0"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("no space for this bd"), std::string::npos) << message;
  EXPECT_NE(refusal(device(kTiles + buffer("a", 64, "", "%m0") +
                           program("aie.memtile_dma", "%m0", 49, "MM2S, 0", "%a")))
                .find("more than 48 blocks"),
            std::string::npos);
}

std::string one_block(const std::string& rest, const std::string& channel = "MM2S, 0") {
  return "aie.memtile_dma(%m0) {\n  %0 = aie.dma_start(" + channel +
         ", ^b0, ^end)\n^b0:\n  aie.dma_bd(%a : memref<64xi8>, 0, 16) " + rest +
         "\n  aie.next_bd ^b0\n^end:\n  aie.end\n}\n";
}

TEST(PlaceDescriptors, IdsAsGiven) {
  const std::string memory = kTiles + buffer("a", 64, "", "%m0");
  const Design design = lowered(device(memory + one_block("{bd_id = 7 : i32}")));
  EXPECT_EQ(find_channel(design, kMem, true, 0)->starts.at(0).first_descriptor, 7);
  EXPECT_EQ(find_descriptor(design, kMem, 7)->next, 7u);
  EXPECT_NE(refusal(device(memory + one_block("{bd_id = 24 : i32}")))
                .find("bd_id 24 of tile (0, 1) is not accessible from channel 0"),
            std::string::npos);
  EXPECT_NE(refusal(device(memory + one_block("{bd_id = 48 : i32}"))).find("exceeds max: 47"),
            std::string::npos);
  EXPECT_NE(refusal(device(memory + one_block("{bd_id = 3 : i32, next_bd_id = 4 : i32}")))
                .find("next_bd_id 4 contradicts the chain"),
            std::string::npos);
}

TEST(PlaceDescriptors, RefusesInvalidChannels) {
  const std::string memory = kTiles + buffer("a", 64, "", "%m0");
  EXPECT_NE(refusal(device(memory + one_block("", "MM2S, 6"))).find("which has 6"),
            std::string::npos);
  EXPECT_NE(
      refusal(device(kTiles + buffer("a", 64) + program("aie.mem", "%c2", 1, "S2MM, 2", "%a")))
          .find("uses more input channels than available on this tile"),
      std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::emu
