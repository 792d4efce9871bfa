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

struct Product {
  Matrix a;                    ///< [64, k]
  Matrix b;                    ///< [k, 64 * blocks]
  std::vector<double> bias{};  ///< [64 * blocks]
  std::int32_t flags = 0;
  const Matrix* residual = nullptr;  ///< [64, 64 * blocks]
  int valid_rows = kTile;
  double largest_rms = 0;  ///< Largest relative RMS error allowed, or 0 for no limit.
};

class ProductTest : public ::testing::TestWithParam<Generation> {
 protected:
  ProductTest()
      : object_(GetParam(),
                GetParam() == Generation::Aie2 ? ENCODER_CORE_AIE2 : ENCODER_CORE_AIE2P) {}

  bool aie2() const { return GetParam() == Generation::Aie2; }

  JobHeader header(const Product& p) {
    JobHeader h{};
    h.operation = core::kProduct;
    h.m_passes = 1;
    h.n_blocks = p.b.columns / kTile;
    h.residual_steps = p.residual ? 1 : 0;
    h.k_steps = p.a.columns / kTile;
    h.a_per_step = 1;
    h.c_steps = 1;
    h.core_rows = 1;
    h.valid_rows = p.valid_rows;
    h.inverse_features = static_cast<float>(1.0 / p.a.columns);
    h.epsilon = static_cast<float>(kEpsilon);
    for (int n = 0; n < p.b.columns; ++n) {
      h.flags[n / kTile] = p.flags;
      h.bias[n / kTile][n % kTile] =
          p.bias.empty() ? 0.0F : static_cast<float>(p.bias[static_cast<std::size_t>(n)]);
      double sum = 0;
      for (int k = 0; k < p.b.rows; ++k) sum += p.b.at(k, n);
      h.column_sum[n / kTile][n % kTile] = static_cast<float>(sum);
    }
    return h;
  }

  std::vector<Tile> run(const Product& p) {
    std::deque<Tile> a;
    std::deque<Tile> b;
    for (int block = 0; block < p.b.columns / kTile; ++block) {
      for (int k = 0; k < p.a.columns / kTile; ++k) {
        a.push_back(object_.a_tile(p.a, 0, k));
        b.push_back(object_.b_tile(p.b, k, block));
      }
      if (p.residual) b.push_back(object_.b_tile(*p.residual, 0, block));
    }
    return object_.run(header(p), a, b);
  }

  /// Runs the product and compares every element with the reference.
  void check(const Product& p) {
    const bool normalised = (p.flags & core::kNormalised) != 0;
    const std::vector<Tile> tiles = run(p);
    ASSERT_EQ(tiles.size(), static_cast<std::size_t>(p.b.columns / kTile));
    const Matrix normal = normalised ? reference::normalise(p.a, p.a.columns, kEpsilon) : p.a;
    const Matrix sums = reference::product(normal, p.b);
    const Matrix before = reference::finish(sums, {.bias = p.bias});
    const Matrix wanted = reference::finish(
        sums, {.bias = p.bias, .gelu = (p.flags & core::kGelu) != 0, .residual = p.residual});
    const Matrix off = product_bound(p.a, p.b, GetParam(), (p.flags & core::kInParts) != 0);
    RelativeError total;
    for (int m = 0; m < kTile; ++m) {
      const RowStatistics row = row_statistics(p.a, m);
      for (int n = 0; n < p.b.columns; ++n) {
        const double found = object_.c_element(tiles, m, n, (p.flags & core::kTransposed) != 0);
        if (m >= p.valid_rows) {
          ASSERT_EQ(found, 0.0) << "row " << m << " column " << n;
          continue;
        }
        double error = off.at(m, n);
        if (normalised) {
          double magnitude = 0;
          double column_sum = 0;
          for (int k = 0; k < p.b.rows; ++k) {
            magnitude += std::fabs(p.a.at(m, k) * p.b.at(k, n));
            column_sum += p.b.at(k, n);
          }
          error = (error + kSplit * (magnitude + std::fabs(row.mean * column_sum))) / row.deviation;
          // The variance is a difference of f32 sums. The relative error of the deviation is half
          // the relative error of the variance.
          error += std::fabs(before.at(m, n)) * (kSplit + row.cancellation * std::ldexp(1.0, -20));
        }
        error += std::fabs(before.at(m, n)) * std::ldexp(1.0, -22);
        if (p.flags & core::kGelu) error = gelu_bound(before.at(m, n), error);
        error += std::fabs(wanted.at(m, n)) * kBf16;
        ASSERT_NEAR(found, wanted.at(m, n), error) << "row " << m << " column " << n;
        total.add(found, wanted.at(m, n));
      }
    }
    if (p.largest_rms > 0) {
      EXPECT_LT(total.value(), p.largest_rms);
    }
  }

