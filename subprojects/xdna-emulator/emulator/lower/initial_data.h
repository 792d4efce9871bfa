// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::lowering {

/// Returns the bytes of a memref with the value dense<...>: little-endian, row-major. Refuses a
/// wrong number of elements and values that do not fit the element type.
std::vector<std::byte> initial_data(const mlir::Attribute& dense, const mlir::Type& memref,
                                    int line);

/// Returns the bits of an element with the value `number`. Floats are rounded to nearest even.
std::uint64_t element_pattern(const mlir::Number& number, const mlir::Type& element, int line);

}  // namespace npuwhisper::emu::lowering
