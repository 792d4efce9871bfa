// SPDX-License-Identifier: LGPL-2.1-or-later
// Object FIFOs are lowered as mlir-aie's AIEObjectFifoStatefulTransform lowers them.
#include <gtest/gtest.h>

#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using npu::TileId;
using test::chain;
using test::data_routes;
using test::device;
using test::find_buffer;
using test::find_channel;
using test::find_lock;
using test::lowered;
using test::refusal;

const std::string kTiles =
    "%s0 = aie.tile(0, 0)\n%m0 = aie.tile(0, 1)\n%c2 = aie.tile(0, 2)\n%c3 = aie.tile(0, 3)\n"
    "%c4 = aie.tile(0, 4)\n%d2 = aie.tile(1, 2)\n%d3 = aie.tile(1, 3)\n";
constexpr TileId kMem{0, 1};
constexpr TileId kCore{0, 2};

std::string fifo(const std::string& name, const std::string& producer, const std::string& consumers,
                 const std::string& depth = "2 : i32", const std::string& rest = "",
                 const std::string& type = "memref<16xi32>") {
  return "aie.objectfifo @" + name + "(" + producer + ", {" + consumers + "}, " + depth + ") " +
         rest + " : !aie.objectfifo<" + type + ">\n";
}

int window_lock(const Design& design, const std::string& name) {
  return find_lock(design, name)->id + 64;
}

TEST(ObjectFifo, NeighboursShareMemory) {
  const Design design = lowered(device(kTiles + fifo("of", "%c2", "%c3", "3 : i32")));
  EXPECT_EQ(design.buffers.size(), 3u);
  EXPECT_EQ(find_buffer(design, "of_buff_0")->tile, kCore);
  EXPECT_EQ(find_lock(design, "of_prod_lock_0")->initial, 3);
  EXPECT_EQ(find_lock(design, "of_cons_lock_0")->initial, 0);
  EXPECT_TRUE(data_routes(design).empty());
  EXPECT_TRUE(design.channels.empty());
}

TEST(ObjectFifo, MemoryIsWhereBothReachIt) {
  // A core can access its western neighbour's memory, but not its eastern neighbour's.
  const Design eastwards = lowered(device(kTiles + fifo("of", "%c2", "%d2")));
  EXPECT_EQ(find_buffer(eastwards, "of_buff_0")->tile, (TileId{0, 2}));
  const Design westwards = lowered(device(kTiles + fifo("of", "%d2", "%c2")));
  EXPECT_EQ(find_buffer(westwards, "of_buff_0")->tile, (TileId{0, 2}));
}

TEST(ObjectFifo, ViaDmaGivesEachEndItsBuffers) {
  const Design design =
      lowered(device(kTiles + fifo("of", "%c2", "%c3", "2 : i32", "{via_DMA = true}")));
  EXPECT_EQ(find_buffer(design, "of_buff_1")->tile, (TileId{0, 2}));
  EXPECT_EQ(find_buffer(design, "of_cons_buff_1")->tile, (TileId{0, 3}));
  ASSERT_EQ(data_routes(design).size(), 1u);
  EXPECT_EQ(design.routes[0].source, (Port{{0, 2}, PortKind::Dma, 0}));
  EXPECT_EQ(design.routes[0].destinations, (std::vector<Port>{{{0, 3}, PortKind::Dma, 0}}));
  const auto sender = chain(design, {0, 2}, true, 0);
  ASSERT_EQ(sender.size(), 2u);
  EXPECT_EQ(sender[0].length, 16u);
  EXPECT_TRUE(sender[1].use_next);
  EXPECT_EQ(static_cast<int>(sender[0].acquire_lock), find_lock(design, "of_cons_lock_0")->id);
  EXPECT_EQ(sender[0].acquire_value, -1);
  EXPECT_EQ(static_cast<int>(sender[0].release_lock), find_lock(design, "of_prod_lock_0")->id);
  EXPECT_EQ(sender[0].release_value, 1);
  const auto receiver = chain(design, {0, 3}, false, 0);
  ASSERT_EQ(receiver.size(), 2u);
  EXPECT_EQ(static_cast<int>(receiver[0].acquire_lock),
            find_lock(design, "of_cons_prod_lock_0")->id);
  EXPECT_EQ(receiver[0].address, find_buffer(design, "of_cons_buff_0")->address);
}

