// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/memory_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <npuwhisper/log.h>

namespace npuwhisper {
namespace {

constexpr MemoryNeed kNeed{.weight_bytes = 1'700'000'000,
                           .working_bytes = 100'000'000,
                           .stream_bytes = 60'000'000,
                           .other_bytes = 40'000'000};

class MemoryCheck : public testing::Test {
 protected:
  void SetUp() override {
    set_log_sink([this](LogLevel level, std::string_view text) {
      EXPECT_EQ(level, LogLevel::Warning);
      warnings_.emplace_back(text);
    });
  }
  void TearDown() override { set_log_sink({}); }

  Result<void> check(const MemoryLimits& limits) {
    return check_memory("/models/large-v3", kNeed, limits, [this](std::uint64_t bytes) {
      asked_.push_back(bytes);
      return fitting_;
    });
  }

  std::vector<std::string> warnings_;
  std::vector<std::uint64_t> asked_;
  std::optional<std::string_view> fitting_ = "small";
};

TEST_F(MemoryCheck, RefusesWhatCanNeverFit) {
  const auto checked = check({.possible = MemoryLimit{1'000'000'000, "the limit of x"},
                              .available = MemoryLimit{1, "the rest"}});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(checked.error().message,
            "model '/models/large-v3': memory: found 1.0 GB, the limit of x, wanted 1.9 GB; model "
            "'small' fits");
  EXPECT_EQ(asked_, std::vector<std::uint64_t>{1'000'000'000});
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(MemoryCheck, SaysThatNoModelFits) {
  fitting_.reset();
  const auto checked = check({.possible = MemoryLimit{20'000'000, "it"}, .available = {}});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message,
            "model '/models/large-v3': memory: found 20 MB, it, wanted 1.9 GB; no published model "
            "fits");
}

TEST_F(MemoryCheck, WarnsOnceIfMemoryIsNotAvailable) {
  EXPECT_TRUE(check({.possible = MemoryLimit{1'900'000'000, "the limit"},
                     .available = MemoryLimit{1'899'999'999, "the rest"}}));
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(warnings_[0],
            "model '/models/large-v3': memory: found 1.9 GB, the rest, wanted 1.9 GB; loading may "
            "fail, or may slow down this machine");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(MemoryCheck, AcceptsWhatFitsExactlyOrHasNoLimit) {
  EXPECT_TRUE(check({.possible = MemoryLimit{1'900'000'000, "the limit"},
                     .available = MemoryLimit{1'900'000'000, "the rest"}}));
  EXPECT_TRUE(check({}));
  EXPECT_TRUE(warnings_.empty());
  EXPECT_TRUE(asked_.empty());
}

TEST(DescribeBytes, ChoosesTheUnit) {
  EXPECT_EQ(describe_bytes(0), "0 MB");
  EXPECT_EQ(describe_bytes(81'600'000), "82 MB");
  EXPECT_EQ(describe_bytes(999'400'000), "999 MB");
  EXPECT_EQ(describe_bytes(999'600'000), "1.0 GB");
  EXPECT_EQ(describe_bytes(1'940'000'000), "1.9 GB");
}

}  // namespace
}  // namespace npuwhisper
