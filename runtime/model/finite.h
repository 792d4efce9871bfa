// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include "model/data_type.h"

namespace npuwhisper {

/// Whether none of the stored values, little-endian and perhaps unaligned, is NaN or infinite.
/// Integers never are. Reentrant.
bool all_finite(DataType type, std::span<const std::byte> values);
/// Index of the first value that is NaN or infinite; the number of values if none is. Reentrant.
std::size_t first_not_finite(DataType type, std::span<const std::byte> values);

}  // namespace npuwhisper
