// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/alu.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace npuwhisper::emu {
namespace {

int bits_of(ScalarType type) {
  return type == ScalarType::I1 ? 1 : static_cast<int>(bytes_of(type)) * 8;
}

bool is_float(ScalarType type) {
  return type == ScalarType::F32 || type == ScalarType::Bf16 || type == ScalarType::F16;
}

std::uint64_t as_unsigned(ScalarType type, std::int64_t value) {
  const int bits = bits_of(type);
  return bits == 64 ? static_cast<std::uint64_t>(value)
                    : static_cast<std::uint64_t>(value) & ((std::uint64_t{1} << bits) - 1);
}

float as_float(ScalarType type, std::int64_t pattern) {
  auto bits = static_cast<std::uint32_t>(pattern);
  if (type == ScalarType::Bf16) bits <<= 16;
  return std::bit_cast<float>(bits);
}

std::int64_t as_pattern(ScalarType type, float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  if (type == ScalarType::Bf16) {
    if (std::isnan(value)) return bits >> 16 | 0x40;
    bits = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }
  return bits;
}

const char* float_to_integer(ScalarType type, bool is_signed, double value, std::int64_t& result) {
  const int bits = bits_of(type);
  const double least = is_signed ? -std::ldexp(1.0, bits - 1) : 0.0;
  const double beyond = std::ldexp(1.0, is_signed ? bits - 1 : bits);
  const double whole = std::trunc(value);
  if (!(whole >= least && whole < beyond)) return "a float does not fit the integer type";
  result =
      as_register(type, is_signed ? static_cast<std::int64_t>(whole)
                                  : static_cast<std::int64_t>(static_cast<std::uint64_t>(whole)));
  return nullptr;
}

const char* divide(const CoreInstruction& i, std::int64_t a, std::int64_t b, std::int64_t& result) {
  if (b == 0) return "division by zero";
  const bool is_unsigned = i.alu == Alu::DivU || i.alu == Alu::RemU;
  if (is_unsigned) {
    const std::uint64_t ua = as_unsigned(i.type, a);
    const std::uint64_t ub = as_unsigned(i.type, b);
    const std::uint64_t value = i.alu == Alu::DivU ? ua / ub : ua % ub;
    result = as_register(i.type, static_cast<std::int64_t>(value));
    return nullptr;
  }
  const std::int64_t least = bits_of(i.type) == 64 ? std::numeric_limits<std::int64_t>::min()
                                                   : -(std::int64_t{1} << (bits_of(i.type) - 1));
  if (a == least && b == -1) return "a quotient does not fit the integer type";
  std::int64_t quotient = a / b;
  const std::int64_t remainder = a % b;
  if (i.alu == Alu::RemS) {
    result = remainder;
    return nullptr;
  }
  const bool same_sign = (remainder < 0) == (b < 0);
  if (i.alu == Alu::CeilDivS && remainder != 0 && same_sign) ++quotient;
  if (i.alu == Alu::FloorDivS && remainder != 0 && !same_sign) --quotient;
  result = quotient;
  return nullptr;
}

const char* shift(const CoreInstruction& i, std::int64_t a, std::int64_t b, std::int64_t& result) {
  if (b < 0 || b >= bits_of(i.type)) return "a shift by more than the type's width";
  const std::uint64_t ua = as_unsigned(i.type, a);
  std::int64_t value = a >> b;
  if (i.alu == Alu::Shl) value = static_cast<std::int64_t>(ua << b);
  if (i.alu == Alu::ShrU) value = static_cast<std::int64_t>(ua >> b);
  result = as_register(i.type, value);
  return nullptr;
}

const char* convert(const CoreInstruction& i, std::int64_t a, std::int64_t& result) {
  switch (i.alu) {
    case Alu::SignExtend:
      result = as_register(i.type, i.from == ScalarType::I1 ? -(a & 1) : a);
      return nullptr;
    case Alu::ZeroExtend:
      result = as_register(i.type, static_cast<std::int64_t>(as_unsigned(i.from, a)));
      return nullptr;
    case Alu::Truncate:
      result = as_register(i.type, a);
      return nullptr;
    case Alu::IntToFloat:
      result = as_pattern(i.type, static_cast<float>(i.from == ScalarType::I1 ? -(a & 1) : a));
      return nullptr;
    case Alu::UIntToFloat:
      result = as_pattern(i.type, static_cast<float>(as_unsigned(i.from, a)));
      return nullptr;
    case Alu::FloatToInt:
      return float_to_integer(i.type, true, as_float(i.from, a), result);
    case Alu::FloatToUInt:
      return float_to_integer(i.type, false, as_float(i.from, a), result);
    case Alu::ExtendFloat:
    case Alu::TruncateFloat:
      result = as_pattern(i.type, as_float(i.from, a));
      return nullptr;
    case Alu::NegF:
      result = as_pattern(i.type, -as_float(i.type, a));
      return nullptr;
    default:
      return "a unary operation that is not modelled";
  }
}

const char* compute_float(const CoreInstruction& i, float a, float b, std::int64_t& result) {
  float value = 0;
  switch (i.alu) {
    case Alu::AddF:
      value = a + b;
      break;
    case Alu::SubF:
      value = a - b;
      break;
    case Alu::MulF:
      value = a * b;
      break;
    case Alu::DivF:
      value = a / b;
      break;
    case Alu::RemF:
      value = std::fmod(a, b);
      break;
    case Alu::MaxF:
      value =
          std::isnan(a) || std::isnan(b) ? std::numeric_limits<float>::quiet_NaN() : std::max(a, b);
      break;
    case Alu::MinF:
      value =
          std::isnan(a) || std::isnan(b) ? std::numeric_limits<float>::quiet_NaN() : std::min(a, b);
      break;
    default:
      return "an operation on floats that is not modelled";
  }
  result = as_pattern(i.type, value);
  return nullptr;
}

const char* compute(const CoreInstruction& i, std::int64_t a, std::int64_t b,
                    std::int64_t& result) {
  const auto ua = static_cast<std::uint64_t>(a);
  const auto ub = static_cast<std::uint64_t>(b);
  std::uint64_t value = 0;
  switch (i.alu) {
    case Alu::Add:
      value = ua + ub;
      break;
    case Alu::Sub:
      value = ua - ub;
      break;
    case Alu::Mul:
      value = ua * ub;
      break;
    case Alu::And:
      value = ua & ub;
      break;
    case Alu::Or:
      value = ua | ub;
      break;
    case Alu::Xor:
      value = ua ^ ub;
      break;
    case Alu::MaxS:
      value = static_cast<std::uint64_t>(std::max(a, b));
      break;
    case Alu::MinS:
      value = static_cast<std::uint64_t>(std::min(a, b));
      break;
    case Alu::MaxU:
      value = std::max(as_unsigned(i.type, a), as_unsigned(i.type, b));
      break;
    case Alu::MinU:
      value = std::min(as_unsigned(i.type, a), as_unsigned(i.type, b));
      break;
    case Alu::Shl:
    case Alu::ShrS:
    case Alu::ShrU:
      return shift(i, a, b, result);
    case Alu::DivS:
    case Alu::DivU:
    case Alu::RemS:
    case Alu::RemU:
    case Alu::CeilDivS:
    case Alu::FloorDivS:
      return divide(i, a, b, result);
    default:
      return "an operation on integers that is not modelled";
  }
  result = as_register(i.type, static_cast<std::int64_t>(value));
  return nullptr;
}

const char* compare(const CoreInstruction& i, std::int64_t a, std::int64_t b,
                    std::int64_t& result) {
  const std::uint64_t ua = as_unsigned(i.from, a);
  const std::uint64_t ub = as_unsigned(i.from, b);
  const float fa = as_float(i.from, a);
  const float fb = as_float(i.from, b);
  bool holds = false;
  switch (i.alu) {
    case Alu::Eq:
      holds = a == b;
      break;
    case Alu::Ne:
      holds = a != b;
      break;
    case Alu::LtS:
      holds = a < b;
      break;
    case Alu::LeS:
      holds = a <= b;
      break;
    case Alu::GtS:
      holds = a > b;
      break;
    case Alu::GeS:
      holds = a >= b;
      break;
    case Alu::LtU:
      holds = ua < ub;
      break;
    case Alu::LeU:
      holds = ua <= ub;
      break;
    case Alu::GtU:
      holds = ua > ub;
      break;
    case Alu::GeU:
      holds = ua >= ub;
      break;
    case Alu::EqF:
      holds = fa == fb;
      break;
    case Alu::NeF:
      holds = fa != fb;
      break;
    case Alu::LtF:
      holds = fa < fb;
      break;
    case Alu::LeF:
      holds = fa <= fb;
      break;
    case Alu::GtF:
      holds = fa > fb;
      break;
    case Alu::GeF:
      holds = fa >= fb;
      break;
    default:
      return "a comparison that is not modelled";
  }
  result = holds ? 1 : 0;
  return nullptr;
}

}  // namespace

