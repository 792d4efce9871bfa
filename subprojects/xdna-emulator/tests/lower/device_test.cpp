// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of devices, and of the refusal of unknown constructs by name and line.
#include <gtest/gtest.h>

#include "lowering.h"

namespace npuwhisper::emu {
namespace {

using test::device;
using test::lowered;
using test::refusal;

TEST(Device, ColumnsOfTheArray) {
  EXPECT_EQ(lowered(device("", "npu1")).n_columns, 4);
  EXPECT_EQ(lowered(device("", "npu1_1col")).n_columns, 1);
  EXPECT_EQ(lowered(device("", "npu2")).n_columns, 8);
  EXPECT_EQ(lowered(device("", "npu2_7col")).n_columns, 7);
  EXPECT_EQ(lowered(device("", "npu2")).array->name, "npu2");
  for (const char* const none : {"npu3", "npu1_5col", "npu2_0col", "xcvc1902", "npu1_col", "NPU"}) {
    EXPECT_NE(refusal(device("", none)).find(none), std::string::npos) << none;
  }
}

TEST(Device, OneOfSeveralByItsSymbol) {
  const std::string text =
      "aie.device(npu1) @first {\n%t = aie.tile(0, 2)\n%a = aie.buffer(%t) {sym_name = \"a\"} : "
      "memref<4xi32>\n}\naie.device(npu2) @main { }\n";
  EXPECT_EQ(lowered(text).name, "first");
  const Result<Design> main = lower(text, {.device = "main"});
  ASSERT_TRUE(main);
  EXPECT_EQ(main->n_columns, 8);
  const Result<Design> none = lower(text, {.device = "other"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::NotFound);
  EXPECT_EQ(none.error().message, "the text has no aie.device @other");
}

TEST(Device, InAModuleOrAlone) {
  EXPECT_EQ(lowered("module { aie.device(npu1) { } }").n_columns, 4);
  EXPECT_EQ(lowered("module @name { aie.device(npu1) { } }").n_columns, 4);
  EXPECT_EQ(lowered("\"builtin.module\"() ({ aie.device(npu1) { } }) : () -> ()").n_columns, 4);
  const Result<Design> none = lower("");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::NotFound);
}

TEST(Device, GenericForm) {
  const Design design = lowered(
      "\"aie.device\"() <{device = 9 : i32, sym_name = \"main\"}> ({\n"
      "%t = \"aie.tile\"() <{col = 0 : i32, row = 2 : i32}> : () -> index\n"
      "%a = \"aie.buffer\"(%t) <{sym_name = \"a\"}> : (index) -> memref<4xi32>\n"
      "%l = \"aie.lock\"(%t) <{lockID = 3 : i32, init = 1 : i32}> : (index) -> index\n"
      "\"aie.end\"() : () -> ()\n}) : () -> ()\n");
  ASSERT_EQ(design.buffers.size(), 1u);
  ASSERT_EQ(design.locks.size(), 1u);
  EXPECT_EQ(design.locks[0].id, 3);
  EXPECT_EQ(design.array->name, "npu2");
  EXPECT_EQ(design.n_columns, 1);
}

struct Refused {
  std::string body;
  std::string message;
  ErrorCode code = ErrorCode::InvalidArgument;
};

TEST(Device, RefusesWhatItDoesNotKnowByNameAndLine) {
  const std::vector<Refused> cases = {
      {"%t = aie.tile(0, 2)\n%a = aie.buffer(%t) {colour = 1 : i32} : memref<4xi32>\n", "colour",
       ErrorCode::Unsupported},
      {"%t = aie.tile(0, 2)\naie.dance(%t)\n", "aie.dance", ErrorCode::Unsupported},
      {"\n%t = aie.tile(4, 2)\n",
       "column index (4) must be less than the number of columns in the device (4)"},
      {"\n%t = aie.tile(0, 6)\n", "row index (6) must be less than the number of rows"},
      {"\n%t = aie.logical_tile<CoreTile>(?, ?)\n", "placement of 'aie.logical_tile'",
       ErrorCode::Unsupported},
      {"%t = aie.tile(0, 2)\n%a = aie.buffer(%u) : memref<4xi32>\n", "%u"},
      {"%t = aie.tile(0, 2)\n%a = aie.buffer(%t) : memref<?xi32>\n", "memref<?xi32>"},
      {"%t = aie.tile(0, 1)\n%c = aie.core(%t) { aie.end }\n", "is not a core tile"},
      {"%t = aie.tile(0, 2)\n%c = aie.core(%t) { aie.end } {elf_file = \"x.elf\"}\n",
       "a core from an ELF file", ErrorCode::Unsupported},
      {"%t = aie.tile(0, 2)\naie.shim_dma_allocation @a(%t, MM2S, 0)\n",
       "tile must be a shim tile"},
      {"%t = aie.tile(0, 0)\naie.shim_dma_allocation @a(%t, MM2S, 2)\n", "channel_index"},
      {"\naie.trace @t(%t) packet(1) { }\n", "aie.trace", ErrorCode::Unsupported},
  };
  for (const Refused& one : cases) {
    const Result<Design> found = lower(device(one.body));
    ASSERT_FALSE(found) << one.body;
    const std::string& message = found.error().message;
    EXPECT_NE(message.find(one.message), std::string::npos) << one.body << message;
    EXPECT_EQ(message.find("line 3"), 0u) << one.body << message;
    EXPECT_EQ(found.error().code, one.code) << message;
  }
}

TEST(Device, RefusesASecondCoreOrSymbol) {
  EXPECT_NE(refusal(device("%t = aie.tile(0, 2)\n%a = aie.core(%t) { aie.end }\n%b = aie.core(%t) "
                           "{ aie.end }\n"))
                .find("tile (0, 2) has another core already"),
            std::string::npos);
  EXPECT_NE(refusal(device("%t = aie.tile(0, 0)\naie.shim_dma_allocation @a(%t, MM2S, "
                           "0)\naie.shim_dma_allocation @a(%t, MM2S, 1)\n"))
                .find("redefinition of symbol named 'a'"),
            std::string::npos);
}

}  // namespace
}  // namespace npuwhisper::emu
