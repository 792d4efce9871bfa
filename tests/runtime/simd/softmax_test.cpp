// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace npuwhisper {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();
constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_logits(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 8);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

double reference_log_sum(const std::vector<float>& logits) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return std::log(sum);
}

// Tests every length up to 150, so that inputs with whole vectors, with a remainder, and with both
// occur.
TEST(Softmax, AgreesWithDoubleAtEveryLength) {
  for (std::size_t n = 1; n <= 150; ++n) {
    const auto logits = random_logits(n, static_cast<unsigned>(n));
    const auto largest = std::max_element(logits.begin(), logits.end());
    EXPECT_EQ(max_of(logits), *largest) << n;
    EXPECT_EQ(find_first(logits, *largest), static_cast<std::size_t>(largest - logits.begin()));
    EXPECT_NEAR(log_sum_exp(logits), reference_log_sum(logits), 1e-5) << n;
  }
}

TEST(Softmax, AgreesWithDoubleOnAVocabulary) {
  const auto logits = random_logits(51865, 1);
  EXPECT_NEAR(log_sum_exp(logits), reference_log_sum(logits), 1e-5);
}

TEST(Softmax, ScalesByTemperature) {
  const auto logits = random_logits(1000, 2);
  const float max = max_of(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - max) / 0.4);
  EXPECT_NEAR(sum_exp(logits, max, 1 / 0.4F) / sum, 1, 1e-5);
}

TEST(Softmax, ForbiddenCountsAsNothing) {
  auto logits = random_logits(100, 3);
  const float sum = log_sum_exp(logits);
  logits.insert(logits.begin() + 50, 77, kForbidden);
  EXPECT_NEAR(log_sum_exp(logits), sum, 1e-5);
  EXPECT_EQ(log_sum_exp(std::vector<float>(40, kForbidden)), kForbidden);
  EXPECT_EQ(max_of({}), kForbidden);
}

TEST(Softmax, NotANumberCountsAsNothing) {
  auto logits = random_logits(100, 4);
  const float max = max_of(logits);
  const float sum = log_sum_exp(logits);
  logits.insert(logits.begin(), 33, kNotANumber);
  logits.insert(logits.end(), 35, kNotANumber);
  EXPECT_EQ(max_of(logits), max);
  EXPECT_NEAR(log_sum_exp(logits), sum, 1e-5);
}

TEST(Softmax, FindsTheFirstOfEquals) {
  std::vector<float> logits(100, 1);
  logits[41] = logits[70] = 2;
  EXPECT_EQ(find_first(logits, 2), 41U);
  EXPECT_EQ(find_first(logits, 3), logits.size());
}

}  // namespace
}  // namespace npuwhisper