std::size_t bytes_of(ScalarType type) {
  switch (type) {
    case ScalarType::I1:
    case ScalarType::I8:
      return 1;
    case ScalarType::I16:
    case ScalarType::Bf16:
    case ScalarType::F16:
      return 2;
    case ScalarType::I32:
    case ScalarType::F32:
      return 4;
    case ScalarType::I64:
    case ScalarType::Index:
      break;
  }
  return 8;
}

std::int64_t as_register(ScalarType type, std::int64_t pattern) {
  switch (type) {
    case ScalarType::I1:
      return pattern & 1;
    case ScalarType::I8:
      return static_cast<std::int8_t>(pattern);
    case ScalarType::I16:
      return static_cast<std::int16_t>(pattern);
    case ScalarType::I32:
      return static_cast<std::int32_t>(pattern);
    case ScalarType::Bf16:
    case ScalarType::F16:
      return pattern & 0xffff;
    case ScalarType::F32:
      return pattern & 0xffffffff;
    case ScalarType::I64:
    case ScalarType::Index:
      break;
  }
  return pattern;
}

const char* evaluate(const CoreInstruction& instruction, std::int64_t a, std::int64_t b,
                     std::int64_t& result) {
  const bool converts = instruction.op == CoreOp::Unary || instruction.op == CoreOp::Compare;
  if (instruction.type == ScalarType::F16 || (converts && instruction.from == ScalarType::F16)) {
    return "arithmetic on f16, which the cores do not have";
  }
  if (instruction.op == CoreOp::Compare) return compare(instruction, a, b, result);
  if (instruction.op == CoreOp::Unary) return convert(instruction, a, result);
  if (is_float(instruction.type)) {
    return compute_float(instruction, as_float(instruction.type, a), as_float(instruction.type, b),
                         result);
  }
  return compute(instruction, a, b, result);
}

}  // namespace npuwhisper::emu
