// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <npuwhisper/error.h>

namespace npuwhisper {
namespace {

TEST(Error, EveryCodeHasItsName) {
  EXPECT_EQ(to_string(ErrorCode::InvalidArgument), "InvalidArgument");
  EXPECT_EQ(to_string(ErrorCode::NotFound), "NotFound");
  EXPECT_EQ(to_string(ErrorCode::Unavailable), "Unavailable");
  EXPECT_EQ(to_string(ErrorCode::Unsupported), "Unsupported");
  EXPECT_EQ(to_string(ErrorCode::CorruptModel), "CorruptModel");
  EXPECT_EQ(to_string(ErrorCode::DeviceError), "DeviceError");
  EXPECT_EQ(to_string(ErrorCode::Timeout), "Timeout");
  EXPECT_EQ(to_string(ErrorCode::Cancelled), "Cancelled");
}

}  // namespace
}  // namespace npuwhisper
