// SPDX-License-Identifier: LGPL-2.1-or-later
#include "design/pack_panels.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "design/patterns.h"
#include "support/walk.h"

namespace npuwhisper::npu {
namespace {

/// Returns a packed tile with its words in the order in which the memory tile sends them to a core.
std::vector<std::byte> as_a_core_sees(const DesignSpec& spec, const std::byte* tile) {
  std::vector<std::byte> seen(core::kTileBytes);
  const auto words = walk(patterns::blocks_of_b(spec.blocks(), 1));
  for (std::size_t i = 0; i < words.size(); ++i) std::memcpy(&seen[4 * i], tile + 4 * words[i], 4);
  return seen;
}

core::JobHeader header_of(const DesignSpec& spec, const std::byte* tile) {
  core::JobHeader header;
  std::memcpy(&header, as_a_core_sees(spec, tile).data(), sizeof(header));
  return header;
}

/// Returns element [k][n] of a tile in B's blocks.
float element(const DesignSpec& spec, const std::vector<std::byte>& tile, int k, int n) {
  const core::BlockShape b = spec.blocks();
  const int index = ((k / b.k * (core::kTile / b.n) + n / b.n) * b.k + k % b.k) * b.n + n % b.n;
  std::uint16_t value = 0;
  std::memcpy(&value, &tile[2 * static_cast<std::size_t>(index)], 2);
  return from_bf16(value);
}

struct Data {
  std::vector<float> weights, bias, gamma, beta;
  Parameters parameters() const {
    return {.weights = {.f32 = weights}, .bias = bias, .gamma = gamma, .beta = beta};
  }
};

Data random_data(int n, int k, bool norm, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.05F);
  const auto fill = [&](int size, float mean) {
    std::vector<float> values(static_cast<std::size_t>(size));
    for (float& value : values) value = mean + normal(random);
    return values;
  };
  return {fill(n * k, 0), fill(n, 0), fill(norm ? k : 0, 1), fill(norm ? k : 0, 0)};
}

constexpr HostMatrix kInput{1, 0, 256}, kOutput{1, 1 << 20, 256};

class Pack : public testing::TestWithParam<const char*> {
 protected:
  DesignSpec spec(int rows, int columns) const {
    return *make_design_spec(GetParam(), rows, columns);
  }
};

TEST_P(Pack, WeightsComeAsTheMultiplierTakesThem) {
  const int k = 100;
  const int n = 150;  // Three blocks on two columns, so the second column has only one block.
  const Operation operation{
      "p", Product{.m = 200, .k = k, .input = kInput, .parts = {{.n = n, .output = kOutput}}}};
  const auto plan = make_plan(spec(2, 2), std::span(&operation, 1), 0);
  ASSERT_TRUE(plan) << plan.error().message;
  const Data data = random_data(n, k, false, 1);
  std::vector<std::byte> packed(plan->packed_bytes, std::byte{0xee});
  const Parameters parameters = data.parameters();
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&parameters, 1), packed));

  ASSERT_EQ(plan->jobs.size(), 1U);
  int n_seen = 0;
  for (const Panel& panel : plan->jobs[0].panels) {
    const std::byte* place = packed.data() + panel.offset;
    const core::JobHeader header = header_of(plan->spec, place);
    EXPECT_EQ(header.operation, core::kProduct);
    EXPECT_EQ(header.k_steps, 2);
    for (std::size_t b = 0; b < panel.blocks.size(); ++b) {
      const ColumnBlock& block = panel.blocks[b];
      for (int t = 0; t < 2; ++t) {
        const auto tile = as_a_core_sees(
            plan->spec, place + (1 + b * 2 + static_cast<std::size_t>(t)) * core::kTileBytes);
        for (int i = 0; i < 64; ++i) {
          for (int j = 0; j < 64; ++j) {
            const int row = block.first_column + j;
            const int column = t * 64 + i;
            const bool inside = column < k && j < block.n_columns;
            const float wanted =
                inside
                    ? from_bf16(to_bf16(data.weights[static_cast<std::size_t>(row * k + column)]))
                    : 0;
            ASSERT_EQ(element(plan->spec, tile, i, j), wanted) << row << " " << column;
          }
        }
      }
      for (int j = 0; j < 64; ++j) {
        const float wanted =
            j < block.n_columns ? data.bias[static_cast<std::size_t>(block.first_column + j)] : 0;
        EXPECT_EQ(header.bias[b][j], wanted);
      }
      n_seen += block.n_columns;
    }
  }
  EXPECT_EQ(n_seen, n);
}