TEST(ObjectFifo, DistantTilesAndTheHostNeedDma) {
  const Design design = lowered(device(kTiles + fifo("in", "%s0", "%c2") +
                                       fifo("out", "%c2", "%s0") + fifo("far", "%c2", "%d3")));
  EXPECT_EQ(data_routes(design).size(), 3u);
  ASSERT_EQ(design.shim_allocations.size(), 2u);
  EXPECT_EQ(design.shim_allocations[0].symbol, "in");
  EXPECT_TRUE(design.shim_allocations[0].mm2s);
  EXPECT_EQ(design.shim_allocations[1].symbol, "out");
  EXPECT_FALSE(design.shim_allocations[1].mm2s);
  // FIFOs take the first free channel: out takes MM2S 0 of the core, far takes MM2S 1.
  EXPECT_NE(find_channel(design, {0, 2}, true, 0), nullptr);
  EXPECT_NE(find_channel(design, {0, 2}, true, 1), nullptr);
}

TEST(ObjectFifo, DepthFollowsWhatTheCoreAcquires) {
  const auto with_acquire = [](int n) {
    return device(kTiles + fifo("in", "%s0", "%c2", "8 : i32") +
                  "aie.core(%c2) {\n%v = aie.objectfifo.acquire @in(Consume, " + std::to_string(n) +
                  ") : !aie.objectfifosubview<memref<16xi32>>\naie.end\n}");
  };
  const auto n_buffers = [](const Design& design) { return design.buffers.size(); };
  EXPECT_EQ(n_buffers(lowered(with_acquire(1))), 2u);
  EXPECT_EQ(n_buffers(lowered(with_acquire(3))), 4u);
  // Without an acquire, or with a list of depths, the text determines the depth.
  EXPECT_EQ(n_buffers(lowered(device(kTiles + fifo("in", "%s0", "%c2", "8 : i32")))), 8u);
  EXPECT_EQ(n_buffers(lowered(device(kTiles + fifo("of", "%c2", "%c4, %d3", "[1, 2, 4]")))), 7u);
}

TEST(ObjectFifo, BroadcastIsOneRoute) {
  const Design design = lowered(device(kTiles + fifo("of", "%m0", "%c2, %c3, %d2")));
  ASSERT_EQ(data_routes(design).size(), 1u);
  EXPECT_EQ(design.routes[0].destinations.size(), 3u);
  EXPECT_EQ(find_buffer(design, "of_1_cons_buff_0")->tile, (TileId{0, 3}));
  EXPECT_EQ(find_buffer(design, "of_2_cons_buff_0")->tile, (TileId{1, 2}));
  EXPECT_EQ(chain(design, kMem, true, 0).size(), 2u);
}

TEST(ObjectFifo, LinkForwardsThroughOneSetOfBuffers) {
  const Design design = lowered(device(kTiles + fifo("in", "%s0", "%m0") +
                                       fifo("in2", "%m0", "%c2", "2 : i32", "", "memref<8xi32>") +
                                       "aie.objectfifo.link [@in] -> [@in2] ([] [])"));
  // The link uses the larger objects: two of 64 bytes in the memory tile, two of 32 in the core.
  EXPECT_EQ(design.buffers.size(), 4u);
  const auto receiver = chain(design, kMem, false, 0);
  const auto sender = chain(design, kMem, true, 0);
  ASSERT_EQ(receiver.size(), 2u);
  ASSERT_EQ(sender.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(receiver[i].address, sender[i].address);
    EXPECT_EQ(receiver[i].length, 16u);
    EXPECT_EQ(sender[i].length, 16u);
    EXPECT_EQ(receiver[i].acquire_lock, sender[i].release_lock);
    EXPECT_EQ(receiver[i].release_lock, sender[i].acquire_lock);
  }
  // In the address window of three memory tiles, the tile's own memory is in the middle.
  EXPECT_EQ(receiver[0].address, 0x80000u + find_buffer(design, "in_cons_buff_0")->address);
  EXPECT_EQ(static_cast<int>(receiver[0].acquire_lock), window_lock(design, "in_cons_prod_lock_0"));
}

