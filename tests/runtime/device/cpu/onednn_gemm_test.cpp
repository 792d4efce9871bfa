// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/cpu/onednn_gemm.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "simd/aligned.h"
#include "simd/isa.h"
#include "simd/onednn.h"
#include "simd/round_up.h"
#include "simd/row_kernels.h"

namespace npuwhisper::cpu {
namespace {

/// Numbers of one data type, and the same values in f32.
struct Operand {
  AlignedBytes bytes;
  std::vector<float> values;
};

Operand random_operand(std::size_t n, DataType type, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
  Operand operand{AlignedBytes(n * size_of(type)), std::vector<float>(n)};
  for (float& x : operand.values) x = distribution(generator);
  convert(operand.values.data(), DataType::F32, operand.bytes.data(), type, n);
  convert(operand.bytes.data(), type, operand.values.data(), DataType::F32, n);
  return operand;
}

std::unique_ptr<OneDnnGemm> make(const GemmShape& shape, const OneDnnGemm* packing = nullptr,
                                 unsigned n_threads = 1) {
  auto made = OneDnnGemm::create(shape, n_threads, packing);
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  return std::move(*made);
}

/// All operands of a product of one shape.
struct Problem {
  explicit Problem(const GemmShape& s)
      : shape(s),
        a(random_operand(static_cast<std::size_t>(s.m * s.lda), s.input, 1)),
        b(random_operand(static_cast<std::size_t>(s.n * s.k), s.input, 2)),
        bias(random_operand(static_cast<std::size_t>(s.n), DataType::F32, 3)),
        c(random_operand(static_cast<std::size_t>(s.m * s.ldc), s.output, 4)) {}

  double wanted(int row, int column) const {
    double sum = 0;
    for (int i = 0; i < shape.k; ++i) {
      sum += static_cast<double>(a.values[static_cast<std::size_t>(row * shape.lda + i)]) *
             b.values[static_cast<std::size_t>(column * shape.k + i)];
    }
    if (shape.bias) sum += bias.values[static_cast<std::size_t>(column)];
    if (shape.gelu) sum = 0.5 * sum * (1 + std::erf(sum / std::sqrt(2.0)));
    if (shape.accumulate) sum += c.values[static_cast<std::size_t>(row * shape.ldc + column)];
    return sum;
  }

  /// Compares C with the expected values. The gaps between its rows must not have changed.
  void check(const std::string& what) const {
    std::vector<float> found(c.values.size());
    convert(c.bytes.data(), shape.output, found.data(), DataType::F32, found.size());
    // The k products are summed in f32. A bf16 result is rounded by at most 2^-9 of its magnitude.
    const double relative = shape.output == DataType::Bf16 ? 4e-3 : 1e-6;
    for (int row = 0; row < shape.m; ++row) {
      for (int column = 0; column < shape.ldc; ++column) {
        const auto at = static_cast<std::size_t>(row * shape.ldc + column);
        if (column >= shape.n) {
          ASSERT_EQ(found[at], c.values[at]) << what << ": wrote between rows";
          continue;
        }
        const double value = wanted(row, column);
        ASSERT_NEAR(found[at], value, relative * (std::fabs(value) + std::sqrt(shape.k)) + 1e-6)
            << what << ", row " << row << " column " << column;
      }
    }
  }

  GemmShape shape;
  Operand a, b, bias, c;
};

/// Runs products without oneDNN's own threads, like a worker of the thread pool.
class OneDnn : public testing::TestWithParam<DataType> {
 protected:
  void SetUp() override {
    const auto isa = select_isa();
    ASSERT_TRUE(isa) << isa.error().message;
    if (GetParam() == DataType::Bf16 && *isa < Isa::Avx512Bf16)
      GTEST_SKIP() << "this CPU has no bf16";
  }

