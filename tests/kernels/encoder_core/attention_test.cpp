// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <cmath>

#include "bounds.h"
#include "core_object.h"

namespace npuwhisper::npu::testing {
namespace {

using core::JobHeader;
using core::kTile;
using reference::Matrix;

class AttentionTest : public ::testing::TestWithParam<Generation> {
 protected:
  AttentionTest()
      : object_(GetParam(),
                GetParam() == Generation::Aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P) {}

  Matrix run(const Matrix& q, const Matrix& k, const Matrix& v, int valid_keys,
             int valid_rows = kTile) {
    const int n_tiles = k.rows / kTile;
    JobHeader h{};
    h.operation = core::kAttention;
    h.m_passes = 1;
    h.n_blocks = 1;
    h.a_steps = 2;
    h.a_hold = 2;
    h.b_steps = 2 * n_tiles;
    h.c_steps = 1;
    h.keep = 1;
    h.core_rows = 1;
    h.valid_rows = valid_rows;
    h.valid_keys = valid_keys;
    std::deque<Tile> a;
    const Matrix other(kTile, kTile);
    a.push_back(object_.a_tile(other, 0, 0));
    a.push_back(object_.a_tile(q, 0, 0));
    a.push_back(object_.a_tile(other, 0, 0));
    a.push_back(object_.a_tile(other, 0, 0));
    std::deque<Tile> b;
    const Matrix keys_transposed = transposed(k);
    for (int tile = 0; tile < n_tiles; ++tile) {
      b.push_back(object_.b_tile(keys_transposed, 0, tile));
      b.push_back(object_.b_tile(v, tile, 0));
    }
    const std::vector<Tile> tiles = object_.run(h, a, b);
    Matrix y(kTile, kTile);
    for (int m = 0; m < kTile; ++m) {
      for (int n = 0; n < kTile; ++n) y.at(m, n) = object_.c_element(tiles.at(0), m, n);
    }
    return y;
  }

  /// Checks that every element is within its error bound. A weight is off by a factor of at most
  /// (1 + r) exp(d). In this formula, r is the relative error of the exponential: 2^-8 for the
  /// rounding to bf16 and, on AIE2, 2^-10 for each of three bf16 steps. d is the error of the
  /// score. It has two sources: the rounding of the scaled queries to bf16, and the product's own
  /// error. The weights are in the numerator and in the denominator of the result, so the factor
  /// enters twice. The product with V adds its own error.
  void check(const Matrix& q, const Matrix& k, const Matrix& v, int valid_keys,
             double largest_rms) {
    const Matrix found = run(q, k, v, valid_keys);
    const Matrix wanted = reference::attention(q, k, v, valid_keys);
    const Matrix keys_transposed = transposed(k);
    const Matrix score_bound = product_bound(q, keys_transposed, GetParam());
    RelativeError total;
    for (int m = 0; m < kTile; ++m) {
      Matrix weights(1, k.rows);
      double largest = -1e300;
      double off = 0;
      for (int t = 0; t < valid_keys; ++t) {
        double score = 0;
        double magnitude = 0;
        for (int d = 0; d < kTile; ++d) {
          score += q.at(m, d) * k.at(t, d);
          magnitude += std::fabs(q.at(m, d) * k.at(t, d));
        }
        weights.at(0, t) = score;
        largest = std::max(largest, score);
        off = std::max(off, score_bound.at(m, t) + magnitude * kBf16);
      }
      double sum = 0;
      for (int t = 0; t < valid_keys; ++t) {
        sum += weights.at(0, t) = std::exp(weights.at(0, t) - largest);
      }
      for (int t = 0; t < valid_keys; ++t) weights.at(0, t) /= sum;
      const double factor = std::exp(off) * (1 + 1.75 * kBf16);
      const Matrix values_bound = product_bound(weights, v, GetParam());
      for (int n = 0; n < kTile; ++n) {
        double magnitude = 0;
        for (int t = 0; t < valid_keys; ++t) {
          magnitude += weights.at(0, t) * std::fabs(v.at(t, n));
        }
        // The factor 2 allows for AIE2P, where errors of the weights may change a block's shared
        // exponent by one.
        const double bound = magnitude * (factor * factor - 1) +
                             2 * factor * values_bound.at(0, n) +
                             std::fabs(wanted.at(m, n)) * kBf16 + 1e-30;
        ASSERT_NEAR(found.at(m, n), wanted.at(m, n), bound) << "row " << m << " column " << n;
        total.add(found.at(m, n), wanted.at(m, n));
      }
    }
    EXPECT_LT(total.value(), largest_rms);
  }

