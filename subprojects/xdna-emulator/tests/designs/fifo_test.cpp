// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tests of object FIFOs between the host, memory tiles and cores of several columns.
#include "text_design.h"

namespace npuwhisper::emu::test {
namespace {

using FifoDesign = TextDesign;
INSTANTIATE_TEST_SUITE_P(Arrays, FifoDesign, ::testing::Values("npu1", "npu2"));

TEST_P(FifoDesign, AWindowSlidesOverADeepOne) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %first = aie.tile(0, 2)
    %second = aie.tile(1, 4)
    aie.objectfifo @in(%shim, {%first}, 2 : i32) : !aie.objectfifo<memref<4xi32>>
    aie.objectfifo @between(%first, {%second}, 4 : i32) : !aie.objectfifo<memref<4xi32>>
    aie.objectfifo @out(%second, {%shim}, 2 : i32) : !aie.objectfifo<memref<4xi32>>
)" + adding_core("%first", "in", "between", 4, 1) +
                               R"(
    aie.core(%second) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %c6 = arith.constant 6 : index
      %forever = arith.constant 4294967295 : index
      scf.for %turn = %c0 to %forever step %c1 {
        scf.for %window = %c0 to %c6 step %c1 {
          %a = aie.objectfifo.acquire @between(Consume, 3) : !aie.objectfifosubview<memref<4xi32>>
          %x0 = aie.objectfifo.subview.access %a[0]
              : !aie.objectfifosubview<memref<4xi32>> -> memref<4xi32>
          %x1 = aie.objectfifo.subview.access %a[1]
              : !aie.objectfifosubview<memref<4xi32>> -> memref<4xi32>
          %x2 = aie.objectfifo.subview.access %a[2]
              : !aie.objectfifosubview<memref<4xi32>> -> memref<4xi32>
          %b = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<4xi32>>
          %y = aie.objectfifo.subview.access %b[0]
              : !aie.objectfifosubview<memref<4xi32>> -> memref<4xi32>
          scf.for %i = %c0 to %c4 step %c1 {
            %v0 = memref.load %x0[%i] : memref<4xi32>
            %v1 = memref.load %x1[%i] : memref<4xi32>
            %v2 = memref.load %x2[%i] : memref<4xi32>
            %s = arith.addi %v0, %v1 : i32
            %t = arith.addi %s, %v2 : i32
            memref.store %t, %y[%i] : memref<4xi32>
          }
          aie.objectfifo.release @between(Consume, 1)
          aie.objectfifo.release @out(Produce, 1)
        }
        aie.objectfifo.release @between(Consume, 2)
      }
      aie.end
    }
)" + in_out_sequence(32, 24),
                           {counting(32), Words(24)}, 2);
  for (std::uint32_t i = 0; i < 24; ++i) EXPECT_EQ(buffers[1][i], 3 * (i + 1) + 12) << i;
}

TEST_P(FifoDesign, ALinkDistributesAndAnotherJoins) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %c2 = aie.tile(0, 2)
    %c3 = aie.tile(0, 3)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @in0(%mem, {%c2}, 2 : i32) : !aie.objectfifo<memref<6xi32>>
    aie.objectfifo @in1(%mem, {%c3}, 2 : i32) : !aie.objectfifo<memref<10xi32>>
    aie.objectfifo.link [@in] -> [@in0, @in1] ([] [0, 6])
    aie.objectfifo @out0(%c2, {%mem}, 2 : i32) : !aie.objectfifo<memref<6xi32>>
    aie.objectfifo @out1(%c3, {%mem}, 2 : i32) : !aie.objectfifo<memref<10xi32>>
    aie.objectfifo @out(%mem, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo.link [@out0, @out1] -> [@out] ([0, 6] [])
)" + adding_core("%c2", "in0", "out0", 6, 100) +
                               adding_core("%c3", "in1", "out1", 10, 200) + in_out_sequence(64, 64),
                           {counting(64), Words(64)});
  for (std::uint32_t i = 0; i < 64; ++i) {
    EXPECT_EQ(buffers[1][i], i + (i % 16 < 6 ? 100 : 200)) << i;
  }
}

