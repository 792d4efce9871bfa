// SPDX-License-Identifier: LGPL-2.1-or-later
#define AIE_API_EMULATE_BFLOAT16_MMUL_WITH_BFP16 1
#include <cmath>

#include "trap_support.h"

namespace {

using aie::rounding_mode;

class Bfp16Test : public AieTest {
 protected:
  Bfp16Test() { aie::set_rounding(rounding_mode::conv_even); }

  /// Returns the expected values of a block, computed in double from the definition of bfp16.
  static std::array<double, 8> block_of(const std::array<float, 8>& x) {
    int e = -1000;
    for (const float v : x) {
      if (v != 0) e = std::max(e, std::ilogb(v));
    }
    std::array<double, 8> r{};
    if (e == -1000) return r;
    for (int attempt = 0; attempt < 2; ++attempt) {
      const double unit = std::ldexp(1.0, e - 6);
      bool fits = true;
      for (int i = 0; i < 8; ++i) {
        const double mantissa =
            std::nearbyint(static_cast<double>(x[static_cast<std::size_t>(i)]) / unit);
        fits = fits && mantissa <= 127;
        r[static_cast<std::size_t>(i)] = mantissa * unit;
      }
      if (fits) return r;
      ++e;
    }
    return r;
  }
};

TEST_F(Bfp16Test, BlocksShareTheLargestExponent) {
  std::uniform_int_distribution<int> exponent(-20, 20);
  for (int round = 0; round < 2000; ++round) {
    aie::vector<float, 64> v = random_vector<float, 64>();
    for (unsigned i = 0; i < 64; ++i) v.set(std::ldexp(v.get(i), exponent(generator)), i);
    const auto found = aie::accum<accfloat, 64>(v).to_vector<bfp16ebs8>();
    for (unsigned block = 0; block < 8; ++block) {
      std::array<float, 8> x;
      for (unsigned i = 0; i < 8; ++i) x[i] = v.get(block * 8 + i);
      const auto wanted = block_of(x);
      for (unsigned i = 0; i < 8; ++i) {
        ASSERT_EQ(static_cast<double>(found.lanes().get(block * 8 + i)), wanted[i]);
      }
    }
  }
}

TEST_F(Bfp16Test, ValueThatRoundsTo128RaisesTheExponent) {
  aie::vector<float, 64> v = aie::zeros<float, 64>();
  v.set(127.75F, 0);  // With e = 6, the unit is 1 and 127.75 rounds to 128.
  v.set(3.0F, 1);
  v.set(-128.0F, 8);  // -128 has e = 7, so the unit is 2.
  v.set(-127.75F, 16);
  v.set(3.0F, 17);
  const auto blocks = aie::accum<accfloat, 64>(v).to_vector<bfp16ebs8>();
  EXPECT_EQ(blocks.lanes().get(0), 128.0F);
  EXPECT_EQ(blocks.lanes().get(1), 4.0F) << "unit 2: 3 is half way, to even";
  EXPECT_EQ(blocks.lanes().get(8), -128.0F);
  EXPECT_EQ(blocks.lanes().get(16), -128.0F);
  EXPECT_EQ(blocks.lanes().get(17), 3.0F) << "-128 fits 8 bits: the unit stays 1";
}

TEST_F(Bfp16Test, FloorTruncatesTwosComplement) {
  aie::set_rounding(rounding_mode::floor);
  aie::vector<float, 64> v = aie::zeros<float, 64>();
  v.set(64.0F, 0);
  v.set(2.75F, 1);
  v.set(-2.75F, 2);
  v.set(127.99F, 8);
  const auto blocks = aie::accum<accfloat, 64>(v).to_vector<bfp16ebs8>();
  EXPECT_EQ(blocks.lanes().get(1), 2.0F);
  EXPECT_EQ(blocks.lanes().get(2), -3.0F);
  EXPECT_EQ(blocks.lanes().get(8), 127.0F);
}

TEST_F(Bfp16Test, MemoryHasTheExponentFirst) {
  aie::vector<float, 64> v = aie::zeros<float, 64>();
  v.set(1.0F, 0);
  v.set(-0.5F, 1);
  v.set(-128.0F, 8);
  alignas(64) std::uint8_t bytes[80] = {};
  aie::block_vector_output_buffer_stream<bfp16ebs8, 64> out(reinterpret_cast<bfp16ebs8*>(bytes));
  out << aie::accum<accfloat, 64>(v);
  EXPECT_EQ(bytes[0], 127);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[1]), 64);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[2]), -32);
  aie::block_vector_input_buffer_stream<bfp16ebs8, 64> in(
      reinterpret_cast<const bfp16ebs8*>(bytes));
  const auto back = in.pop();
  for (unsigned i = 0; i < 64; ++i) EXPECT_EQ(back.lanes().get(i), v.get(i)) << i;
}

TEST_F(Bfp16Test, RandomBlocksSurviveMemory) {
  alignas(64) std::uint8_t bytes[80] = {};
  for (int round = 0; round < 500; ++round) {
    const auto blocks = aie::accum<accfloat, 64>(random_vector<float, 64>()).to_vector<bfp16ebs8>();
    blocks.write(bytes);
    aie::block_vector<bfp16ebs8, 64> back;
    back.read(bytes);
    for (unsigned i = 0; i < 64; ++i) ASSERT_EQ(back.lanes().get(i), blocks.lanes().get(i));
  }
}

TEST_F(Bfp16Test, Bf16ProductIsTheProductOfItsBlocks) {
  for (int round = 0; round < 100; ++round) {
    const auto a = random_vector<bfloat16, 64>();
    const auto b = random_vector<bfloat16, 64>();
    aie::mmul<8, 8, 8, bfloat16, bfloat16, accfloat> c;
    c.mac(a, b);
    c.mac(b, a);
    // Computes the same products from explicit blocks. The blocks of A run along rows, and the
    // blocks of B run along columns. The integer sums are exact.
    aie::mmul<8, 8, 8, bfp16ebs8, bfp16ebs8, accfloat> blocks;
    const auto to_blocks = [](const auto& v) {
      return aie::accum<accfloat, 64>(v).template to_vector<bfp16ebs8>();
    };
    blocks.mac(to_blocks(a), aie::op_transpose(to_blocks(aie::transpose(b, 8, 8))));
    blocks.mac(to_blocks(b), aie::op_transpose(to_blocks(aie::transpose(a, 8, 8))));
    const auto found = c.to_vector<float>();
    const auto wanted = blocks.to_vector<float>();
    for (unsigned i = 0; i < 64; ++i) ASSERT_EQ(found.get(i), wanted.get(i));
  }
  EXPECT_EQ(npuwhisper_core_state.macs_bf16_by_bfp16, 200U * 512);
  EXPECT_EQ(npuwhisper_core_state.macs_bfp16, 200U * 512);
  EXPECT_EQ(npuwhisper_core_state.macs_bf16, 0U);
}

TEST_F(Bfp16Test, ZerosAndSmallValues) {
  const auto zero = aie::zeros<bfloat16, 64>();
  auto tiny = aie::broadcast<bfloat16, 64>(1e-38F);
  aie::mmul<8, 8, 8, bfloat16, bfloat16, accfloat> c;
  c.mac(zero, random_vector<bfloat16, 64>());
  c.mac(tiny, tiny);
  for (unsigned i = 0; i < 64; ++i) EXPECT_EQ(c.to_vector<float>().get(i), 0.0F);
}

}  // namespace
