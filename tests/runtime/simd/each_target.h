// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include <hwy/targets.h>

namespace npuwhisper::test {

/// Runs tests with the kernels of each instruction set that is compiled in and that this CPU has.
/// The parameter is Highway's value for the instruction set.
class EachTarget : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    ASSERT_EQ(hwy::SupportedTargets() & HWY_TARGETS, GetParam())
        << "the test does not choose the kernels";
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

inline std::string target_name(const testing::TestParamInfo<std::int64_t>& info) {
  return hwy::TargetName(info.param);
}

inline auto all_targets() {
  return testing::ValuesIn(hwy::SupportedAndGeneratedTargets());
}

}  // namespace npuwhisper::test
