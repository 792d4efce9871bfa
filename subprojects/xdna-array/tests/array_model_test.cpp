// SPDX-License-Identifier: LGPL-2.1-or-later
#include "array/array_model.h"

#include <gtest/gtest.h>

namespace npuwhisper::npu {
namespace {

TEST(ArrayModel, FindsBothArraysByName) {
  const auto npu1 = find_array("npu1");
  ASSERT_TRUE(npu1);
  EXPECT_EQ((*npu1)->n_columns, 4);
  EXPECT_EQ((*npu1)->generation, Generation::Aie2);
  const auto npu2 = find_array("npu2");
  ASSERT_TRUE(npu2);
  EXPECT_EQ((*npu2)->n_columns, 8);
  EXPECT_EQ((*npu2)->generation, Generation::Aie2p);
}

TEST(ArrayModel, RefusesAnUnknownName) {
  const auto array = find_array("npu3");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().code, ErrorCode::NotFound);
  EXPECT_NE(array.error().message.find("'npu3'"), std::string::npos);
}

TEST(ArrayModel, RowsSayWhatATileIs) {
  const ArrayModel& array = **find_array("npu1");
  EXPECT_EQ(array.kind({2, 0}), TileKind::Shim);
  EXPECT_EQ(array.kind({2, 1}), TileKind::Mem);
  EXPECT_EQ(array.kind({2, 2}), TileKind::Core);
  EXPECT_EQ(array.kind({2, 5}), TileKind::Core);
  EXPECT_EQ(array.limits(TileKind::Mem).n_descriptors, 48);
  EXPECT_EQ(array.limits(TileKind::Core).max_wrap, 255);
  EXPECT_EQ(array.limits(TileKind::Shim).n_dims, 3);
}

TEST(ArrayModel, KnowsItsEdges) {
  const ArrayModel& array = **find_array("npu1");
  EXPECT_TRUE(array.contains({0, 0}));
  EXPECT_TRUE(array.contains({3, 5}));
  EXPECT_FALSE(array.contains({4, 0}));
  EXPECT_FALSE(array.contains({0, 6}));
  EXPECT_FALSE(array.contains({-1, 0}));
  EXPECT_FALSE(array.contains({0, -1}));
}

}  // namespace
}  // namespace npuwhisper::npu
