// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/trim.h"

#include <gtest/gtest.h>

namespace npuwhisper {
namespace {

TEST(Trim, RemovesWhiteSpaceAtTheEndsOnly) {
  EXPECT_EQ(trim(" \n a b\t"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(trim("你好"), "你好");
}

}  // namespace
}  // namespace npuwhisper
