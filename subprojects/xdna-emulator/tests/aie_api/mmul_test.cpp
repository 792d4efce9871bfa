// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cmath>

#include "trap_support.h"

namespace {

using MmulTest = AieTest;

/// Compares every element with a plain loop. The products accumulate over two calls of mac().
template <unsigned M, unsigned K, unsigned N, typename A, typename B, typename Tag = accauto,
          typename Test>
void check_integers(Test& test) {
  using Product = aie::mmul<M, K, N, A, B, Tag>;
  using Wide = typename Product::lane_type;
  const auto start = test.template random_vector<std::int16_t, M * N>();
  const auto a0 = test.template random_vector<A, M * K>();
  const auto a1 = test.template random_vector<A, M * K>();
  const auto b0 = test.template random_vector<B, K * N>();
  const auto b1 = test.template random_vector<B, K * N>();
  Product c(start);
  c.mac(a0, b0);
  c.mac(a1, b1);
  Product fresh;
  fresh.mul(a1, b0);
  const auto found = c.to_accum();
  const auto found_fresh = fresh.to_accum();
  for (unsigned m = 0; m < M; ++m) {
    for (unsigned n = 0; n < N; ++n) {
      std::uint64_t sum = static_cast<std::uint64_t>(std::int64_t{start.get(m * N + n)});
      std::uint64_t sum_fresh = 0;
      for (unsigned k = 0; k < K; ++k) {
        const auto at = [&](const auto& v, unsigned i) {
          return static_cast<std::uint64_t>(static_cast<std::int64_t>(v.get(i)));
        };
        sum += at(a0, m * K + k) * at(b0, k * N + n) + at(a1, m * K + k) * at(b1, k * N + n);
        sum_fresh += at(a1, m * K + k) * at(b0, k * N + n);
      }
      ASSERT_EQ(found.lanes().get(m * N + n), static_cast<Wide>(sum))
          << M << "x" << K << "x" << N << " at " << m << "," << n;
      ASSERT_EQ(found_fresh.lanes().get(m * N + n), static_cast<Wide>(sum_fresh));
    }
  }
}

/// Compares products of small integers, which are exact in bf16, f32 and bfp16 (all values of a
/// block fit one exponent).
template <unsigned M, unsigned K, unsigned N, typename T>
void check_exact() {
  using Product = aie::mmul<M, K, N, T, T, accfloat>;
  aie::vector<T, M * K> a;
  aie::vector<T, K * N> b;
  for (unsigned i = 0; i < M * K; ++i) a.set(static_cast<T>(static_cast<int>(i * 7 % 11) - 5), i);
  for (unsigned i = 0; i < K * N; ++i) b.set(static_cast<T>(static_cast<int>(i * 5 % 13) - 6), i);
  Product c;
  c.mac(a, b);
  c.mac(a, b);
  const auto found = c.template to_vector<float>();
  for (unsigned m = 0; m < M; ++m) {
    for (unsigned n = 0; n < N; ++n) {
      float sum = 0;
      for (unsigned k = 0; k < K; ++k) {
        sum += static_cast<float>(a.get(m * K + k)) * static_cast<float>(b.get(k * N + n));
      }
      ASSERT_EQ(found.get(m * N + n), 2 * sum) << M << "x" << K << "x" << N;
    }
  }
}

class ShapesTest : public AieTest {
 public:
  using AieTest::random_vector;
};

TEST_F(ShapesTest, Bytes) {
#if __AIE_ARCH__ == 20
  check_integers<4, 8, 4, int8, int8>(*this);
  check_integers<4, 16, 4, int8, int8>(*this);
  check_integers<8, 8, 4, int8, uint8>(*this);
  check_integers<2, 8, 8, uint8, int8>(*this);
  check_integers<1, 16, 8, int8, int8>(*this);
  check_integers<2, 16, 8, int8, int8>(*this);
  check_integers<4, 16, 8, int8, int8>(*this);
#endif
  check_integers<4, 8, 8, int8, int8>(*this);
  check_integers<8, 8, 8, uint8, uint8>(*this);
  check_integers<8, 8, 8, uint8, int8>(*this);
}

TEST_F(ShapesTest, MixedAndWords) {
  check_integers<4, 4, 8, int16, int8>(*this);
  check_integers<8, 4, 8, int16, int8>(*this);
  check_integers<2, 8, 8, int16, int8>(*this);
  check_integers<4, 4, 8, int8, int16>(*this);
  check_integers<4, 4, 8, int16, int16>(*this);
  check_integers<4, 4, 8, int16, int16, acc32>(*this);
  check_integers<8, 2, 8, int16, int16, acc32>(*this);
  check_integers<2, 4, 8, int16, uint16, acc64>(*this);
  check_integers<4, 4, 8, int32, int16>(*this);
  check_integers<4, 4, 4, int32, int32>(*this);
#if __AIE_ARCH__ == 20
  check_integers<4, 4, 4, int16, int8>(*this);
  check_integers<4, 8, 4, uint16, int8>(*this);
  check_integers<4, 4, 4, int16, int16>(*this);
#else
  check_integers<4, 8, 8, int16, int8>(*this);
  check_integers<8, 2, 8, int8, int16>(*this);
  check_integers<4, 2, 8, int32, int16>(*this);
#endif
}

TEST_F(ShapesTest, Floats) {
  check_exact<4, 8, 4, bfloat16>();
  check_exact<8, 8, 4, bfloat16>();
  check_exact<4, 8, 8, bfloat16>();
  check_exact<8, 8, 8, bfloat16>();
  check_exact<4, 8, 4, float>();
#if __AIE_ARCH__ == 20
  check_exact<4, 16, 8, bfloat16>();
#else
  check_exact<8, 1, 8, bfloat16>();
#endif
}

TEST_F(MmulTest, GenerationsLackShapes) {
  using aie::detail::has_shape;
  static_assert(has_shape<bfloat16, bfloat16>({4, 8, 4}));
  static_assert(!has_shape<bfloat16, bfloat16>({4, 4, 4}));
  static_assert(!has_shape<int8, float>({4, 8, 4}));
#if __AIE_ARCH__ == 20
  static_assert(has_shape<int8, int8>({4, 8, 4}) && !has_shape<bfloat16, bfloat16>({8, 1, 8}));
  static_assert(!has_shape<bfp16ebs8, bfp16ebs8>({8, 8, 8}));
#else
  static_assert(!has_shape<int8, int8>({4, 8, 4}) && has_shape<bfloat16, bfloat16>({8, 1, 8}));
  static_assert(has_shape<bfp16ebs8, bfp16ebs8>({8, 8, 8}));
#endif
}

TEST_F(MmulTest, Bf16ProductsAreExactAndSummedInOrder) {
  // 2^24 + 1 is not representable in f32, so a sum in order of k loses each of the seven ones.
  aie::vector<bfloat16, 32> a = aie::zeros<bfloat16, 32>();
  aie::vector<bfloat16, 32> b = aie::broadcast<bfloat16, 32>(1.0F);
  a.set(16777216.0F, 0);
  for (unsigned k = 1; k < 8; ++k) a.set(1.0F, k);
  aie::mmul<4, 8, 4, bfloat16, bfloat16, accfloat> c;
  c.mac(a, b);
  EXPECT_EQ(c.to_vector<float>().get(0), 16777216.0F);
}

TEST_F(MmulTest, CountsByType) {
  aie::mmul<4, 8, 8, int8, int8> bytes;
  bytes.mac(aie::zeros<int8, 32>(), aie::zeros<int8, 64>());
  aie::mmul<4, 4, 8, int16, int8> mixed;
  mixed.mac(aie::zeros<int16, 16>(), aie::zeros<int8, 32>());
  aie::mmul<4, 4, 8, int16, int16> words;
  words.mac(aie::zeros<int16, 16>(), aie::zeros<int16, 32>());
  aie::mmul<4, 8, 4, bfloat16, bfloat16> halves;
  halves.mac(aie::zeros<bfloat16, 32>(), aie::zeros<bfloat16, 32>());
  EXPECT_EQ(npuwhisper_core_state.macs_8x8, 256U);
  EXPECT_EQ(npuwhisper_core_state.macs_16x8, 128U);
  EXPECT_EQ(npuwhisper_core_state.macs_16x16, 128U);
  EXPECT_EQ(npuwhisper_core_state.macs_bf16, 128U);
  EXPECT_EQ(npuwhisper_core_state.vector_ops, 0U);
  // Lane-wise products count as vector operations. 32 bf16 lanes take one operation, or two on
  // AIE2.
  aie::mul(aie::zeros<bfloat16, 32>(), aie::zeros<bfloat16, 32>());
  EXPECT_EQ(npuwhisper_core_state.macs_bf16, 128U);
  EXPECT_EQ(npuwhisper_core_state.vector_ops, __AIE_ARCH__ == 20 ? 2U : 1U);
}

}  // namespace
