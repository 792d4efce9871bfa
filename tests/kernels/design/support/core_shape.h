// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <gtest/gtest.h>

namespace npuwhisper::npu {

/// The array and the cores of a design. It is a parameter of tests.
struct CoreShape {
  const char* array;
  int rows, columns;
};

/// Returns the name of a test's shape, such as "npu2_4x8".
inline std::string name_of(const testing::TestParamInfo<CoreShape>& shape) {
  return std::string(shape.param.array) + "_" + std::to_string(shape.param.rows) + "x" +
         std::to_string(shape.param.columns);
}

/// Shapes for tests of plans, which are fast.
inline constexpr CoreShape kPlannedShapes[] = {{"npu1", 1, 1}, {"npu1", 4, 1}, {"npu1", 1, 4},
                                               {"npu1", 2, 2}, {"npu1", 4, 4}, {"npu2", 1, 1},
                                               {"npu2", 4, 4}, {"npu2", 4, 8}};

}  // namespace npuwhisper::npu
