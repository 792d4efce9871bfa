// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "core_object.h"
#include "design/tile_operations.h"

namespace npuwhisper::npu::testing {
namespace {

using core::JobHeader;
using core::kTile;

/// Counts the vector operations of jobs, and compares them with the planner's table.
class OperationsTest : public ::testing::TestWithParam<Generation> {
 protected:
  OperationsTest()
      : object_(GetParam(),
                GetParam() == Generation::Aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P) {}

  static JobHeader job(core::Operation operation) {
    JobHeader h{};
    h.operation = operation;
    h.m_passes = 1;
    h.n_blocks = 1;
    h.c_steps = 1;
    h.keep = -1;
    h.core_rows = 1;
    h.valid_rows = kTile;
    h.valid_keys = 1 << 20;
    h.a_per_step = 1;
    h.inverse_features = 1.0F / kTile;
    h.epsilon = 1e-5F;
    return h;
  }
  /// A product of one tile. `half_steps`: products with one tile of B.
  static JobHeader product(std::int32_t flags = 0, int half_steps = 1) {
    JobHeader h = job(core::kProduct);
    h.k_steps = 1;
    h.a_per_step = half_steps;
    h.flags[0] = flags;
    return h;
  }
  static JobHeader attention(int key_tiles) {
    JobHeader h = job(core::kAttention);
    h.a_steps = 2;
    h.a_hold = 2;
    h.b_steps = 2 * key_tiles;
    h.keep = 1;
    return h;
  }

  double count(const JobHeader& h) {
    const Tile zeros(core::kTileElements);
    const int a = h.m_passes * (h.a_steps + h.n_blocks * h.k_steps * h.a_per_step) + h.a_hold;
    const int b = h.m_passes * (h.b_steps + h.n_blocks * (h.k_steps + h.residual_steps));
    object_.state().vector_ops = 0;
    object_.run(h, std::deque<Tile>(static_cast<std::size_t>(a), zeros),
                std::deque<Tile>(static_cast<std::size_t>(b), zeros));
    return static_cast<double>(object_.state().vector_ops);
  }
  const TileOperations& table() const { return tile_operations(GetParam()); }

  CoreObject object_;
  /// The start of a pass.
  static constexpr double kBeginPass = 8;
};

TEST_P(OperationsTest, OfProducts) {
  const double plain = count(product());
  EXPECT_EQ(plain, table().finish + kBeginPass);
  EXPECT_EQ(count(product(core::kGelu)) - plain, table().gelu);
  EXPECT_EQ(count(product(core::kTransposed)) - plain, table().transpose);
  EXPECT_EQ(count(product(core::kNormalised)) - plain,
            table().sums + table().statistics + table().normalise);
  EXPECT_EQ(count(product(core::kInParts)) - plain, table().in_parts);
  EXPECT_EQ(count(product(0, core::kInt8Steps)) - plain, 2 * table().int8 + table().scales);
  JobHeader residual = product();
  residual.residual_steps = 1;
  EXPECT_EQ(count(residual) - plain, table().residual);
}

TEST_P(OperationsTest, OfLayerNorms) {
  JobHeader h = job(core::kLayerNorm);
  h.a_steps = 1;
  h.keep = 0;
  EXPECT_EQ(count(h), table().sums + table().layer_norm + kBeginPass);
}

TEST_P(OperationsTest, OfAttention) {
  // The first keys also raise the references.
  EXPECT_EQ(count(attention(3)) - count(attention(2)), table().scores);
  JobHeader without_keys = attention(0);
  EXPECT_EQ(count(without_keys), table().attention + kBeginPass);
}

INSTANTIATE_TEST_SUITE_P(Both, OperationsTest,
                         ::testing::Values(Generation::Aie2, Generation::Aie2p));

}  // namespace
}  // namespace npuwhisper::npu::testing