  bool aie2() const { return GetParam() == Generation::Aie2; }

  CoreObject object_;
  std::mt19937 generator_{7};
};

TEST_P(AttentionTest, RandomScores) {
  const Matrix q = random_matrix(kTile, kTile, 0.25, generator_);
  const Matrix k = random_matrix(3 * kTile, kTile, 1.0, generator_);
  const Matrix v = random_matrix(3 * kTile, kTile, 1.0, generator_);
  check(q, k, v, 3 * kTile, aie2() ? 0.005 : 0.03);
}

TEST_P(AttentionTest, KeysBeyondTheLastAreIgnored) {
  const Matrix q = random_matrix(kTile, kTile, 0.25, generator_);
  const Matrix k = random_matrix(3 * kTile, kTile, 1.0, generator_);
  const Matrix v = random_matrix(3 * kTile, kTile, 1.0, generator_);
  for (const int valid : {191, 150, 129, 128, 65, 64, 5, 1}) {
    check(q, k, v, valid, aie2() ? 0.005 : 0.03);
  }
}

TEST_P(AttentionTest, PaddedKeysMayHoldAnything) {
  const Matrix q = random_matrix(kTile, kTile, 0.25, generator_);
  Matrix k = random_matrix(kTile, kTile, 1.0, generator_);
  const Matrix v = random_matrix(kTile, kTile, 1.0, generator_);
  const Matrix before = run(q, k, v, 40);
  // The padded keys do not affect the valid ones: on AIE2P, the blocks of K lie along d, so keys
  // share no exponent.
  for (int t = 40; t < kTile; ++t) {
    for (int d = 0; d < kTile; ++d) k.at(t, d) = 300.0;
  }
  const Matrix after = run(q, k, v, 40);
  EXPECT_EQ(before.values, after.values);
}

TEST_P(AttentionTest, MaximumThatGrowsRescales) {
  // Scores rise by about 12 from tile to tile, then fall. Each rise exceeds the slack.
  Matrix q = random_matrix(kTile, kTile, 0.05, generator_);
  Matrix k = random_matrix(4 * kTile, kTile, 0.1, generator_);
  const Matrix v = random_matrix(4 * kTile, kTile, 1.0, generator_);
  for (int m = 0; m < kTile; ++m) q.at(m, 0) = 4.0;
  for (int t = 0; t < 4 * kTile; ++t) k.at(t, 0) = t / kTile == 3 ? -5.0 : 3.0 * (t / kTile);
  check(q, k, v, 4 * kTile, aie2() ? 0.006 : 0.05);
}

TEST_P(AttentionTest, MaximumThatGrowsALittleDoesNot) {
  Matrix q = random_matrix(kTile, kTile, 0.05, generator_);
  Matrix k = random_matrix(3 * kTile, kTile, 0.1, generator_);
  const Matrix v = random_matrix(3 * kTile, kTile, 1.0, generator_);
  for (int m = 0; m < kTile; ++m) q.at(m, 0) = 1.0;
  for (int t = 0; t < 3 * kTile; ++t) k.at(t, 0) = 3.5 * (t / kTile);
  check(q, k, v, 3 * kTile, aie2() ? 0.006 : 0.05);
}

TEST_P(AttentionTest, EqualScoresGiveTheMean) {
  const Matrix q(kTile, kTile);
  const Matrix k = random_matrix(2 * kTile, kTile, 1.0, generator_);
  Matrix v(2 * kTile, kTile);
  for (int t = 0; t < 2 * kTile; ++t) {
    for (int n = 0; n < kTile; ++n) v.at(t, n) = (t + n) % 2 ? 2.0 : 4.0;
  }
  const Matrix y = run(q, k, v, 2 * kTile);
  for (const double value : y.values) ASSERT_EQ(value, 3.0);
}

TEST_P(AttentionTest, OneKeyTakesAll) {
  // One score is 100 and the others are 0. The weights of the other keys are e^-100, which has no
  // effect on the sums.
  Matrix q(kTile, kTile);
  Matrix k(kTile, kTile);
  const Matrix v = random_matrix(kTile, kTile, 1.0, generator_);
  for (int m = 0; m < kTile; ++m) q.at(m, m) = 10.0;
  for (int t = 0; t < kTile; ++t) k.at(t, t) = 10.0;
  const Matrix y = run(q, k, v, kTile);
  for (int m = 0; m < kTile; ++m) {
    for (int n = 0; n < kTile; ++n) {
      // In bfp16, values of V share exponents along the keys.
      const double off = aie2() ? 0 : half_unit(&v.values[v.index(m / 8 * 8, n)], kTile);
      ASSERT_NEAR(y.at(m, n), v.at(m, n), off + std::fabs(v.at(m, n)) * kBf16);
    }
  }
}

TEST_P(AttentionTest, LargeNegativeScoresStayFinite) {
  Matrix q(kTile, kTile);
  Matrix k(2 * kTile, kTile);
  const Matrix v = random_matrix(2 * kTile, kTile, 1.0, generator_);
  for (int m = 0; m < kTile; ++m) q.at(m, 0) = 1e18;
  for (int t = 0; t < 2 * kTile; ++t) k.at(t, 0) = t < kTile ? -1e18 : 1e18;
  const Matrix y = run(q, k, v, 2 * kTile);
  for (const double value : y.values) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(AttentionTest, RowsBeyondTheLastAreZero) {
  const Matrix q = random_matrix(kTile, kTile, 0.25, generator_);
  const Matrix k = random_matrix(kTile, kTile, 1.0, generator_);
  const Matrix v = random_matrix(kTile, kTile, 1.0, generator_);
  const Matrix all = run(q, k, v, kTile);
  const Matrix some = run(q, k, v, kTile, 30);
  for (int m = 0; m < kTile; ++m) {
    for (int n = 0; n < kTile; ++n) {
      ASSERT_EQ(some.at(m, n), m < 30 ? all.at(m, n) : 0.0);
    }
  }
}

TEST_P(AttentionTest, CountsItsMultiplyAccumulates) {
  const Matrix q = random_matrix(kTile, kTile, 0.25, generator_);
  const Matrix k = random_matrix(2 * kTile, kTile, 1.0, generator_);
  const Matrix v = random_matrix(2 * kTile, kTile, 1.0, generator_);
  run(q, k, v, 2 * kTile);
  const NpuWhisperCoreState& state = object_.state();
  EXPECT_EQ(aie2() ? state.macs_bf16 : state.macs_bf16_by_bfp16, 2ULL * 2 * 64 * 64 * 64);
  EXPECT_EQ((aie2() ? state.macs_bf16_by_bfp16 : state.macs_bf16) + state.macs_float, 0U);
}

INSTANTIATE_TEST_SUITE_P(Generations, AttentionTest,
                         ::testing::Values(Generation::Aie2, Generation::Aie2p),
                         [](const auto& generation) {
                           return generation.param == Generation::Aie2 ? "Aie2" : "Aie2p";
                         });

}  // namespace
}  // namespace npuwhisper::npu::testing
