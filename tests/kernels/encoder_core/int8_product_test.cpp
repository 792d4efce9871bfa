// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests products with int8 weights. The rounding of A and the sums must be exact to the last bit.
// The epilogues must be within the error of f32 arithmetic in bf16 parts.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "bounds.h"
#include "core_object.h"

namespace npuwhisper::npu::testing {
namespace {

using core::JobHeader;
using core::kTile;
using reference::Matrix;

constexpr int kStep = 2 * kTile;  ///< Rows (k) of a tile of int8 weights.

Matrix random_integers(int rows, int columns, int least, int most, std::mt19937& generator) {
  std::uniform_int_distribution<int> distribution(least, most);
  Matrix m(rows, columns);
  for (double& value : m.values) value = distribution(generator);
  return m;
}

/// Returns a tile of int8 weights: 128 rows (k) x 64 columns of B, starting at row `k` and column
/// `n`.
Tile int8_tile(const Matrix& b, int k, int n) {
  Tile tile(core::kTileElements);
  auto* bytes = reinterpret_cast<std::int8_t*>(tile.data());
  for (int row = 0; row < kStep; row += 8) {
    for (int column = 0; column < kTile; column += 8) {
      for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 8; ++x) {
          *bytes++ = static_cast<std::int8_t>(b.at(k + row + y, n + column + x));
        }
      }
    }
  }
  return tile;
}

struct Product {
  Matrix a;                      ///< [64, k], bf16
  Matrix b;                      ///< [k, 64 * blocks], integers
  std::vector<double> scales{};  ///< [64 * blocks], f32; all ones if empty
  std::vector<double> bias{};
  std::int32_t flags = 0;
  const Matrix* residual = nullptr;

  std::vector<double> all_scales() const {
    return scales.empty() ? std::vector<double>(static_cast<std::size_t>(b.columns), 1.0) : scales;
  }
  double column_sum(int n) const {
    double sum = 0;
    for (int k = 0; k < b.rows; ++k) sum += b.at(k, n);
    return sum * all_scales()[static_cast<std::size_t>(n)];
  }
};

class Int8ProductTest : public ::testing::TestWithParam<Generation> {
 protected:
  Int8ProductTest()
      : object_(GetParam(),
                GetParam() == Generation::Aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P) {}

  static JobHeader header(const Product& p) {
    JobHeader h{};
    h.operation = core::kProduct;
    h.m_passes = 1;
    h.n_blocks = p.b.columns / kTile;
    h.residual_steps = p.residual ? 1 : 0;
    h.k_steps = p.a.columns / kStep;
    h.a_per_step = core::kInt8Steps;
    h.c_steps = 1;
    h.core_rows = 1;
    h.valid_rows = kTile;
    h.inverse_features = static_cast<float>(1.0 / p.a.columns);
    h.epsilon = static_cast<float>(kEpsilon);
    for (int n = 0; n < p.b.columns; ++n) {
      const auto i = static_cast<std::size_t>(n);
      h.flags[n / kTile] = p.flags;
      h.bias[n / kTile][n % kTile] = p.bias.empty() ? 0.0F : static_cast<float>(p.bias[i]);
      h.column_sum[n / kTile][n % kTile] = static_cast<float>(p.column_sum(n));
      h.column_scale[n / kTile][n % kTile] = static_cast<float>(p.all_scales()[i]);
    }
    return h;
  }

  std::vector<Tile> run(const Product& p) {
    std::deque<Tile> a;
    std::deque<Tile> b;
    for (int block = 0; block < p.b.columns / kTile; ++block) {
      for (int k = 0; k < p.a.columns; k += kTile) a.push_back(object_.a_tile(p.a, 0, k / kTile));
      for (int k = 0; k < p.b.rows; k += kStep) b.push_back(int8_tile(p.b, k, block * kTile));
      if (p.residual) b.push_back(object_.b_tile(*p.residual, 0, block));
    }
    return object_.run(header(p), a, b);
  }