TEST(ObjectFifo, DistributeCutsObjectsWithALockForEachPiece) {
  const Design design = lowered(device(kTiles + fifo("in", "%s0", "%m0") +
                                       fifo("a", "%m0", "%c2", "2 : i32", "", "memref<12xi32>") +
                                       fifo("b", "%m0", "%c3", "2 : i32", "", "memref<4xi32>") +
                                       "aie.objectfifo.link [@in] -> [@a, @b] ([] [0, 12])"));
  const auto receiver = chain(design, kMem, false, 0);
  ASSERT_EQ(receiver.size(), 4u);
  EXPECT_EQ(receiver[0].length, 12u);
  EXPECT_EQ(receiver[1].length, 4u);
  EXPECT_EQ(receiver[1].address, receiver[0].address + 48);
  EXPECT_EQ(static_cast<int>(receiver[1].release_lock), window_lock(design, "in_cons_cons_lock_1"));
  EXPECT_EQ(find_lock(design, "in_cons_prod_lock_1")->initial, 2);
  const auto to_b = chain(design, kMem, true, 1);
  ASSERT_EQ(to_b.size(), 2u);
  EXPECT_EQ(to_b[0].address, receiver[1].address);
  EXPECT_EQ(to_b[0].length, 4u);
  EXPECT_EQ(static_cast<int>(to_b[0].acquire_lock), window_lock(design, "in_cons_cons_lock_1"));
}

TEST(ObjectFifo, JoinPutsPiecesTogether) {
  const Design design = lowered(
      device(kTiles + fifo("a", "%c2", "%m0", "2 : i32", "", "memref<8xi32>") +
             fifo("b", "%c3", "%m0", "2 : i32", "", "memref<8xi32>") + fifo("out", "%m0", "%s0") +
             "aie.objectfifo.link [@a, @b] -> [@out] ([0, 8] [])"));
  const auto sender = chain(design, kMem, true, 0);
  ASSERT_EQ(sender.size(), 4u);
  EXPECT_EQ(sender[0].length, 8u);
  EXPECT_EQ(sender[1].address, sender[0].address + 32);
  const auto from_b = chain(design, kMem, false, 1);
  ASSERT_EQ(from_b.size(), 2u);
  EXPECT_EQ(from_b[0].address, sender[1].address);
  EXPECT_EQ(from_b[0].release_lock, sender[1].acquire_lock);
}

TEST(ObjectFifo, RepeatSendsEachObjectAgain) {
  // With one buffer, the channel repeats its task. With two buffers, each buffer has one descriptor
  // per repetition.
  const Design one =
      lowered(device(kTiles + fifo("of", "%m0", "%c2", "1 : i32", "{repeat_count = 3 : i32}")));
  EXPECT_EQ(find_channel(one, kMem, true, 0)->starts[0].repeat, 2);
  EXPECT_EQ(chain(one, kMem, true, 0).size(), 1u);
  EXPECT_EQ(find_lock(one, "of_prod_lock_0")->initial, 3);
  const Design two =
      lowered(device(kTiles + fifo("of", "%m0", "%c2", "2 : i32", "{repeat_count = 3 : i32}")));
  const auto sender = chain(two, kMem, true, 0);
  ASSERT_EQ(sender.size(), 6u);
  EXPECT_EQ(sender[0].address, sender[2].address);
  EXPECT_NE(sender[2].address, sender[3].address);
  EXPECT_EQ(find_lock(two, "of_prod_lock_0")->initial, 6);
}

TEST(ObjectFifo, RepeatOfALinkHoldsItsInput) {
  const Design design =
      lowered(device(kTiles + fifo("in", "%s0", "%m0") +
                     fifo("out", "%m0", "%c2", "2 : i32", "{repeat_count = 4 : i32}") +
                     "aie.objectfifo.link [@in] -> [@out] ([] [])"));
  const auto receiver = chain(design, kMem, false, 0);
  EXPECT_EQ(receiver[0].acquire_value, -4);
  EXPECT_EQ(receiver[0].release_value, 4);
  EXPECT_EQ(chain(design, kMem, true, 0).size(), 8u);
}

TEST(ObjectFifo, IterationsEndTheChain) {
  const Design design =
      lowered(device(kTiles + fifo("of", "%m0", "%c2", "2 : i32", "{iter_count = 5 : i32}")));
  EXPECT_EQ(find_channel(design, kMem, true, 0)->starts[0].repeat, 4);
  const auto sender = chain(design, kMem, true, 0);
  ASSERT_EQ(sender.size(), 2u);
  EXPECT_FALSE(sender[1].use_next);
}

TEST(ObjectFifo, DimensionsForceADmaAndShapeIt) {
  const Design design =
      lowered(device(
          kTiles + "aie.objectfifo @of(%c2 dimensionsToStream [<size = 4, stride = 2>, <size = 2, "
                   "stride = 1>], {%c3 dimensionsFromStream [<2, 8>, <8, 1>]}, 2 : i32) : "
                   "!aie.objectfifo<memref<16xi32>>"));
  const auto sender = chain(design, kCore, true, 0);
  EXPECT_EQ(sender[0].dims[0].wrap, 2u);
  EXPECT_EQ(sender[0].dims[0].step, 1u);
  EXPECT_EQ(sender[0].dims[1].wrap, 4u);
  EXPECT_EQ(sender[0].dims[1].step, 2u);
  const auto receiver = chain(design, {0, 3}, false, 0);
  EXPECT_EQ(receiver[0].dims[0].wrap, 8u);
  EXPECT_EQ(receiver[0].dims[1].step, 8u);
}

