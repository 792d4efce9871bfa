// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/lower/initial_data.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "emulator/lower/attributes.h"

namespace npuwhisper::emu::lowering {
namespace {

/// Converts a double to bf16, rounded to nearest even. The conversion goes through float. The
/// function corrects the float where rounding twice would give another result than rounding once.
std::uint32_t bf16_bits(double value) {
  float single = static_cast<float>(value);
  if (std::isnan(single)) {
    return 0x7fc0;
  }
  std::uint32_t bits = std::bit_cast<std::uint32_t>(single);
  const double back = static_cast<double>(single);
  if (back != value && std::isfinite(single) && (bits & 0xffff) == 0x8000) {
    // The float lies halfway between two bf16 values, but the double does not. Move the float by
    // one step towards the double.
    bits += std::abs(value) > std::abs(back) ? 1U : 0U - 1U;
  }
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

std::uint32_t f16_bits(double value) {
  const std::uint32_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::abs(value);
  if (std::isnan(value)) {
    return 0x7e00;
  }
  if (magnitude >= 65520.0) {  // 65520 is halfway between the largest f16 (65504) and 65536.
    return sign | 0x7c00;
  }
  const int exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
  // nearbyint rounds to nearest even in the default rounding mode.
  const auto mantissa =
      static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  if (magnitude < 0x1p-14) {
    return sign | mantissa;
  }
  return sign | ((static_cast<std::uint32_t>(exponent + 14) << 10) + mantissa);
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

}  // namespace

std::uint64_t element_pattern(const mlir::Number& number, const mlir::Type& element, int line) {
  if (element.kind == mlir::TypeKind::Float) {
    if (!number.is_float && number.integer != 0) {
      // As in MLIR, a hexadecimal or decimal integer is the float's bit pattern.
      return static_cast<std::uint64_t>(number.integer);
    }
    const double value = number.is_float ? number.real : 0.0;
    switch (element.width) {
      case 64:
        return std::bit_cast<std::uint64_t>(value);
      case 32:
        return std::bit_cast<std::uint32_t>(static_cast<float>(value));
      default:
        return element.is_bf16 ? bf16_bits(value) : f16_bits(value);
    }
  }
  if (number.is_float) {
    refuse(line, "a float where " + element.text + " is expected");
  }
  if (element.width < 64) {
    const std::int64_t low = -(std::int64_t{1} << (element.width - 1));
    const std::int64_t high = (std::int64_t{1} << element.width) - 1;
    if (number.integer < low || number.integer > high) {
      refuse(line, std::to_string(number.integer) + " does not fit " + element.text);
    }
  }
  return static_cast<std::uint64_t>(number.integer);
}

std::vector<std::byte> initial_data(const mlir::Attribute& dense, const mlir::Type& memref,
                                    int line) {
  if (dense.kind != mlir::AttributeKind::Dense) {
    refuse_unmodelled(line, "an initial value that is not dense<...>");
  }
  const auto n_elements = static_cast<std::size_t>(element_count(memref, line));
  const auto width = static_cast<std::size_t>(element_bits(memref, line)) / 8;
  // Placement also checks the size, but only after the data is read.
  if (n_elements * width > (std::size_t{1} << 24)) {
    refuse(line, memref.text + " is too large");
  }
  std::vector<std::byte> bytes;
  bytes.reserve(n_elements * width);
  if (!dense.text.empty()) {
    for (std::size_t i = 2; i + 1 < dense.text.size(); i += 2) {
      const int high = hex_digit(dense.text[i]);
      const int low = hex_digit(dense.text[i + 1]);
      if (high < 0 || low < 0) {
        refuse(line, "expected a hexadecimal string in dense<...>");
      }
      bytes.push_back(static_cast<std::byte>(high * 16 + low));
    }
    if (bytes.size() == width) {
      while (bytes.size() < n_elements * width) {
        bytes.push_back(bytes[bytes.size() - width]);
      }
    }
  } else {
    const std::size_t n_numbers = dense.numbers.size();
    if (n_numbers != n_elements && !(dense.splat && n_numbers == 1)) {
      refuse(line, "dense<...> holds " + std::to_string(n_numbers) + " elements, expected " +
                       std::to_string(n_elements));
    }
    for (std::size_t i = 0; i < n_elements; ++i) {
      std::uint64_t pattern =
          element_pattern(dense.numbers[dense.splat ? 0 : i], *memref.element, line);
      for (std::size_t b = 0; b < width; ++b, pattern >>= 8) {
        bytes.push_back(static_cast<std::byte>(pattern & 0xff));
      }
    }
  }
  if (bytes.size() != n_elements * width) {
    refuse(line, "dense<...> holds " + std::to_string(bytes.size()) + " bytes, expected " +
                     std::to_string(n_elements * width));
  }
  return bytes;
}

}  // namespace npuwhisper::emu::lowering