  /// Returns the accumulator of one block before any epilogue, starting from zero.
  Matrix accumulate(const Product& p) {
    const auto at = [&](int address) { return object_.memory() + address; };
    auto* job = reinterpret_cast<core::Job*>(at(core::kJobAddress));
    auto* sums = reinterpret_cast<float*>(at(core::kAccumulatorAddress));
    const JobHeader h = header(p);
    std::memcpy(at(core::kBAddress), &h, sizeof h);
    object_.function<decltype(encoder_begin_job)>("encoder_begin_job")(at(core::kBAddress), 0, job);
    object_.function<decltype(encoder_begin_pass)>("encoder_begin_pass")(job, 0, 0);
    object_.function<decltype(encoder_begin_block)>("encoder_begin_block")(job, 0, sums);
    for (int k = 0; k < p.a.columns; k += kTile) {
      // Like the generated loop, this loop alternates A's slots each step and B's slots every two
      // steps.
      const int a_slot = k / kTile % 2;
      const int b_slot = k / kStep % 2;
      const Tile a = object_.a_tile(p.a, 0, k / kTile);
      const Tile b = int8_tile(p.b, k / kStep * kStep, 0);
      std::memcpy(at(core::kAAddress) + a_slot * core::kTileBytes, a.data(), core::kTileBytes);
      std::memcpy(at(core::kBAddress) + b_slot * core::kTileBytes, b.data(), core::kTileBytes);
      object_.function<decltype(encoder_multiply)>("encoder_multiply")(
          at(core::kAAddress), a_slot, at(core::kBAddress), b_slot, a_slot, job, sums);
    }
    const core::BlockShape shape = object_.blocks();
    Matrix found(kTile, kTile);
    for (int m = 0; m < kTile; ++m) {
      for (int n = 0; n < kTile; ++n) {
        const int block = m / shape.m * (kTile / shape.n) + n / shape.n;
        found.at(m, n) = static_cast<double>(
            sums[block * shape.m * shape.n + m % shape.m * shape.n + n % shape.n]);
      }
    }
    return found;
  }

  /// Checks that the accumulator equals a reference in every bit. The reference adds the exact sums
  /// of the tiles in f32, in the order of the tiles.
  void check_bits(const Product& p) {
    const Matrix found = accumulate(p);
    for (int m = 0; m < kTile; ++m) {
      for (int n = 0; n < kTile; ++n) {
        float wanted = 0;
        for (int tile = 0; tile < p.a.columns / kTile; ++tile) {
          const reference::RoundedTile row = reference::round_row(p.a, m, tile);
          int sum = 0;
          for (int k = 0; k < kTile; ++k) {
            sum += row.values[static_cast<std::size_t>(k)] *
                   static_cast<int>(p.b.at(tile * kTile + k, n));
          }
          wanted += static_cast<float>(sum * row.unit);
        }
        ASSERT_EQ(found.at(m, n), static_cast<double>(wanted)) << "row " << m << " column " << n;
      }
    }
  }

  /// Compares the results after the epilogue with the reference.
  void check(const Product& p) {
    const std::vector<Tile> tiles = run(p);
    ASSERT_EQ(tiles.size(), static_cast<std::size_t>(p.b.columns / kTile));
    const bool normalised = (p.flags & core::kNormalised) != 0;
    const bool gelu = (p.flags & core::kGelu) != 0;
    const Matrix sums = reference::int8_product(p.a, p.b, p.all_scales());
    Matrix centred = sums;
    Matrix error(kTile, p.b.columns);
    for (int m = 0; m < kTile; ++m) {
      const auto [mean, deviation, cancellation] = row_statistics(p.a, m);
      for (int n = 0; n < p.b.columns; ++n) {
        error.at(m, n) = std::fabs(sums.at(m, n)) * 2 * kSplit;
        if (!normalised) continue;
        const double column_sum = p.column_sum(n);
        centred.at(m, n) = (sums.at(m, n) - mean * column_sum) / deviation;
        error.at(m, n) =
            (error.at(m, n) + std::fabs(mean * column_sum) * 2 * kSplit) / deviation +
            std::fabs(centred.at(m, n)) * (2 * kSplit + cancellation * std::ldexp(1.0, -20));
      }
    }
    const Matrix before = reference::finish(centred, {.bias = p.bias});
    const Matrix wanted =
        reference::finish(centred, {.bias = p.bias, .gelu = gelu, .residual = p.residual});
    for (int m = 0; m < kTile; ++m) {
      for (int n = 0; n < p.b.columns; ++n) {
        double bound = error.at(m, n) + std::fabs(before.at(m, n)) * std::ldexp(1.0, -20);
        if (gelu) bound = gelu_bound(before.at(m, n), bound);
        bound += std::fabs(wanted.at(m, n)) * kBf16;
        const double found = object_.c_element(tiles, m, n, (p.flags & core::kTransposed) != 0);
        ASSERT_NEAR(found, wanted.at(m, n), bound) << "row " << m << " column " << n;
      }
    }
  }