  /// Returns the usual limit of the relative root mean square error. The expected error is 2^-9.8
  /// for bf16 results and about 1 % for products in bfp16.
  double usual_rms() const { return aie2() ? 0.0025 : 0.015; }

  CoreObject object_;
  std::mt19937 generator_{20261121};
};

TEST_P(ProductTest, SumsAndBias) {
  const Product p{.a = random_matrix(kTile, 192, 1.0, generator_),
                  .b = random_matrix(192, kTile, 0.1, generator_),
                  .bias = some_bias(kTile),
                  .largest_rms = usual_rms()};
  check(p);
}

TEST_P(ProductTest, EveryElementReachesItsPlace) {
  // Small integers are exact in every format, so only the correct sum passes.
  Matrix a(kTile, kTile);
  Matrix b(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      a.at(i, j) = (i * 5 + j * 3) % 7 - 3;
      b.at(i, j) = (i * 3 + j * 11) % 5 - 2;
    }
  }
  const std::vector<Tile> tiles = run({.a = a, .b = b});
  const Matrix wanted = reference::product(a, b);
  for (int m = 0; m < kTile; ++m) {
    for (int n = 0; n < kTile; ++n) {
      ASSERT_EQ(object_.c_element(tiles[0], m, n), from_bf16(to_bf16(wanted.at(m, n))))
          << m << " " << n;
    }
  }
}

TEST_P(ProductTest, CountsItsMultiplyAccumulates) {
  NpuWhisperCoreState& state = object_.state();
  const Product p{.a = random_matrix(kTile, 128, 1.0, generator_),
                  .b = random_matrix(128, 128, 0.1, generator_),
                  .bias = some_bias(128),
                  .flags = core::kNormalised | core::kGelu};
  run(p);
  const std::uint64_t wanted = 64ULL * 128 * 128;
  EXPECT_EQ(state.macs_bf16, aie2() ? wanted : 0);
  EXPECT_EQ(state.macs_bf16_by_bfp16, aie2() ? 0 : wanted);
  EXPECT_EQ(
      state.macs_bfp16 + state.macs_float + state.macs_8x8 + state.macs_16x8 + state.macs_16x16,
      0U);
  EXPECT_GT(state.loads, 0U);
  EXPECT_GT(state.vector_ops, 0U);
}

// If some columns are sixteen times as large as others, a shared exponent leaves few bits for the
// other columns.
TEST_P(ProductTest, InPartsProductsKeepAllOfBf16) {
  for (const std::int32_t flags : {0, static_cast<int>(core::kNormalised)}) {
    Matrix a = random_matrix(kTile, 192, 1.0, generator_);
    Matrix b = random_matrix(192, kTile, 0.1, generator_);
    for (int k = 3; k < 192; k += 8) {
      for (int i = 0; i < kTile; ++i) {
        a.at(i, k) *= 16;
        b.at(k, i) /= 16;
      }
    }
    check({.a = a,
           .b = b,
           .bias = some_bias(kTile),
           .flags = flags | core::kInParts,
           .largest_rms = flags == 0 ? 0.0025 : 0.003});
  }
}

TEST_P(ProductTest, InPartsEveryElementReachesItsPlace) {
  // These values need more bits than one part of a block has, but the sums must still be exact.
  Matrix a(kTile, kTile);
  Matrix b(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    a.at(i, i / 8 * 8) = 192;
    a.at(i, i / 8 * 8 + 7) = (i * 5) % 11 * 0.125;
    b.at(i, i) = 1;
  }
  const std::vector<Tile> tiles = run({.a = a, .b = b, .flags = core::kInParts});
  for (int m = 0; m < kTile; ++m) {
    for (int n = 0; n < kTile; ++n) ASSERT_EQ(object_.c_element(tiles[0], m, n), a.at(m, n));
  }
}