TEST_P(FifoDesign, ABroadcastReachesCoresOfTwoColumns) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %c2 = aie.tile(0, 2)
    %c5 = aie.tile(0, 5)
    %d3 = aie.tile(1, 3)
    aie.objectfifo @in(%shim, {%c2, %c5, %d3}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @out0(%c2, {%mem}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @out1(%c5, {%mem}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @out2(%d3, {%mem}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @out(%mem, {%shim}, 2 : i32) : !aie.objectfifo<memref<24xi32>>
    aie.objectfifo.link [@out0, @out1, @out2] -> [@out] ([0, 8, 16] [])
)" + adding_core("%c2", "in", "out0", 8, 100) +
                               adding_core("%c5", "in", "out1", 8, 200) +
                               adding_core("%d3", "in", "out2", 8, 300) + in_out_sequence(32, 96),
                           {counting(32), Words(96)});
  for (std::uint32_t i = 0; i < 96; ++i) {
    EXPECT_EQ(buffers[1][i], i / 24 * 8 + i % 8 + 100 * (i % 24 / 8 + 1)) << i;
  }
}

TEST_P(FifoDesign, RepeatedObjectsComeSeveralTimes) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%mem}, 1 : i32) : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo @again(%mem, {%core}, 1 : i32) {repeat_count = 3 : i32}
        : !aie.objectfifo<memref<8xi32>>
    aie.objectfifo.link [@in] -> [@again] ([] [0])
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<8xi32>>
)" + adding_core("%core", "again", "out", 8, 5) +
                               in_out_sequence(32, 96),
                           {counting(32), Words(96)});
  for (std::uint32_t i = 0; i < 96; ++i) EXPECT_EQ(buffers[1][i], i / 24 * 8 + i % 8 + 5) << i;
}

TEST_P(FifoDesign, BothEndsReorderInSeveralDimensions) {
  // The memory tile splits 8 x 8 words into blocks of 4 x 4. The core's end transposes each block.
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @blocks(%mem dimensionsToStream [<size = 2, stride = 32>, <size = 2, stride = 4>,
                                                    <size = 4, stride = 8>, <size = 4, stride = 1>],
        {%core dimensionsFromStream [<size = 4, stride = 16>, <size = 4, stride = 1>,
                                     <size = 4, stride = 4>]}, 2 : i32)
        : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@in] -> [@blocks] ([] [0])
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
)" + adding_core("%core", "blocks", "out", 64, 0) +
                               in_out_sequence(128, 128),
                           {counting(128), Words(128)});
  for (std::uint32_t i = 0; i < 128; ++i) {
    const std::uint32_t block = i % 64 / 16;
    const std::uint32_t row = block / 2 * 4 + i % 4;
    const std::uint32_t column = block % 2 * 4 + i % 16 / 4;
    EXPECT_EQ(buffers[1][i], i / 64 * 64 + row * 8 + column) << i;
  }
}

TEST_P(FifoDesign, AMemoryTilePadsWhatItSends) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<6xi32>>
    aie.objectfifo @padded(%mem dimensionsToStream [<size = 2, stride = 3>, <size = 3, stride = 1>],
        {%core}, 2 : i32)
        {padDimensions = #aie<bd_pad_layout_array[<const_pad_before = 1, const_pad_after = 0>,
                                                  <const_pad_before = 0, const_pad_after = 1>]>}
        : !aie.objectfifo<memref<12xi32>>
    aie.objectfifo.link [@in] -> [@padded] ([] [0])
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<12xi32>>
)" + adding_core("%core", "padded", "out", 12, 1) +
                               in_out_sequence(12, 24),
                           {counting(12, 10), Words(24)});
  // Each 2 x 3 object has a row of zeros before it and a column of zeros after it. The core adds 1
  // to every word.
  EXPECT_EQ(buffers[1], (Words{1, 1, 1, 1, 11, 12, 13, 1, 14, 15, 16, 1,  //
                               1, 1, 1, 1, 17, 18, 19, 1, 20, 21, 22, 1}));
}

TEST_P(FifoDesign, ObjectsCanBeThereFromTheStart) {
  const auto buffers = run(R"(
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %core = aie.tile(0, 2)
    aie.objectfifo @table(%mem, {%core}, 2 : i32) : !aie.objectfifo<memref<4xi32>>
        = [dense<[1, 2, 3, 4]> : memref<4xi32>, dense<7> : memref<4xi32>]
    aie.objectfifo @out(%core, {%shim}, 1 : i32) : !aie.objectfifo<memref<4xi32>>
)" + adding_core("%core", "table", "out", 4, 10) +
                               "aie.runtime_sequence(%a : memref<8xi32>) {\n" +
                               transfer("%a", 8, "out", 0) + "aiex.npu.dma_wait {symbol = @out} }",
                           {Words(8)});
  EXPECT_EQ(buffers[0], (Words{11, 12, 13, 14, 17, 17, 17, 17}));
}

}  // namespace
}  // namespace npuwhisper::emu::test
