// SPDX-License-Identifier: LGPL-2.1-or-later
#include "audio/fft_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <thread>
#include <vector>

namespace npuwhisper {
namespace {

TEST(FftPlan, RejectsSizesBelowTwoAndOddSizes) {
  for (const int size : {-2, 0, 1, 401}) {
    const auto plan = FftPlan::create(size);
    ASSERT_FALSE(plan) << size;
    EXPECT_EQ(plan.error().code, ErrorCode::InvalidArgument) << size;
  }
}

TEST(FftPlan, KeepsItsInput) {
  const auto plan = FftPlan::create(400);
  ASSERT_TRUE(plan) << plan.error().message;
  for (std::size_t i = 0; i < 400; ++i) (*plan)->input()[i] = static_cast<float>(i % 13);
  (*plan)->execute();
  for (std::size_t i = 0; i < 400; ++i) {
    ASSERT_EQ((*plan)->input()[i], static_cast<float>(i % 13)) << i;
  }
}

TEST(FftPlan, MatchesTheDefinition) {
  constexpr int kSize = 400;
  const auto plan = FftPlan::create(kSize);
  ASSERT_TRUE(plan) << plan.error().message;
  const std::span<float> input = (*plan)->input();
  ASSERT_EQ(input.size(), std::size_t{kSize});
  std::vector<double> samples(kSize);
  for (int i = 0; i < kSize; ++i) {
    input[static_cast<std::size_t>(i)] =
        static_cast<float>((i * 37 + i * i * 11) % 101) / 50.0F - 1.0F;
    samples[static_cast<std::size_t>(i)] = input[static_cast<std::size_t>(i)];
  }
  const std::span<const float> output = (*plan)->execute();
  ASSERT_EQ(output.size(), std::size_t{kSize + 2});
  for (int k = 0; k <= kSize / 2; ++k) {
    double re = 0, im = 0;
    for (int i = 0; i < kSize; ++i) {
      const double angle = -2.0 * std::numbers::pi * k * i / kSize;
      re += samples[static_cast<std::size_t>(i)] * std::cos(angle);
      im += samples[static_cast<std::size_t>(i)] * std::sin(angle);
    }
    EXPECT_NEAR(output[static_cast<std::size_t>(2 * k)], re, 2e-5) << "bin " << k;
    EXPECT_NEAR(output[static_cast<std::size_t>(2 * k + 1)], im, 2e-5) << "bin " << k;
  }
}

TEST(FftPlan, ManyThreadsPlanAndExecuteSideBySide) {
  const auto spectrum = [](std::vector<float>& out) {
    for (int round = 0; round < 20; ++round) {
      const auto plan = FftPlan::create(400);
      ASSERT_TRUE(plan);
      for (std::size_t i = 0; i < 400; ++i) (*plan)->input()[i] = static_cast<float>(i % 7);
      const std::span<const float> bins = (*plan)->execute();
      out.assign(bins.begin(), bins.end());
    }
  };
  std::vector<std::vector<float>> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back(spectrum, std::ref(result));
  }
  for (const auto& result : results) EXPECT_EQ(result, results[0]);
}

}  // namespace
}  // namespace npuwhisper
