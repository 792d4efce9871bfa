// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/driver/fault_script.h"

#include <gtest/gtest.h>

#include <string>

namespace npuwhisper::emu {
namespace {

TEST(FaultScript, HitsTheRunsThatItNames) {
  auto script = FaultScript::parse("error@2,hang@4-5,lost@7,abort@8,timeout@9,stale@11");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->next_run(), std::nullopt);
  EXPECT_EQ(script->next_run(), FaultKind::Error);
  EXPECT_EQ(script->next_run(), std::nullopt);
  EXPECT_EQ(script->next_run(), FaultKind::Hang);
  EXPECT_EQ(script->next_run(), FaultKind::Hang);
  EXPECT_EQ(script->next_run(), std::nullopt);
  EXPECT_EQ(script->next_run(), FaultKind::Lost);
  EXPECT_EQ(script->next_run(), FaultKind::Abort);
  EXPECT_EQ(script->next_run(), FaultKind::Timeout);
  EXPECT_EQ(script->next_run(), std::nullopt);
  EXPECT_EQ(script->next_run(), FaultKind::Stale);
}

TEST(FaultScript, CountsLoadsApartFromRuns) {
  auto script = FaultScript::parse("load@2,error@1,dirty@3");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->next_load(), std::nullopt);
  EXPECT_EQ(script->next_run(), FaultKind::Error);
  EXPECT_EQ(script->next_load(), FaultKind::Load);
  EXPECT_EQ(script->next_load(), FaultKind::Dirty);
  EXPECT_EQ(script->next_load(), std::nullopt);
  EXPECT_EQ(script->next_run(), std::nullopt);
}

TEST(FaultScript, WithoutFaultsNothingHappens) {
  FaultScript script;
  EXPECT_EQ(script.next_run(), std::nullopt);
  EXPECT_EQ(script.next_load(), std::nullopt);
}

TEST(FaultScript, MalformedScriptsAreNamed) {
  for (const std::string text :
       {"", "error", "error@", "error@0", "error@-1", "error@x", "oops@1", "error@1,", ",error@1",
        "error@3-2", "error@1-", "error@1-2-3", "error @1", "error@99999999999999999999"}) {
    const auto script = FaultScript::parse(text);
    ASSERT_FALSE(script) << text;
    EXPECT_EQ(script.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(script.error().message.find("'" + text + "'"), std::string::npos)
        << script.error().message;
  }
}

}  // namespace
}  // namespace npuwhisper::emu
