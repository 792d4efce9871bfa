// SPDX-License-Identifier: LGPL-2.1-or-later
#include "programs/transcribe/time_span.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace npuwhisper::cli {
namespace {

using namespace std::chrono_literals;

TEST(TimeSpan, ParsesSecondsMinutesAndHours) {
  const std::pair<const char*, std::chrono::nanoseconds> cases[] = {
      {"0", 0ns},           {"90", 90s},          {"5400.25", 5400250ms},
      {"1:30", 90s},        {"90:00", 90min},     {"0:01:30.5", 90500ms},
      {"12:34:56", 45296s}, {"0.000000001", 1ns},
  };
  for (const auto& [text, wanted] : cases) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << time.error().message;
    EXPECT_EQ(*time, wanted) << text;
  }
}

TEST(TimeSpan, NamesNonsense) {
  for (const std::string text : {"",    "-1",    "+1",        "x",       "1x",
                                 "1.",  ".5",    "1:",        ":30",     "1:60",
                                 "1:5", "1:005", "1:2:3:4",   "1:60:00", "0.0000000001",
                                 "1e3", "1 ",    "999999999", "1.5:30",  "99999999:00:00"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(time.error().message.find("'" + text + "'"), std::string::npos);
  }
}

}  // namespace
}  // namespace npuwhisper::cli
