// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/alu.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>

namespace npuwhisper::emu {
namespace {

using enum ScalarType;

std::int64_t pattern(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

CoreInstruction binary(Alu alu, ScalarType type) {
  return {.op = CoreOp::Binary, .alu = alu, .type = type};
}

std::int64_t result_of(const CoreInstruction& instruction, std::int64_t a, std::int64_t b = 0) {
  std::int64_t result = 0;
  const char* wrong = evaluate(instruction, a, b, result);
  EXPECT_EQ(wrong, nullptr) << wrong;
  return result;
}

std::string refusal(const CoreInstruction& instruction, std::int64_t a, std::int64_t b = 0) {
  std::int64_t result = 0;
  const char* wrong = evaluate(instruction, a, b, result);
  return wrong ? wrong : "";
}

TEST(Alu, IntegersWrapAtTheirWidth) {
  EXPECT_EQ(result_of(binary(Alu::Add, I8), 127, 1), -128);
  EXPECT_EQ(result_of(binary(Alu::Mul, I16), 300, 300), static_cast<std::int16_t>(90000));
  EXPECT_EQ(result_of(binary(Alu::Sub, I32), INT32_MIN, 1), INT32_MAX);
  EXPECT_EQ(result_of(binary(Alu::Add, I64), INT64_MAX, 1), INT64_MIN);
  EXPECT_EQ(result_of(binary(Alu::Xor, I1), 1, 1), 0);
}

TEST(Alu, DividesAsMlirSays) {
  EXPECT_EQ(result_of(binary(Alu::DivS, I32), -7, 2), -3);
  EXPECT_EQ(result_of(binary(Alu::RemS, I32), -7, 2), -1);
  EXPECT_EQ(result_of(binary(Alu::FloorDivS, I32), -7, 2), -4);
  EXPECT_EQ(result_of(binary(Alu::CeilDivS, I32), -7, 2), -3);
  EXPECT_EQ(result_of(binary(Alu::CeilDivS, I32), 7, 2), 4);
  EXPECT_EQ(result_of(binary(Alu::FloorDivS, I32), 7, -2), -4);
  EXPECT_EQ(result_of(binary(Alu::DivU, I8), -1, 2), 127);
  EXPECT_EQ(result_of(binary(Alu::RemU, I32), -1, 10), 5);
  EXPECT_EQ(refusal(binary(Alu::DivS, I32), 1, 0), "division by zero");
  EXPECT_EQ(refusal(binary(Alu::DivS, I32), INT32_MIN, -1),
            "a quotient does not fit the integer type");
}

TEST(Alu, ShiftsWithinTheWidth) {
  EXPECT_EQ(result_of(binary(Alu::Shl, I32), 3, 31), INT32_MIN);
  EXPECT_EQ(result_of(binary(Alu::ShrS, I8), -128, 7), -1);
  EXPECT_EQ(result_of(binary(Alu::ShrU, I8), -128, 7), 1);
  EXPECT_EQ(refusal(binary(Alu::Shl, I32), 1, 32), "a shift by more than the type's width");
}

TEST(Alu, ComparesSignedUnsignedAndFloat) {
  const auto compare = [](Alu alu, ScalarType from) {
    return CoreInstruction{.op = CoreOp::Compare, .alu = alu, .type = I1, .from = from};
  };
  EXPECT_EQ(result_of(compare(Alu::LtS, I32), -1, 1), 1);
  EXPECT_EQ(result_of(compare(Alu::LtU, I32), -1, 1), 0);
  EXPECT_EQ(result_of(compare(Alu::GeU, I8), -1, 255), 1);
  EXPECT_EQ(result_of(compare(Alu::LtF, F32), pattern(-2), pattern(1)), 1);
  EXPECT_EQ(result_of(compare(Alu::NeF, F32), pattern(NAN), pattern(NAN)), 1);
  EXPECT_EQ(result_of(compare(Alu::EqF, Bf16), 0x3f80, 0x3f80), 1);
}

TEST(Alu, Converts) {
  const auto unary = [](Alu alu, ScalarType from, ScalarType to) {
    return CoreInstruction{.op = CoreOp::Unary, .alu = alu, .type = to, .from = from};
  };
  EXPECT_EQ(result_of(unary(Alu::SignExtend, I1, I32), 1), -1);
  EXPECT_EQ(result_of(unary(Alu::ZeroExtend, I8, I32), -1), 255);
  EXPECT_EQ(result_of(unary(Alu::Truncate, I32, I8), 0x180), -128);
  EXPECT_EQ(result_of(unary(Alu::IntToFloat, I32, F32), -3), pattern(-3));
  EXPECT_EQ(result_of(unary(Alu::UIntToFloat, I8, F32), -1), pattern(255));
  EXPECT_EQ(result_of(unary(Alu::FloatToInt, F32, I32), pattern(-2.9F)), -2);
  EXPECT_EQ(result_of(unary(Alu::FloatToUInt, F32, I8), pattern(255.5F)), -1);
  EXPECT_EQ(result_of(unary(Alu::ExtendFloat, Bf16, F32), 0xc000), pattern(-2));
  // Rounds to nearest, ties to even. 1 + 2^-8 lies halfway between 1 and the next bf16 value. The
  // value 1 + 3 * 2^-8 lies halfway between the two bf16 values after 1.
  EXPECT_EQ(result_of(unary(Alu::TruncateFloat, F32, Bf16), pattern(1.00390625F)), 0x3f80);
  EXPECT_EQ(result_of(unary(Alu::TruncateFloat, F32, Bf16), pattern(1.01171875F)), 0x3f82);
  EXPECT_EQ(refusal(unary(Alu::FloatToInt, F32, I8), pattern(128)),
            "a float does not fit the integer type");
  EXPECT_EQ(refusal(unary(Alu::FloatToInt, F32, I32), pattern(NAN)),
            "a float does not fit the integer type");
}

TEST(Alu, FloatsRoundToNearestEven) {
  EXPECT_EQ(result_of(binary(Alu::MulF, F32), pattern(1.5F), pattern(-2)), pattern(-3));
  EXPECT_EQ(result_of(binary(Alu::AddF, Bf16), 0x3f80, 0x3b80), 0x3f80);
  EXPECT_EQ(result_of(binary(Alu::MaxF, F32), pattern(1), pattern(2)), pattern(2));
  EXPECT_EQ(refusal(binary(Alu::AddF, F16), 0, 0),
            "arithmetic on f16, which the cores do not have");
}

}  // namespace
}  // namespace npuwhisper::emu