TEST(ObjectFifo, SmallElementsCountInWords) {
  const Design design =
      lowered(device(
          kTiles + "aie.objectfifo @of(%m0 dimensionsToStream [<size = 8, stride = 4>, <size = 4, "
                   "stride = 1>], {%c2}, 2 : i32) : !aie.objectfifo<memref<32xbf16>>"));
  const auto sender = chain(design, kMem, true, 0);
  EXPECT_EQ(sender[0].length, 16u);
  EXPECT_EQ(sender[0].dims[0].wrap, 2u);
  EXPECT_EQ(sender[0].dims[1].wrap, 8u);
  EXPECT_EQ(sender[0].dims[1].step, 2u);
}

TEST(ObjectFifo, PaddingMakesTheSentObjectLarger) {
  const Design design = lowered(device(
      kTiles + fifo("in", "%s0", "%m0", "2 : i32", "", "memref<13xi32>") +
      "aie.objectfifo @out(%m0 dimensionsToStream [<size = 13, stride = 1>], {%s0}, 2 : i32) "
      "{padDimensions = #aie<bd_pad_layout_array[<const_pad_before = 2, const_pad_after = 1>]>, "
      "padValue = 42 : i32} : !aie.objectfifo<memref<16xi32>>\n"
      "aie.objectfifo.link [@in] -> [@out] ([] [])"));
  EXPECT_EQ(find_buffer(design, "in_cons_buff_0")->bytes, 52u);
  const auto sender = chain(design, kMem, true, 0);
  EXPECT_EQ(sender[0].length, 16u);
  EXPECT_EQ(sender[0].dims[0].wrap, 13u);
  EXPECT_EQ(sender[0].dims[0].zeros_before, 2u);
  EXPECT_EQ(sender[0].dims[0].zeros_after, 1u);
  EXPECT_EQ(find_channel(design, kMem, true, 0)->pad_value, 42u);
  EXPECT_EQ(chain(design, kMem, false, 0)[0].length, 13u);
}

TEST(ObjectFifo, InitialObjectsAreFullAtOnce) {
  const Design design = lowered(
      device(kTiles + "aie.objectfifo @of(%m0, {%c2}, 2 : i32) : !aie.objectfifo<memref<2xi32>> = "
                      "[dense<[1, 2]> : memref<2xi32>, dense<7> : memref<2xi32>]"));
  EXPECT_EQ(find_lock(design, "of_prod_lock_0")->initial, 0);
  EXPECT_EQ(find_lock(design, "of_cons_lock_0")->initial, 2);
  EXPECT_EQ(find_buffer(design, "of_buff_0")->initial[4], std::byte{2});
  EXPECT_EQ(find_buffer(design, "of_buff_1")->initial[4], std::byte{7});
}

TEST(ObjectFifo, WithoutSynchronisationThereAreNoLocks) {
  const Design design = lowered(
      device(kTiles + fifo("of", "%c2", "%c4", "1 : i32", "{disable_synchronization = true}")));
  EXPECT_TRUE(design.locks.empty());
  EXPECT_FALSE(chain(design, kCore, true, 0)[0].acquire_enable);
}

TEST(ObjectFifo, FullMemoryTilesSpillIntoANeighbour) {
  const Design design = lowered(
      device(kTiles + "%m1 = aie.tile(1, 1)\n" +
             "aie.objectfifo @of(%m0, {%c2}, [3, 1]) : !aie.objectfifo<memref<50000xi32>> -> "
             "!aie.objectfifo<memref<5000xi32>>"));
  EXPECT_EQ(find_buffer(design, "of_buff_1")->tile, (TileId{0, 1}));
  EXPECT_EQ(find_buffer(design, "of_buff_2")->tile, (TileId{1, 1}));
  const auto sender = chain(design, kMem, true, 0);
  EXPECT_EQ(sender[2].address, 0x100000u + find_buffer(design, "of_buff_2")->address);
}

