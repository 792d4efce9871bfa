// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include "simd/data_type.h"

namespace npuwhisper {

/// Returns whether no stored value is NaN or infinite. Integers are always finite. The values are
/// little-endian and may be unaligned. Reentrant.
bool all_finite(DataType type, std::span<const std::byte> values);
/// Returns the index of the first value that is NaN or infinite, or the number of values if there
/// is none. Reentrant.
std::size_t first_not_finite(DataType type, std::span<const std::byte> values);

}  // namespace npuwhisper