  onednn::SingleThreaded guard_;
};

TEST_P(OneDnn, EveryEpilogue) {
  for (const DataType output : {DataType::F32, GetParam()}) {
    for (unsigned parts = 0; parts < 8; ++parts) {
      // The sizes are not multiples of any register width, and the rows have gaps between them.
      const GemmShape shape{.m = 17,
                            .k = 65,
                            .n = 35,
                            .lda = 70,
                            .ldc = 40,
                            .input = GetParam(),
                            .output = output,
                            .bias = (parts & 1) != 0,
                            .gelu = (parts & 2) != 0,
                            .accumulate = (parts & 4) != 0};
      const Problem problem(shape);
      const auto gemm = make(shape);
      ASSERT_NE(gemm, nullptr);
      const AlignedBytes packed(gemm->packed_bytes());
      const AlignedBytes scratch(gemm->scratch_bytes());
      std::vector<float> weight = problem.b.values;
      ASSERT_TRUE(gemm->pack_weight(weight.data(), packed.data()));
      ASSERT_TRUE(gemm->run(0, problem.a.bytes.data(), packed.data(),
                            shape.bias ? problem.bias.values.data() : nullptr,
                            problem.c.bytes.data(), scratch.data()));
      problem.check("parts " + std::to_string(parts) + " to " + std::string(to_string(output)));
    }
  }
}

/// The last, shorter block of rows reads weights that were packed for whole blocks.
TEST_P(OneDnn, AnotherNumberOfRowsSharesThePacking) {
  GemmShape shape{.m = 128, .k = 96, .n = 130, .lda = 96, .ldc = 130, .input = GetParam()};
  const auto whole = make(shape);
  ASSERT_NE(whole, nullptr);
  const AlignedBytes packed(whole->packed_bytes());
  ASSERT_TRUE(whole->pack_weight(Problem(shape).b.values.data(), packed.data()));
  for (const int m : {1, 2, 15, 16, 44, 127}) {
    shape.m = m;
    const Problem problem(shape);
    const auto last = make(shape, whole.get());
    ASSERT_NE(last, nullptr);
    EXPECT_EQ(last->packed_bytes(), whole->packed_bytes());
    const AlignedBytes scratch(last->scratch_bytes());
    ASSERT_TRUE(last->run(0, problem.a.bytes.data(), packed.data(), nullptr, problem.c.bytes.data(),
                          scratch.data()));
    problem.check(std::to_string(m) + " rows");
  }
}

/// Sums of 8-bit integers are exact, even if all products have the largest magnitude. Shorter
/// blocks of rows read the same packed weights.
TEST(OneDnnIntegers, SumsAreExact) {
  ASSERT_TRUE(select_isa());
  if (!onednn::has_vnni()) GTEST_SKIP() << "this CPU has no AVX-512 VNNI";
  const onednn::SingleThreaded guard;
  GemmShape shape{.m = 40,
                  .k = 2048,
                  .n = 48,
                  .lda = 2048,
                  .ldc = 48,
                  .input = DataType::I8,
                  .output = DataType::I32};
  const auto whole = make(shape);
  ASSERT_NE(whole, nullptr);
  std::mt19937 generator(1);
  std::vector<std::uint8_t> a(static_cast<std::size_t>(shape.m * shape.k));
  std::vector<std::int8_t> b(static_cast<std::size_t>(shape.n * shape.k));
  for (std::uint8_t& x : a) x = static_cast<std::uint8_t>(generator());
  for (std::int8_t& x : b) x = static_cast<std::int8_t>(generator());
  std::fill_n(a.begin(), shape.k, std::uint8_t{255});
  std::fill_n(b.begin(), shape.k, std::int8_t{127});
  std::fill_n(b.begin() + shape.k, shape.k, std::int8_t{-128});
  const AlignedBytes packed(whole->packed_bytes());
  ASSERT_TRUE(whole->pack_weight(b.data(), packed.data()));
  for (const int m : {40, 1, 13}) {
    shape.m = m;
    const auto gemm = make(shape, whole.get());
    ASSERT_NE(gemm, nullptr);
    const AlignedBytes scratch(gemm->scratch_bytes());
    std::vector<std::int32_t> c(static_cast<std::size_t>(m * shape.n));
    ASSERT_TRUE(gemm->run(0, a.data(), packed.data(), nullptr, c.data(), scratch.data()));
    for (int row = 0; row < m; ++row) {
      for (int column = 0; column < shape.n; ++column) {
        std::int32_t wanted = 0;
        for (int i = 0; i < shape.k; ++i) {
          wanted += a[static_cast<std::size_t>(row * shape.k + i)] *
                    b[static_cast<std::size_t>(column * shape.k + i)];
        }
        ASSERT_EQ(c[static_cast<std::size_t>(row * shape.n + column)], wanted)
            << m << " rows, row " << row << " column " << column;
      }
    }
  }
}

/// Attention's keys and values lie in rows that hold the queries, keys and values of all heads. The
/// product packs them from these strided rows, transposed or not.
TEST_P(OneDnn, PacksStridedOperands) {
  for (const bool transposed : {false, true}) {
    const GemmShape shape{.m = 5,
                          .k = transposed ? 64 : 50,
                          .n = transposed ? 50 : 64,
                          .lda = 64,
                          .ldc = 64,
                          .input = GetParam()};
    constexpr int kRow = 200;
    const GemmStrides strides = transposed ? GemmStrides{.k_stride = 1, .n_stride = kRow}
                                           : GemmStrides{.k_stride = kRow, .n_stride = 1};
    Problem problem(shape);
    const Operand rows = random_operand(50 * kRow, GetParam(), 9);
    for (int column = 0; column < shape.n; ++column) {
      for (int i = 0; i < shape.k; ++i) {
        problem.b.values[static_cast<std::size_t>(column * shape.k + i)] =
            rows.values[static_cast<std::size_t>(i * strides.k_stride + column * strides.n_stride)];
      }
    }
    const auto gemm = make(shape);
    ASSERT_NE(gemm, nullptr);
    ASSERT_TRUE(gemm->prepare_pack(strides));
    const AlignedBytes packed(gemm->packed_bytes());
    const AlignedBytes scratch(gemm->scratch_bytes());
    ASSERT_TRUE(gemm->pack(0, rows.bytes.data(), packed.data()));
    ASSERT_TRUE(gemm->run(0, problem.a.bytes.data(), packed.data(), nullptr, problem.c.bytes.data(),
                          scratch.data()));
    problem.check(transposed ? "keys" : "values");
  }
}

/// Threads share packed weights, so a product must not write to them, not even to the padding of
/// odd widths.
TEST_P(OneDnn, RunningOnlyReadsTheWeights) {
  for (const int n : {35, 64, 129}) {
    const GemmShape shape{.m = 16, .k = 67, .n = n, .lda = 67, .ldc = n, .input = GetParam()};
    const Problem problem(shape);
    const auto gemm = make(shape);
    ASSERT_NE(gemm, nullptr);
    const std::size_t bytes = round_up(gemm->packed_bytes(), 4096);
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(pages, MAP_FAILED);
    ASSERT_TRUE(gemm->pack_weight(problem.b.values.data(), pages));
    ASSERT_EQ(mprotect(pages, bytes, PROT_READ), 0);
    const AlignedBytes scratch(gemm->scratch_bytes());
    ASSERT_TRUE(gemm->run(0, problem.a.bytes.data(), pages, nullptr, problem.c.bytes.data(),
                          scratch.data()));
    problem.check("read-only weights");
    munmap(pages, bytes);
  }
}

TEST_P(OneDnn, ThreadsRunItTogether) {
  constexpr unsigned kThreads = 4;
  const GemmShape shape{.m = 32, .k = 64, .n = 96, .lda = 64, .ldc = 96, .input = GetParam()};
  const auto gemm = make(shape, nullptr, kThreads);
  ASSERT_NE(gemm, nullptr);
  const AlignedBytes packed(gemm->packed_bytes());
  ASSERT_TRUE(gemm->pack_weight(Problem(shape).b.values.data(), packed.data()));
  std::vector<Problem> problems;
  for (unsigned i = 0; i < kThreads; ++i) problems.emplace_back(shape);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const onednn::SingleThreaded guard;
      const AlignedBytes scratch(gemm->scratch_bytes());
      for (int repeat = 0; repeat < 50; ++repeat) {
        EXPECT_TRUE(gemm->run(i, problems[i].a.bytes.data(), packed.data(), nullptr,
                              problems[i].c.bytes.data(), scratch.data()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Problem& problem : problems) problem.check("four threads");
}

TEST_P(OneDnn, NamesItsKernel) {
  const auto gemm = make({.m = 16, .k = 64, .n = 64, .lda = 64, .ldc = 64, .input = GetParam()});
  ASSERT_NE(gemm, nullptr);
  EXPECT_FALSE(gemm->kernel().empty());
  // oneDNN must not fall back silently to its reference kernel, which is a hundred times slower.
  EXPECT_EQ(gemm->kernel().find("ref"), std::string::npos) << gemm->kernel();
  EXPECT_EQ(gemm->shape().n, 64);
}

TEST_P(OneDnn, AShapeThatMakesNoSenseIsRefused) {
  const auto made =
      OneDnnGemm::create({.m = 16, .k = -1, .n = 64, .lda = 64, .ldc = 64, .input = GetParam()}, 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Unsupported);
  EXPECT_NE(made.error().message.find("oneDNN"), std::string::npos) << made.error().message;
}

INSTANTIATE_TEST_SUITE_P(Types, OneDnn, testing::Values(DataType::F32, DataType::Bf16),
                         [](const auto& instance) {
                           return std::string(to_string(instance.param));
                         });

}  // namespace
}  // namespace npuwhisper::cpu
