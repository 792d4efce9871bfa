// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/log_power.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace npuwhisper {
namespace {

TEST(LogPower, MatchesLog10OverTheWholeRange) {
  std::vector<float> power;
  for (double exponent = -12; exponent < 30; exponent += 0.0137) {
    power.push_back(static_cast<float>(std::pow(10.0, exponent)));
  }
  std::vector<float> log10(power.size());
  const float largest = log10_power(power, log10);
  for (std::size_t i = 0; i < power.size(); ++i) {
    const double wanted = std::log10(std::max(static_cast<double>(power[i]), 1e-10));
    EXPECT_NEAR(log10[i], wanted, 1e-6 * std::max(1.0, std::abs(wanted))) << power[i];
  }
  EXPECT_EQ(largest, *std::max_element(log10.begin(), log10.end()));
}

TEST(LogPower, SilenceIsTheSmallestValueExactly) {
  const std::vector<float> power(80, 0.0F);
  std::vector<float> log10(80, 1.0F);
  EXPECT_EQ(log10_power(power, log10), kMinLogPower);
  for (const float value : log10) EXPECT_EQ(value, kMinLogPower);
}

TEST(LogPower, TouchesNothingAfterTheEndForAnySize) {
  for (std::size_t n = 1; n < 70; ++n) {
    std::vector<float> power(n + 1, 5.0F);
    power[n] = 1e20F;  // Changes the result if the function reads beyond the input.
    const std::span<float> inside = std::span(power).first(n);
    const float largest = log10_power(inside, inside);
    EXPECT_NEAR(largest, std::log10(5.0), 1e-6) << n;
    for (const float value : inside) EXPECT_EQ(value, largest) << n;
    EXPECT_EQ(power[n], 1e20F) << n;
  }
}

}  // namespace
}  // namespace npuwhisper
