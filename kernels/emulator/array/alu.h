// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/core_program.h"

namespace npuwhisper::emu {

/// A core's scalar arithmetic on the patterns that CoreProgram's registers hold.

/// Bytes that a type takes in memory.
std::size_t bytes_of(ScalarType type);

/// A bit pattern as a register holds it: sign-extended, or with zeros above.
std::int64_t as_register(ScalarType type, std::int64_t pattern);

/// Unary, Binary and Compare instructions (`b` is unused in unary ones). Returns what is wrong, or
/// null. Floats are f32 or bf16, rounded to nearest even as the compiler's runtime does; what MLIR
/// leaves undefined (division by zero, shifts by more than the width, conversions out of range) is
/// refused.
const char* evaluate(const CoreInstruction& instruction, std::int64_t a, std::int64_t b,
                     std::int64_t& result);

}  // namespace npuwhisper::emu