TEST(ObjectFifo, PinnedChannelsAreKept) {
  const Design design =
      lowered(device(kTiles + fifo("a", "%m0", "%c2") +
                     fifo("b", "%m0", "%c3", "2 : i32",
                          "{prod_dma_channel = 0 : i32, cons_dma_channels = array<i32: 1>}")));
  EXPECT_EQ(design.routes[1].source.channel, 0);
  EXPECT_EQ(design.routes[1].destinations[0].channel, 1);
  EXPECT_EQ(design.routes[0].source.channel, 1);
}

TEST(ObjectFifo, StreamEndsUseTheCoresPort) {
  const Design design =
      lowered(device(kTiles + fifo("of", "%c2", "%c4", "2 : i32",
                                   "{aie_stream = 0 : i32, aie_stream_port = 0 : i32}")));
  EXPECT_EQ(design.routes[0].source, (Port{kCore, PortKind::Core, 0}));
  EXPECT_EQ(design.buffers.size(), 2u);
}

struct Refused {
  std::string body;
  std::string message;
};

class ObjectFifoRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ObjectFifoRefuses, InMlirAiesWords) {
  const std::string message = refusal(device(kTiles + GetParam().body));
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
}

std::string many_fifos(int n, const std::string& producer, const std::string& consumer) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    text += fifo("of" + std::to_string(i), producer, consumer, "1 : i32");
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ObjectFifoRefuses,
    testing::Values(
        Refused{many_fifos(3, "%c2", "%c4"), "number of output DMA channel exceeded"},
        Refused{many_fifos(3, "%m0", "%c2"), "number of input DMA channel exceeded"},
        Refused{fifo("of", "%s0", "%c2", "2 : i32", "{repeat_count = 2 : i32}"),
                "`repeat_count` unavailable for shim tiles"},
        Refused{fifo("of", "%c2", "%c3", "[2, 2, 2]"), "does not have enough depths specified"},
        Refused{fifo("of", "%c2", "%c4", "40 : i32", "{repeat_count = 2 : i32}", "memref<1xi32>"),
                "initial value 80 is not in 0..63"},
        Refused{fifo("of", "%c2", "%c3", "2 : i32", "{plio = true}"), "'plio'"},
        Refused{fifo("of", "%c2", "%c3", "2 : i32", "{colour = 3 : i32}"),
                "attribute 'colour' of 'aie.objectfifo' is not modelled"},
        Refused{fifo("a", "%c2", "%c3") + fifo("b", "%c4", "%d2") +
                    "aie.objectfifo.link [@a] -> [@b] ([] [])",
                "must have a link point"},
        Refused{fifo("a", "%s0", "%m0") + fifo("b", "%m0", "%c2") +
                    "aie.objectfifo.link [@a] -> [@b] ([] [])\n"
                    "aie.objectfifo.link [@a] -> [@b] ([] [])",
                "cannot be in more than one ObjectFifoLinkOp"},
        Refused{fifo("a", "%s0", "%m0") + fifo("b", "%m0", "%c2") + fifo("c", "%m0", "%c3") +
                    "aie.objectfifo.link [@a] -> [@b, @c] ([] [0])",
                "number of provided dst offsets must be equal"},
        Refused{fifo("a", "%s0", "%c2") + fifo("b", "%c2", "%c4") + fifo("c", "%c2", "%d3") +
                    "aie.objectfifo.link [@a] -> [@b, @c] ([] [0, 8])",
                "unavailable on compute or shim tiles"},
        Refused{fifo("of", "%c2", "%c3") + "aie.core(%c4) {\n%v = aie.objectfifo.acquire "
                                           "@of(Produce, 1) : memref<16xi32>\naie.end\n}",
                "accessed by core running on non-producer tile"},
        Refused{fifo("of", "%c2", "%c3") + "aie.core(%c2) {\n%a:3 = aie.objectfifo.acquire "
                                           "@of(Produce, 3) : memref<16xi32>, memref<16xi32>, "
                                           "memref<16xi32>\naie.end\n}",
                "it would wait forever"},
        Refused{fifo("of", "%c2", "%c3") +
                    "aie.core(%c2) {\n%v = aie.objectfifo.acquire @of(Produce, 1) : "
                    "!aie.objectfifosubview<memref<16xi32>>\n%e = aie.objectfifo.subview.access "
                    "%v[1] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>\naie.end\n}",
                "index out of bounds"},
        Refused{"aie.core(%c2) {\naie.objectfifo.release @nothing(Produce, 1)\naie.end\n}",
                "cannot retrieve associated object FIFO"}));

}  // namespace
}  // namespace npuwhisper::emu