  std::vector<double> some_scales(int n) {
    std::uniform_real_distribution<float> distribution(1e-4F, 2e-3F);
    std::vector<double> scales;
    for (int i = 0; i < n; ++i) scales.push_back(static_cast<double>(distribution(generator_)));
    return scales;
  }
  Matrix weights(int k, int n) { return random_integers(k, n, -127, 127, generator_); }

  CoreObject object_;
  std::mt19937 generator_{20261121};
};

/// Returns B [rows, 64] with ones on the diagonal that starts at row `k`. A * B consists of the 64
/// columns of the rounded A from column `k` on.
Matrix diagonal(int rows, int k) {
  Matrix b(rows, kTile);
  for (int i = 0; i < kTile; ++i) b.at(k + i, i) = 1;
  return b;
}

TEST_P(Int8ProductTest, RoundsRowsToTheBit) {
  for (const int k : {0, kTile}) {
    Matrix a = random_matrix(kTile, kStep, 1.0, generator_);
    for (int m = 0; m < kTile; ++m) {
      // The magnitudes of the rows range from below the smallest unit to just below 2^110, the
      // limit for defined results.
      for (int i = 0; i < kStep; ++i) {
        a.at(m, i) =
            std::ldexp(std::clamp(a.at(m, i), -3.9, 3.9), m == 63 ? 108 : -126 + 4 * m % 232);
      }
    }
    check_bits({.a = rounded(a), .b = diagonal(kStep, k)});
  }
}

TEST_P(Int8ProductTest, TiesAndLimits) {
  Matrix a(kTile, kStep);
  for (int m = 0; m < kTile; ++m) {
    // The row's values are ties or next to ties, in units of 2^(m % 5 - 2). The largest magnitude
    // rounds up.
    for (int i = 0; i < kStep; ++i) a.at(m, i) = std::ldexp((i * 7 % 255 - 127) / 2.0, m % 5 - 2);
    a.at(m, 0) = a.at(m, kTile) = std::ldexp(m % 2 ? 127.5 : -127.5, m % 5 - 2);
  }
  for (int i = 0; i < kStep; ++i) {
    a.at(8, i) = 0;                     // A row of zeros.
    a.at(9, i) = i == 5 ? -1e-3 : 0.0;  // Only one value is nonzero.
    a.at(10, i) = i % 2 ? -0.0 : 0.0;
  }
  a = rounded(a);
  check_bits({.a = a, .b = diagonal(kStep, 0)});
  check_bits({.a = a, .b = diagonal(kStep, kTile)});
  EXPECT_EQ(reference::round_row(a, 1, 0).values[0], 64);  // The unit doubles, so 127.5 is 63.75.
  EXPECT_EQ(reference::round_row(a, 2, 0).values[0], -64);
}

TEST_P(Int8ProductTest, SumsToTheBit) {
  check_bits({.a = random_matrix(kTile, 2 * kStep, 3.0, generator_),
              .b = random_integers(2 * kStep, kTile, -128, 127, generator_)});
}

TEST_P(Int8ProductTest, LargestSumsToTheBit) {
  Matrix a(kTile, kStep);
  Matrix b(kStep, kTile);
  for (int m = 0; m < kTile; ++m) {
    for (int k = 0; k < kStep; ++k) {
      a.at(m, k) = m % 3 == 0 ? -127.5 : m % 3 == 1 ? 127.0 : k % 2 ? 127.0 : -127.5;
      b.at(k, m) = m % 4 == 0 ? -128 : m % 4 == 1 ? 127 : k % 2 ? 127 : -128;
    }
  }
  check_bits({.a = a, .b = b});
}

