// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/core_program.h"

namespace npuwhisper::emu {

// Scalar arithmetic of a core on the bit patterns that CoreProgram's registers hold.

/// Returns the size of a type in memory, in bytes.
std::size_t bytes_of(ScalarType type);

/// Extends a bit pattern to a register's 64 bits: integers by their sign, i1 and floats with zeros.
std::int64_t as_register(ScalarType type, std::int64_t pattern);

/// Sets `result` to the value of a Unary, Binary or Compare instruction. Unary instructions ignore
/// `b`. Returns null on success, or a description of the error. Floats are f32 or bf16, rounded to
/// nearest even as in the compiler's runtime. Refuses operations that MLIR leaves undefined
/// (division by zero, shifts by the width or more, conversions out of range).
const char* evaluate(const CoreInstruction& instruction, std::int64_t a, std::int64_t b,
                     std::int64_t& result);

}  // namespace npuwhisper::emu
