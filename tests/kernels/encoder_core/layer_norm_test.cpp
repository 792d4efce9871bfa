// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "bounds.h"
#include "core_object.h"

namespace npuwhisper::npu::testing {
namespace {

using core::JobHeader;
using core::kTile;
using reference::Matrix;

class LayerNormTest : public ::testing::TestWithParam<Generation> {
 protected:
  LayerNormTest()
      : object_(GetParam(),
                GetParam() == Generation::Aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P) {}

  CoreObject object_;
  std::mt19937 generator_{11};
};

TEST_P(LayerNormTest, MatchesReference) {
  constexpr int kFeatures = 384;
  for (const double offset : {0.0, 3.0, -20.0}) {
    Matrix x = random_matrix(kTile, kFeatures, 2.0, generator_);
    for (double& value : x.values) value += offset;
    x = rounded(x);
    const Matrix wanted = reference::normalise(x, kFeatures, kEpsilon);
    for (const int keep : {0, 3, 5}) {
      JobHeader h{};
      h.operation = core::kLayerNorm;
      h.m_passes = 1;
      h.n_blocks = 1;
      h.a_steps = kFeatures / kTile;
      h.c_steps = 1;
      h.keep = keep;
      h.core_rows = 1;
      h.valid_rows = 62;
      h.inverse_features = 1.0F / kFeatures;
      h.epsilon = static_cast<float>(kEpsilon);
      for (int n = 0; n < kTile; ++n) {
        h.column_sum[0][n] = 0.5F + 0.03F * static_cast<float>(n);
        h.bias[0][n] = 0.2F * static_cast<float>(n % 9 - 4);
      }
      std::deque<Tile> a;
      for (int i = 0; i < h.a_steps; ++i) a.push_back(object_.a_tile(x, 0, i));
      const std::vector<Tile> tiles = object_.run(h, a, {});
      ASSERT_EQ(tiles.size(), 1U);
      // The variance is a difference of f32 sums of 384 squares, which magnifies their errors.
      const double cancellation = (4 + offset * offset) / 4;
      for (int m = 0; m < kTile; ++m) {
        for (int n = 0; n < kTile; ++n) {
          const double found = object_.c_element(tiles[0], m, n);
          if (m >= 62) {
            ASSERT_EQ(found, 0.0);
            continue;
          }
          const double normal = wanted.at(m, keep * kTile + n);
          const double y =
              normal * static_cast<double>(h.column_sum[0][n]) + static_cast<double>(h.bias[0][n]);
          const double scaled = std::fabs(normal * static_cast<double>(h.column_sum[0][n]));
          const double bound = std::fabs(y) * kBf16 + scaled * 3 * kSplit +
                               (scaled + std::fabs(offset)) * cancellation * std::ldexp(1.0, -17);
          ASSERT_NEAR(found, y, bound) << "offset " << offset << " row " << m << " column " << n;
        }
      }
    }
  }
}

TEST_P(LayerNormTest, IdleColumnTouchesNothing) {
  JobHeader h{};
  h.operation = core::kIdle;
  h.m_passes = 2;
  h.a_steps = 3;
  std::deque<Tile> a(6, object_.a_tile(random_matrix(kTile, kTile, 1.0, generator_), 0, 0));
  std::byte* accumulator = object_.memory() + core::kAccumulatorAddress;
  std::byte* c = object_.memory() + core::kCAddress;
  const std::vector<std::byte> before(accumulator, accumulator + 16384);
  EXPECT_TRUE(object_.run(h, a, {}).empty());
  EXPECT_EQ(std::memcmp(accumulator, before.data(), before.size()), 0);
  for (int i = 0; i < core::kTileBytes; ++i) ASSERT_EQ(c[i], std::byte{0xcd});
}

INSTANTIATE_TEST_SUITE_P(Generations, LayerNormTest,
                         ::testing::Values(Generation::Aie2, Generation::Aie2p),
                         [](const auto& generation) {
                           return generation.param == Generation::Aie2 ? "Aie2" : "Aie2p";
                         });

}  // namespace
}  // namespace npuwhisper::npu::testing
