// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/design_spec.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "array/buffer_descriptor.h"

namespace npuwhisper::npu {
namespace {

TEST(DesignSpec, SpreadsTheRowsOfAOverTheColumns) {
  const auto wide = make_design_spec("npu2", 4, 8);
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->columns(), 8);
  EXPECT_EQ(wide->n_cores(), 32);
  EXPECT_EQ(wide->a_column(0), 0);
  EXPECT_EQ(wide->a_column(3), 6);
  const auto tall = make_design_spec("npu1", 4, 1);
  ASSERT_TRUE(tall);
  EXPECT_EQ(tall->columns(), 4);
  EXPECT_EQ(tall->a_column(3), 3);
  const auto one = make_design_spec("npu1", 1, 1);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->columns(), 1);
}

TEST(DesignSpec, EachRowOfAHasAColumnOfItsOwn) {
  for (const char* name : {"npu1", "npu2"}) {
    const int n_columns = (*find_array(name))->n_columns;
    for (int rows = 1; rows <= 4; ++rows) {
      for (int columns = 1; columns <= n_columns; ++columns) {
        const auto spec = make_design_spec(name, rows, columns);
        ASSERT_TRUE(spec);
        std::set<int> used;
        for (int row = 0; row < rows; ++row) {
          EXPECT_LT(spec->a_column(row), spec->columns());
          used.insert(spec->a_column(row));
        }
        EXPECT_EQ(used.size(), static_cast<std::size_t>(rows));
        EXPECT_LE(spec->columns(), n_columns);
      }
    }
  }
}

TEST(DesignSpec, RefusesWhatTheArrayLacks) {
  EXPECT_FALSE(make_design_spec("npu1", 4, 5));
  EXPECT_FALSE(make_design_spec("npu1", 5, 4));
  EXPECT_FALSE(make_design_spec("npu1", 0, 4));
  EXPECT_FALSE(make_design_spec("npu1", 4, 0));
  const auto unknown = make_design_spec("npu9", 1, 1);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::NotFound);
  EXPECT_NE(make_design_spec("npu1", 4, 5).error().message.find("expected 1..4"),
            std::string::npos);
}

// A memory tile has two halves of descriptors. Each channel uses descriptors of the half that it
// can access, and no descriptor is used twice.
TEST(Layout, MemoryTileDescriptorsKeepToTheirHalves) {
  std::set<int> used;
  const auto take = [&](int id, int channel) {
    EXPECT_TRUE(used.insert(id).second) << id;
    EXPECT_EQ(id / 24, channel % 2) << "descriptor " << id << ", channel " << channel;
    EXPECT_LT(id, 48);
  };
  for (int row = 0; row < 4; ++row) {
    for (int half = 0; half < 2; ++half) {
      take(layout::mem_c_in_bd(row, half), layout::kMemCIn + row);
      take(layout::mem_c_out_bd(row, half), layout::kMemCOut);
    }
  }
  for (int i = 0; i < 2 * layout::kMemABdsPerJob; ++i) take(layout::kMemABd + i, layout::kMemA);
  for (int i = 0; i < 2 * layout::kMemBBdsPerJob; ++i) take(layout::kMemBBd + i, layout::kMemB);
}

TEST(Layout, MemoriesAreNotOverfull) {
  const ArrayModel& array = **find_array("npu1");
  EXPECT_LE(layout::kMemCAddress + 2U * 4 * core::kTileBytes, layout::kMemStreamAddress);
  EXPECT_LE(layout::kMemStreamAddress + layout::kMemStreamTiles * std::uint32_t{core::kTileBytes},
            static_cast<std::uint32_t>(array.mem.memory_bytes));
  EXPECT_LE(core::kStackBytes, core::kJobAddress);
  EXPECT_LE(core::kJobAddress + static_cast<int>(sizeof(core::Job)), core::kCAddress);
  EXPECT_LE(core::kCAddress + core::kTileBytes, core::kAAddress);
  EXPECT_LE(core::kAAddress + 2 * core::kTileBytes, core::kBAddress);
  EXPECT_LE(core::kBAddress + 2 * core::kTileBytes, core::kAccumulatorAddress);
  EXPECT_LE(core::kAccumulatorAddress + 4 * core::kTileElements + core::kStaticDataBytes,
            array.core.memory_bytes);
  for (const int address : {core::kJobAddress, core::kAAddress, core::kBAddress,
                            core::kAccumulatorAddress, core::kCAddress}) {
    EXPECT_EQ(address % 64, 0);
  }
}

// A core reads A and B, and reads and writes the accumulator, in the same cycles.
TEST(Layout, OperandsAreInBanksOfTheirOwn) {
  struct Buffer {
    int begin, bytes;
    /// Returns the bytes in this bank.
    int in_bank(int bank) const {
      const int from = std::max(begin, bank * core::kBankBytes);
      const int to = std::min(begin + bytes, (bank + 1) * core::kBankBytes);
      return std::max(0, to - from);
    }
  };
  const Buffer buffers[] = {{core::kAAddress, 2 * core::kTileBytes},
                            {core::kBAddress, 2 * core::kTileBytes},
                            {core::kAccumulatorAddress, 4 * core::kTileElements}};
  for (int bank = 0; bank < 4; ++bank) {
    std::vector<int> bytes;
    for (const Buffer& buffer : buffers) bytes.push_back(buffer.in_bank(bank));
    std::ranges::sort(bytes);
    EXPECT_LE(bytes[0] + bytes[1], 1024) << bank;
  }
}

TEST(Layout, LocksAreDistinct) {
  std::set<int> locks{layout::kMemAFree, layout::kMemAFull, layout::kMemBFull, layout::kMemRowsFree,
                      layout::kMemRowsFull};
  EXPECT_EQ(locks.size(), 5U);
  for (int row = 0; row < 4; ++row) {
    EXPECT_TRUE(locks.insert(layout::kMemCFree + 2 * row).second);
    EXPECT_TRUE(locks.insert(layout::kMemCFull + 2 * row).second);
  }
}

}  // namespace
}  // namespace npuwhisper::npu