TEST_P(Pack, LayerNormIsFoldedIn) {
  const int k = 128;
  const Operation operation{"p", Product{.m = 64,
                                         .k = k,
                                         .input = kInput,
                                         .normalised = true,
                                         .epsilon = 1e-5F,
                                         .parts = {{.n = 64, .output = kOutput, .scale = 0.125F}}}};
  const auto plan = make_plan(spec(1, 1), std::span(&operation, 1), 0);
  ASSERT_TRUE(plan) << plan.error().message;
  const Data data = random_data(64, k, true, 2);
  std::vector<std::byte> packed(plan->packed_bytes);
  const Parameters parameters = data.parameters();
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&parameters, 1), packed));

  const core::JobHeader header = header_of(plan->spec, packed.data());
  EXPECT_EQ(header.flags[0], core::kNormalised);
  EXPECT_FLOAT_EQ(header.inverse_features, 1.0F / k);
  EXPECT_FLOAT_EQ(header.epsilon, 1e-5F);
  for (int n = 0; n < 64; ++n) {
    double sum = 0;
    double bias = data.bias[static_cast<std::size_t>(n)] * 0.125;
    for (int i = 0; i < k; ++i) {
      const auto tile = packed.data() + (1 + i / 64) * core::kTileBytes;
      std::uint16_t value = 0;
      std::memcpy(&value, tile + 2 * (i % 64 * 64 + n), 2);
      const float weight = data.weights[static_cast<std::size_t>(n * k + i)] * 0.125F;
      EXPECT_EQ(value, to_bf16(weight * data.gamma[static_cast<std::size_t>(i)]));
      sum += static_cast<double>(from_bf16(value));
      bias +=
          static_cast<double>(weight) * static_cast<double>(data.beta[static_cast<std::size_t>(i)]);
    }
    EXPECT_NEAR(header.column_sum[0][n], sum, 1e-7);
    EXPECT_NEAR(header.bias[0][n], bias, 1e-7);
  }
}

TEST_P(Pack, Int8WeightsComeAsTheMultiplierTakesThem) {
  const int k = 200;  // Two tiles of 128 rows (k) each; the second tile is partly filled.
  const int n = 150;
  const Operation operation{"p", Product{.m = 200,
                                         .k = k,
                                         .input = kInput,
                                         .normalised = true,
                                         .weights = WeightType::Int8,
                                         .parts = {{.n = n, .output = kOutput, .scale = 0.125F}}}};
  const auto plan = make_plan(spec(2, 2), std::span(&operation, 1), 0);
  ASSERT_TRUE(plan) << plan.error().message;
  Data data = random_data(n, k, true, 6);
  for (int i = 0; i < k; ++i) data.weights[static_cast<std::size_t>(7 * k + i)] = 0;
  std::vector<std::byte> packed(plan->packed_bytes, std::byte{0xee});
  const Parameters parameters = data.parameters();
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&parameters, 1), packed));
  const auto wanted_weight = [&](int row, int i) {
    return data.weights[static_cast<std::size_t>(row * k + i)] * 0.125F *
           data.gamma[static_cast<std::size_t>(i)];
  };

  ASSERT_EQ(plan->jobs.size(), 1U);
  int n_seen = 0;
  for (const Panel& panel : plan->jobs[0].panels) {
    const std::byte* place = packed.data() + panel.offset;
    const core::JobHeader header = header_of(plan->spec, place);
    EXPECT_EQ(header.a_per_step, core::kInt8Steps);
    EXPECT_EQ(header.k_steps, 2);
    EXPECT_EQ(panel.weight_tiles, 2 * static_cast<int>(panel.blocks.size()));
    for (std::size_t b = 0; b < panel.blocks.size(); ++b) {
      const ColumnBlock& block = panel.blocks[b];
      std::array<int, 64> sums{}, largest{};
      for (int t = 0; t < 2; ++t) {
        const auto tile = as_a_core_sees(
            plan->spec, place + (1 + b * 2 + static_cast<std::size_t>(t)) * core::kTileBytes);
        for (int i = 0; i < 128; ++i) {
          for (int j = 0; j < 64; ++j) {
            const int place_in_tile = ((i / 8 * 8 + j / 8) * 8 + i % 8) * 8 + j % 8;
            const int value =
                static_cast<std::int8_t>(tile[static_cast<std::size_t>(place_in_tile)]);
            const int column = t * 128 + i;
            if (column >= k || j >= block.n_columns) {
              ASSERT_EQ(value, 0) << column << " " << j;
              continue;
            }
            const float scale = header.column_scale[b][j];
            ASSERT_NEAR(static_cast<float>(value) * scale,
                        wanted_weight(block.first_column + j, column), scale * 0.5001F)
                << column << " " << j;
            const auto at = static_cast<std::size_t>(j);
            sums[at] += value;
            largest[at] = std::max(largest[at], std::abs(value));
          }
        }
      }
      for (int j = 0; j < block.n_columns; ++j) {
        const bool zeros = block.first_column + j == 7;
        EXPECT_EQ(largest[static_cast<std::size_t>(j)], zeros ? 0 : 127);
        EXPECT_EQ(header.column_scale[b][j] == 0, zeros);
        EXPECT_FLOAT_EQ(
            header.column_sum[b][j],
            header.column_scale[b][j] * static_cast<float>(sums[static_cast<std::size_t>(j)]));
      }
      n_seen += block.n_columns;
    }
  }
  EXPECT_EQ(n_seen, n);
}

