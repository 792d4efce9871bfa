// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs single matrix products through XRT, and checks that each product is one submission. A
// predecessor of this project failed at these shapes. It needed 32,768 calls for 500 x 512 x 512.
// For 512 x 512 x 2048 it needed more DMA descriptors than the array has.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "design/pack_panels.h"
#include "design/plan.h"
#include "device/npu/xrt_session.h"
#include "emulator_counters.h"
#include "encoder_core/encoder_core_ref.h"

namespace npuwhisper::npu_device {
namespace {

using npu::reference::Matrix;
using test::emulator_counters;
using test::growth;

enum Argument : int { kPacked, kInput, kOutput };
constexpr std::chrono::minutes kTimeout{1};

struct Shape {
  const char* name;
  int m, k, n;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.m << " x " << shape.k << " x " << shape.n;
}

/// Returns random values that bf16 represents exactly.
std::vector<float> random_values(int n, float scale, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = npu::from_bf16(npu::to_bf16(normal(random)));
  return values;
}

Matrix matrix(const std::vector<float>& values, int rows, int columns) {
  Matrix result(rows, columns);
  std::copy(values.begin(), values.end(), result.values.begin());
  return result;
}

class LargeProducts : public testing::TestWithParam<Shape> {};

TEST_P(LargeProducts, AreOneSubmission) {
  const auto [name, m, k, n] = GetParam();
  auto session = XrtSession::open();
  ASSERT_TRUE(session) << session.error().message;
  const bool aie2 = (*session)->array() == "npu1";
  const auto spec = npu::make_design_spec((*session)->array(), 4, aie2 ? 4 : 8);
  ASSERT_TRUE(spec);
  const npu::Operation operation{
      name, npu::Product{.m = m,
                         .k = k,
                         .input = {.argument = kInput, .row_stride = k},
                         .parts = {{.n = n, .output = {.argument = kOutput, .row_stride = n}}}}};
  const auto plan = npu::make_plan(*spec, std::array{operation}, kPacked);
  ASSERT_TRUE(plan) << plan.error().message;
  const auto rows = static_cast<std::uint64_t>(plan->figures[0].padded_rows);
  const std::array<std::uint64_t, 3> bytes = {plan->packed_bytes,
                                              2 * rows * static_cast<std::uint64_t>(k),
                                              2 * rows * static_cast<std::uint64_t>(n)};
  const auto loaded = (*session)->load(std::getenv("NPUWHISPER_NPU_IMAGE"), plan->stream(), bytes);
  ASSERT_TRUE(loaded) << loaded.error().message;

  const std::vector<float> x = random_values(m * k, 1, 1);
  const std::vector<float> w = random_values(n * k, 0.1F, 2);
  const npu::Parameters parameters{.weights = {.f32 = w}};
  const auto packed =
      npu::pack_panels(*plan, 0, std::array{parameters}, (*session)->buffer(kPacked));
  ASSERT_TRUE(packed) << packed.error().message;
  std::byte* to = (*session)->buffer(kInput).data();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint16_t bits = npu::to_bf16(x[i]);
    std::memcpy(to + 2 * i, &bits, 2);
  }
  ASSERT_TRUE((*session)->sync_to_device(kPacked));

  const auto before = emulator_counters();
  ASSERT_TRUE((*session)->sync_to_device(kInput));
  ASSERT_TRUE((*session)->start());
  const auto done = (*session)->wait(kTimeout);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_TRUE((*session)->sync_from_device(kOutput));
  const auto after = emulator_counters();
  EXPECT_EQ(growth(before, after, "driver", "n_submissions"), 1);
  EXPECT_EQ(growth(before, after, "driver", "n_runs"), 1);
  EXPECT_EQ(growth(before, after, "driver", "n_syncs_to_device"), 1);
  EXPECT_EQ(growth(before, after, "driver", "n_syncs_from_device"), 1);
  EXPECT_EQ(growth(before, after, "array", "multiply_accumulates"),
            static_cast<long long>(plan->figures[0].padded_macs));

  const Matrix wanted = npu::reference::product(matrix(x, m, k), transposed(matrix(w, n, k)));
  const std::byte* from = (*session)->buffer(kOutput).data();
  double errors = 0;
  double values = 0;
  for (std::size_t i = 0; i < wanted.values.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from + 2 * i, 2);
    const double found = static_cast<double>(npu::from_bf16(bits));
    ASSERT_TRUE(std::isfinite(found)) << i;
    errors += (found - wanted.values[i]) * (found - wanted.values[i]);
    values += wanted.values[i] * wanted.values[i];
  }
  // The bound allows for one rounding to bf16 and, on AIE2P, for 8-bit operands with shared
  // exponents.
  EXPECT_LT(std::sqrt(errors / values), aie2 ? 0.003 : 0.012);
}

// The shapes are m x k x n. In "Wide", n is large. In "Deep", k is large. In "Deeper", a block's
// weights do not fit into a memory tile.
INSTANTIATE_TEST_SUITE_P(Shapes, LargeProducts,
                         testing::Values(Shape{"Square", 500, 512, 512},
                                         Shape{"Wide", 512, 512, 2048},
                                         Shape{"Deep", 512, 2048, 512},
                                         Shape{"Deeper", 512, 5120, 512}),
                         [](const auto& shape) { return shape.param.name; });

}  // namespace
}  // namespace npuwhisper::npu_device
