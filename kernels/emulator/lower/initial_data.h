// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "emulator/mlir/ir.h"

namespace npuwhisper::emu::lowering {

/// The bytes that dense<...> means for a memref: little endian, row-major. Refuses a wrong number
/// of elements and values that do not fit the element type.
std::vector<std::byte> initial_data(const mlir::Attribute& dense, const mlir::Type& memref,
                                    int line);

/// One number as an element's bits (IEEE rounding to nearest even for floats).
std::uint64_t element_pattern(const mlir::Number& number, const mlir::Type& element, int line);

}  // namespace npuwhisper::emu::lowering