TEST_P(Pack, WeightsOfEitherTypeGiveTheSame) {
  const Operation operation{
      "p", Product{.m = 64, .k = 64, .input = kInput, .parts = {{.n = 64, .output = kOutput}}}};
  const auto plan = make_plan(spec(1, 1), std::span(&operation, 1), 0);
  ASSERT_TRUE(plan);
  Data data = random_data(64, 64, false, 3);
  std::vector<std::uint16_t> bf16;
  for (float& weight : data.weights) {
    bf16.push_back(to_bf16(weight));
    weight = from_bf16(bf16.back());
  }
  std::vector<std::byte> a(plan->packed_bytes);
  std::vector<std::byte> b(plan->packed_bytes);
  const Parameters from_f32 = data.parameters();
  const Parameters from_bf16{.weights = {.bf16 = bf16}, .bias = data.bias};
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&from_f32, 1), a));
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&from_bf16, 1), b));
  EXPECT_EQ(a, b);
}

TEST_P(Pack, LayerNormAndIdleColumnsAreHeadersOnly) {
  const Operation operation{
      "n", LayerNorm{.m = 100, .k = 160, .epsilon = 1e-5F, .input = kInput, .output = kOutput}};
  const auto plan = make_plan(spec(1, 4), std::span(&operation, 1), 0);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->jobs.size(), 1U);
  EXPECT_EQ(plan->packed_bytes, 4U * core::kTileBytes);
  const Data data = random_data(0, 160, true, 4);
  const Parameters parameters{.gamma = data.gamma, .beta = data.beta};
  std::vector<std::byte> packed(plan->packed_bytes);
  ASSERT_TRUE(pack_panels(*plan, 0, std::span(&parameters, 1), packed));
  const core::JobHeader last = header_of(plan->spec, packed.data() + 2 * core::kTileBytes);
  EXPECT_EQ(last.operation, core::kLayerNorm);
  EXPECT_EQ(last.keep, 2);
  EXPECT_EQ(last.column_sum[0][31], data.gamma[159]);
  EXPECT_EQ(last.bias[0][31], data.beta[159]);
  EXPECT_EQ(last.column_sum[0][32], 0);
  const core::JobHeader idle = header_of(plan->spec, packed.data() + 3 * core::kTileBytes);
  EXPECT_EQ(idle.operation, core::kIdle);
  EXPECT_EQ(idle.a_steps, 3);
  EXPECT_EQ(idle.m_passes, 2);
}

TEST_P(Pack, RefusesSizesThatDoNotFit) {
  const Operation operation{
      "p", Product{.m = 64, .k = 64, .input = kInput, .parts = {{.n = 64, .output = kOutput}}}};
  const auto plan = make_plan(spec(1, 1), std::span(&operation, 1), 0);
  ASSERT_TRUE(plan);
  std::vector<std::byte> packed(plan->packed_bytes);
  const Data good = random_data(64, 64, false, 5);
  const auto refusal = [&](const Parameters& parameters) {
    const auto result = pack_panels(*plan, 0, std::span(&parameters, 1), packed);
    EXPECT_FALSE(result);
    return result ? std::string() : result.error().message;
  };
  Parameters wrong = good.parameters();
  wrong.weights.f32 = wrong.weights.f32.first(100);
  EXPECT_NE(refusal(wrong).find("weights of 100 elements, expected 4096"), std::string::npos);
  wrong = good.parameters();
  wrong.bias = wrong.bias.first(63);
  EXPECT_NE(refusal(wrong).find("bias of 63"), std::string::npos);
  wrong = good.parameters();
  wrong.gamma = wrong.bias;  // The product has no norm.
  EXPECT_NE(refusal(wrong).find("gamma"), std::string::npos);
  EXPECT_FALSE(pack_panels(*plan, 0, {}, packed));
  const Parameters right = good.parameters();
  EXPECT_FALSE(pack_panels(*plan, 0, std::span(&right, 1), std::span(packed).first(8192)));
  EXPECT_TRUE(pack_panels(*plan, 0, std::span(&right, 1), packed));
}

INSTANTIATE_TEST_SUITE_P(BothArrays, Pack, testing::Values("npu1", "npu2"));

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(to_bf16(1.0F), 0x3f80);
  EXPECT_EQ(to_bf16(1.0F + 1.0F / 256), 0x3f80);  // A tie rounds to even.
  EXPECT_EQ(to_bf16(1.0F + 3.0F / 256), 0x3f82);  // A tie rounds to even.
  EXPECT_EQ(to_bf16(1.0F + 1.001F / 256), 0x3f81);
  EXPECT_EQ(to_bf16(-2.5F), 0xc020);
  EXPECT_EQ(to_bf16(std::numeric_limits<float>::infinity()), 0x7f80);
  EXPECT_EQ(to_bf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(from_bf16(0x3f81), 1.0F + 1.0F / 128);
}

}  // namespace
}  // namespace npuwhisper::npu
