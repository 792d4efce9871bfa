// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/npu.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "emulator/image.h"
#include "emulator/lower.h"
#include "hand_built.h"

namespace npuwhisper::emu::test {
namespace {

/// Adds a word of the core's memory, which the stream sets, to 64 words by way of object FIFOs.
constexpr char kDesign[] = R"(
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    %added = aie.buffer(%core) {sym_name = "added"} : memref<1xi32>
    aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %forever = arith.constant 4294967295 : index
      scf.for %turn = %c0 to %forever step %c1 {
        %in_view = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %from = aie.objectfifo.subview.access %in_view[0]
            : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        %out_view = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
        %to = aie.objectfifo.subview.access %out_view[0]
            : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        %n = memref.load %added[%c0] : memref<1xi32>
        scf.for %i = %c0 to %c16 step %c1 {
          %x = memref.load %from[%i] : memref<16xi32>
          %y = arith.addi %x, %n : i32
          memref.store %y, %to[%i] : memref<16xi32>
        }
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a : memref<64xi32>, %b : memref<64xi32>) {
      aiex.npu.rtp_write(@added, 0, 5)
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1])
          {metadata = @out, id = 1 : i64, issue_token = true} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1])
          {metadata = @in, id = 0 : i64} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
)";

TEST(Npu, RunsAnImage) {
  const auto bytes = serialize({"npu1", kDesign, {}});
  auto npu = Npu::load(bytes);
  ASSERT_TRUE(npu) << npu.error().message;
  EXPECT_EQ((*npu)->array().name, "npu1");

  auto design = lower(kDesign);
  ASSERT_TRUE(design) << design.error().message;
  ASSERT_EQ(design->sequences.size(), 1U);
  HostMemory host;
  const std::uint64_t to = host.add(std::vector<std::uint32_t>(64));
  const std::uint64_t arguments[] = {host.add(counting(64)), to};
  for (std::uint64_t run = 1; run <= 2; ++run) {
    host.words(to).assign(64, 0);
    const RunOutcome outcome = (*npu)->run(design->sequences[0].instructions, arguments, host);
    ASSERT_EQ(outcome.state, RunState::Completed) << outcome.message;
    EXPECT_EQ(host.words(to), counting(64, 6));
    EXPECT_EQ((*npu)->counters().n_runs, run);
  }
  EXPECT_FALSE((*npu)->write_trace("trace.json", "NPU", 0));
}

TEST(Npu, TracesWhereTheEnvironmentAsks) {
  const std::string file = ::testing::TempDir() + "emulator_npu_test.json";
  ::setenv("NPUWHISPER_EMULATOR_TRACE", file.c_str(), 1);
  auto npu = Npu::load(serialize({"npu1", kDesign, {}}));
  ::unsetenv("NPUWHISPER_EMULATOR_TRACE");
  ASSERT_TRUE(npu) << npu.error().message;
  EXPECT_TRUE((*npu)->write_trace(file, "NPU", 0));
  std::remove(file.c_str());
}

TEST(Npu, RefusesImagesThatAreNotGood) {
  EXPECT_FALSE(Npu::load({}));
  EXPECT_FALSE(Npu::load(serialize({"npu1", "module {", {}})));
  const auto other = Npu::load(serialize({"npu2", kDesign, {}}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "the image is for array 'npu2', its design for 'npu1'");
}

}  // namespace
}  // namespace npuwhisper::emu::test