TEST_P(Int8ProductTest, NanAffectsOnlyItsRow) {
  Matrix a = random_matrix(kTile, kStep, 1.0, generator_);
  const Product p{.a = a, .b = weights(kStep, kTile)};
  const Matrix clean = accumulate(p);
  a.at(7, 3) = std::numeric_limits<double>::infinity();
  a.at(9, 100) = std::numeric_limits<double>::quiet_NaN();
  const Matrix found = accumulate({.a = a, .b = p.b});
  for (int m = 0; m < kTile; ++m) {
    if (m == 7 || m == 9) continue;
    for (int n = 0; n < kTile; ++n) ASSERT_EQ(found.at(m, n), clean.at(m, n)) << m << " " << n;
  }
}

TEST_P(Int8ProductTest, ScalesAndBias) {
  check({.a = random_matrix(kTile, 2 * kStep, 1.0, generator_),
         .b = weights(2 * kStep, 2 * kTile),
         .scales = some_scales(2 * kTile),
         .bias = some_bias(2 * kTile)});
}

TEST_P(Int8ProductTest, GeluAndTransposed) {
  check({.a = random_matrix(kTile, kStep, 1.0, generator_),
         .b = weights(kStep, kTile),
         .scales = some_scales(kTile),
         .bias = some_bias(kTile),
         .flags = core::kGelu | core::kTransposed});
}

TEST_P(Int8ProductTest, LayerNormFoldedIn) {
  Matrix a = random_matrix(kTile, 4 * kStep, 1.0, generator_);
  for (int m = 0; m < kTile; ++m) {
    for (int k = 0; k < a.columns; ++k) a.at(m, k) = (a.at(m, k) + 0.5) * (1 + m % 5);
  }
  check({.a = rounded(a),
         .b = weights(4 * kStep, 2 * kTile),
         .scales = some_scales(2 * kTile),
         .bias = some_bias(2 * kTile),
         .flags = core::kNormalised | core::kGelu});
}

TEST_P(Int8ProductTest, ResidualIsAddedLast) {
  const Matrix residual = random_matrix(kTile, kTile, 4.0, generator_);
  check({.a = random_matrix(kTile, kStep, 1.0, generator_),
         .b = weights(kStep, kTile),
         .scales = some_scales(kTile),
         .bias = some_bias(kTile),
         .residual = &residual});
}

TEST_P(Int8ProductTest, CountsItsMultiplyAccumulates) {
  NpuWhisperCoreState& state = object_.state();
  run({.a = random_matrix(kTile, kStep, 1.0, generator_), .b = weights(kStep, kTile)});
  EXPECT_EQ(state.macs_8x8, 64ULL * 128 * 64);
  EXPECT_EQ(state.macs_bf16 + state.macs_bf16_by_bfp16 + state.macs_bfp16 + state.macs_float +
                state.macs_16x8 + state.macs_16x16,
            0U);
}

// A tile of A takes 2048 cycles to arrive. On AIE2P, rounding the tile and adding the sums must not
// take longer. AIE2 must also rearrange the sums, so this work may take slightly longer than the
// products (1985 cycles).
TEST_P(Int8ProductTest, KeepsUpWithItsInput) {
  NpuWhisperCoreState& state = object_.state();
  accumulate(
      {.a = random_matrix(kTile, 8 * kStep, 1.0, generator_), .b = weights(8 * kStep, kTile)});
  EXPECT_GT(state.vector_ops, 0U);
  EXPECT_LT(static_cast<double>(state.vector_ops) / 16,
            GetParam() == Generation::Aie2 ? 2200 : 2048);
  EXPECT_LT(static_cast<double>(state.loads) / 16 / 2, 2048);
  EXPECT_LT(static_cast<double>(state.stores) / 16, 2048);
  std::printf("%.0f vector operations a tile\n", static_cast<double>(state.vector_ops) / 16);
}

INSTANTIATE_TEST_SUITE_P(Generations, Int8ProductTest,
                         ::testing::Values(Generation::Aie2, Generation::Aie2p),
                         [](const auto& generation) {
                           return generation.param == Generation::Aie2 ? "Aie2" : "Aie2p";
                         });

}  // namespace
}  // namespace npuwhisper::npu::testing