TEST_P(ProductTest, InPartsIsThreeProductsAndTheRests) {
  run({.a = random_matrix(kTile, 128, 1.0, generator_),
       .b = random_matrix(128, 128, 0.1, generator_),
       .flags = core::kInParts});
  const std::uint64_t once = 64ULL * 128 * 128;
  EXPECT_EQ(object_.state().macs_bf16, aie2() ? once : 0);
  EXPECT_EQ(object_.state().macs_bf16_by_bfp16, aie2() ? 0 : 3 * once + once / 4);
}

TEST_P(ProductTest, PaddingAloneIsNotMultiplied) {
  const std::vector<Tile> tiles = run({.a = random_matrix(kTile, 128, 1.0, generator_),
                                       .b = random_matrix(128, 128, 0.1, generator_),
                                       .bias = some_bias(128),
                                       .valid_rows = 0});
  EXPECT_EQ(object_.state().macs_bf16 + object_.state().macs_bf16_by_bfp16, 0U);
  for (const Tile& tile : tiles) EXPECT_EQ(tile, Tile(core::kTileElements));
}

TEST_P(ProductTest, Gelu) {
  Matrix b = random_matrix(kTile, kTile, 0.25, generator_);
  const Product p{.a = random_matrix(kTile, kTile, 1.0, generator_),
                  .b = b,
                  .bias = some_bias(kTile),
                  .flags = core::kGelu,
                  .largest_rms = aie2() ? 0.004 : 0.02};
  check(p);
}

TEST_P(ProductTest, GeluOfEverySize) {
  // One column of A holds values from -12 to 12 and three other values. Gelu's arguments are these
  // values times 1 to 2.
  Matrix a(kTile, kTile);
  Matrix b(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    a.at(i, 0) = from_bf16(to_bf16((i - 32) * 0.375));
    b.at(0, i) = from_bf16(to_bf16(1.0 + i / 64.0));
  }
  a.at(0, 0) = -1000;
  a.at(1, 0) = 1000;
  a.at(2, 0) = 1e-20;
  check({.a = a, .b = b, .flags = core::kGelu});
}

TEST_P(ProductTest, GelusTailHasNoBias) {
  // A holds odd multiples of 1/32 from -4 to 0, which are exact in every format.
  Matrix a(kTile, kTile);
  Matrix b(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    a.at(i, 0) = -(i + 0.5) / 16;
    b.at(0, i) = i % 2 ? 1.0 : 0.5;
  }
  a = rounded(a);
  const std::vector<Tile> tiles = run({.a = a, .b = b, .flags = core::kGelu});
  double found = 0;
  double wanted = 0;
  for (int m = 0; m < kTile; ++m) {
    for (int n = 0; n < 2; ++n) {
      found += object_.c_element(tiles[0], m, n);
      wanted += reference::gelu(a.at(m, 0) * b.at(0, n));
    }
  }
  // The 128 values are each off by up to 1 %, in both directions.
  EXPECT_NEAR(found / wanted, 1.0, 0.002);
}

TEST_P(ProductTest, LayerNormFoldedIn) {
  Matrix a = random_matrix(kTile, 512, 1.0, generator_);
  for (int m = 0; m < kTile; ++m) {
    for (int k = 0; k < 512; ++k) a.at(m, k) = (a.at(m, k) + 0.5) * (1 + m % 5);
  }
  const Product p{.a = rounded(a),
                  .b = random_matrix(512, 2 * kTile, 0.05, generator_),
                  .bias = some_bias(2 * kTile),
                  .flags = core::kNormalised,
                  .largest_rms = aie2() ? 0.003 : 0.02};
  check(p);
}

TEST_P(ProductTest, LayerNormOfConstantRowsIsFinite) {
  Matrix a(kTile, kTile);
  for (int m = 0; m < kTile; ++m) {
    for (int k = 0; k < kTile; ++k) a.at(m, k) = m % 2 ? 3.0 : 0.0;
  }
  const Product p{
      .a = a, .b = random_matrix(kTile, kTile, 0.05, generator_), .flags = core::kNormalised};
  const std::vector<Tile> tiles = run(p);
  for (int m = 0; m < kTile; ++m) {
    for (int n = 0; n < kTile; ++n) {
      ASSERT_TRUE(std::isfinite(object_.c_element(tiles[0], m, n)));
    }
  }
}

