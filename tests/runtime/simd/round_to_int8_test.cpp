// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simd/round_to_int8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "each_target.h"

namespace npuwhisper::cpu {
namespace {

constexpr std::size_t kLargest = 200;

class RoundToInt8 : public test::EachTarget {
 protected:
  std::vector<float> random_row(std::size_t n) {
    std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
    std::vector<float> row(n);
    for (float& x : row) x = distribution(generator_);
    return row;
  }
  std::mt19937 generator_{1};
};

TEST_P(RoundToInt8, EverySizeIsRoundedAndSummed) {
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto row = random_row(n);
    std::vector<std::int8_t> out(n + 1, 77);
    const std::int32_t sum = round_to_int8(row.data(), 127.0F, out.data(), n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(out[i], std::lrint(row[i] * 127.0F)) << i;
    EXPECT_EQ(sum, std::accumulate(out.begin(), out.end() - 1, 0));
    EXPECT_EQ(out[n], 77) << "wrote past the end";
  }
}

TEST_P(RoundToInt8, TiesGoToEvenAndLargeNumbersAreLimited) {
  std::vector<float> row(40, 0.0F);
  const std::vector<float> first = {0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 126.5F, 127.6F, 1e30F, -1e30F};
  std::ranges::copy(first, row.begin());
  std::ranges::copy(first, row.end() - static_cast<std::ptrdiff_t>(first.size()));
  std::vector<std::int8_t> out(row.size());
  round_to_int8(row.data(), 1.0F, out.data(), row.size());
  const std::vector<std::int8_t> wanted = {0, 2, 2, 0, -2, 126, 127, 127, -127};
  EXPECT_TRUE(std::ranges::equal(wanted, std::span(out).first(wanted.size())));
  EXPECT_TRUE(std::ranges::equal(wanted, std::span(out).last(wanted.size())));
}

TEST_P(RoundToInt8, LargestMagnitudeOfEverySize) {
  EXPECT_EQ(largest_magnitude(nullptr, 0), 0.0F);
  for (std::size_t n = 1; n <= kLargest; ++n) {
    auto row = random_row(n);
    const std::size_t at = 7 * n / 10;
    for (const std::size_t i : {std::size_t{0}, at, n - 1}) {
      for (const float x : {2.0F, -3.0F, -std::numeric_limits<float>::max()}) {
        const float before = std::exchange(row[i], x);
        EXPECT_EQ(largest_magnitude(row.data(), n), std::fabs(x));
        row[i] = before;
      }
    }
  }
}

TEST_P(RoundToInt8, SumOfEverySize) {
  EXPECT_EQ(sum_of(nullptr, 0), 0.0F);
  for (std::size_t n = 1; n <= kLargest; ++n) {
    const auto row = random_row(n);
    EXPECT_NEAR(sum_of(row.data(), n), std::accumulate(row.begin(), row.end(), 0.0), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RoundToInt8, test::all_targets(), test::target_name);

}  // namespace
}  // namespace npuwhisper::cpu
