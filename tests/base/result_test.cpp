// SPDX-License-Identifier: LGPL-2.1-or-later
#include <npuwhisper/result.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace npuwhisper {
namespace {

constexpr const char* kMessage = "model 'base.bin': expected 80 mel bins, found 128";

Result<std::string> failed() {
  return fail(ErrorCode::CorruptModel, kMessage);
}

TEST(Result, HoldsAValue) {
  Result<std::string> result = std::string("text");
  ASSERT_TRUE(result);
  EXPECT_EQ(result.value(), "text");
  EXPECT_EQ(*std::as_const(result), "text");
  EXPECT_EQ(result->size(), 4U);
  EXPECT_EQ(*std::move(result), "text");
}

TEST(Result, MovesAValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(Result, HoldsAnError) {
  const Result<std::string> result = failed();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::CorruptModel);
  EXPECT_EQ(result.error().message, kMessage);
}

TEST(Result, OfVoidHoldsSuccessOrAnError) {
  EXPECT_TRUE(Result<void>());
  Result<void>().value();
  const Result<void> result = fail(ErrorCode::Timeout, kMessage);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Timeout);
}

// A regular expression for stderr, without "(" or "|": GoogleTest's own engine supports neither.
constexpr const char* kDeath = "npuwhisper: value of a failed Result: model 'base.bin': expected";

TEST(ResultDeathTest, ValueOfAnErrorEndsWithItsMessage) {
  Result<std::string> result = failed();
  EXPECT_DEATH(static_cast<void>(result.value()), kDeath);
  EXPECT_DEATH(static_cast<void>(std::as_const(result).value()), kDeath);
  EXPECT_DEATH(static_cast<void>(failed().value()), kDeath);
}

TEST(ResultDeathTest, DereferencedErrorEndsWithItsMessage) {
  Result<std::string> result = failed();
  EXPECT_DEATH(static_cast<void>(*result), kDeath);
  EXPECT_DEATH(static_cast<void>(*std::as_const(result)), kDeath);
  EXPECT_DEATH(static_cast<void>(*failed()), kDeath);
  EXPECT_DEATH(static_cast<void>(result->size()), kDeath);
  EXPECT_DEATH(static_cast<void>(std::as_const(result)->size()), kDeath);
}

TEST(ResultDeathTest, ValueOfAFailedResultOfVoidEndsWithItsMessage) {
  const Result<void> result = fail(ErrorCode::Timeout, kMessage);
  EXPECT_DEATH(result.value(), kDeath);
}

TEST(ResultDeathTest, ErrorOfASuccessSaysSo) {
  const Result<int> result = 7;
  EXPECT_DEATH(static_cast<void>(result.error()), "error\\(\\) of a Result: it succeeded");
  EXPECT_DEATH(static_cast<void>(Result<void>().error()), "error\\(\\) of a Result: it succeeded");
}

}  // namespace
}  // namespace npuwhisper