TEST_P(ProductTest, NormalisedGelu) {
  const Product p{.a = random_matrix(kTile, 256, 3.0, generator_),
                  .b = random_matrix(256, kTile, 0.06, generator_),
                  .bias = some_bias(kTile),
                  .flags = core::kNormalised | core::kGelu,
                  .largest_rms = aie2() ? 0.005 : 0.02};
  check(p);
}

TEST_P(ProductTest, ResidualIsAddedLast) {
  const Matrix residual = random_matrix(kTile, 2 * kTile, 4.0, generator_);
  for (const std::int32_t flags : {0, static_cast<int>(core::kGelu)}) {
    const Product p{.a = random_matrix(kTile, 128, 1.0, generator_),
                    .b = random_matrix(128, 2 * kTile, 0.1, generator_),
                    .bias = some_bias(2 * kTile),
                    .flags = flags,
                    .residual = &residual,
                    .largest_rms = aie2() ? 0.0025 : 0.006};
    check(p);
  }
}

TEST_P(ProductTest, TransposedAndPadded) {
  for (const int valid : {64, 63, 61, 60, 36, 32, 1, 0}) {
    for (const std::int32_t flags : {0, static_cast<int>(core::kTransposed)}) {
      const Product p{.a = random_matrix(kTile, kTile, 1.0, generator_),
                      .b = random_matrix(kTile, kTile, 0.2, generator_),
                      .bias = some_bias(kTile),
                      .flags = flags,
                      .valid_rows = valid};
      check(p);
    }
  }
}

TEST_P(ProductTest, PaddedRowsAreZeroWhateverTheyHold) {
  Matrix a(kTile, kTile);
  for (int k = 0; k < kTile; ++k) a.at(63, k) = std::numeric_limits<double>::infinity();
  const Product p{.a = a,
                  .b = random_matrix(kTile, kTile, 0.2, generator_),
                  .flags = core::kGelu,
                  .valid_rows = 60};
  const std::vector<Tile> tiles = run(p);
  for (int n = 0; n < kTile; ++n) EXPECT_EQ(object_.c_element(tiles[0], 63, n), 0.0);
}

TEST_P(ProductTest, LargeValues) {
  // Sums of 2^124 are finite in f32 and bf16; bfp16 carries any exponent.
  Matrix a(kTile, kTile);
  Matrix b(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    for (int j = 0; j < kTile; ++j) {
      a.at(i, j) = std::ldexp(i % 2 ? -1.5 : 1.0, 58);
      b.at(i, j) = std::ldexp(j % 3 ? 1.0 : -1.25, 59);
    }
  }
  check({.a = a, .b = b});
}

TEST_P(ProductTest, SumsBeyondBf16AreInfinite) {
  Matrix a(kTile, kTile);
  Matrix b(kTile, kTile);
  for (int i = 0; i < kTile; ++i) {
    a.at(i, 0) = std::ldexp(1.9921875, 63);
    b.at(0, i) = i % 2 ? std::ldexp(1.9921875, 64) : std::ldexp(-1.9921875, 64);
  }
  const std::vector<Tile> tiles = run({.a = a, .b = b});
  EXPECT_GT(object_.c_element(tiles[0], 5, 1), 3.3e38);
  EXPECT_LT(object_.c_element(tiles[0], 5, 2), -3.3e38);
}

TEST_P(ProductTest, MemoryThatIsNotTheTilesTraps) {
  std::vector<std::byte> elsewhere(4 * core::kTileBytes);
  auto* begin = object_.function<decltype(encoder_begin_job)>("encoder_begin_job");
  auto* job = reinterpret_cast<core::Job*>(object_.memory() + core::kJobAddress);
  void* aligned = elsewhere.data();
  std::size_t room = elsewhere.size();
  std::align(64, core::kTileBytes, aligned, room);
  EXPECT_THROW(begin(aligned, 0, job), std::runtime_error);
  EXPECT_THROW(begin(object_.memory() + core::kBAddress + 8, 0, job), std::runtime_error);
  EXPECT_THROW(begin(object_.memory() + 65536 - 1024, 0, job), std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(Generations, ProductTest,
                         ::testing::Values(Generation::Aie2, Generation::Aie2p),
                         [](const auto& generation) {
                           return generation.param == Generation::Aie2 ? "Aie2" : "Aie2p";
                         });

}  // namespace
}  // namespace npuwhisper::npu::testing
