// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>

#include "model/stored_type.h"

namespace npuwhisper {

/// Returns whether no stored value is NaN or infinite. Integers are always finite. The values of a
/// ggml block are finite if its scale and its minimum are. The values are little-endian, may be
/// unaligned, and consist of whole blocks (block_of()). Reentrant.
bool all_finite(StoredType type, std::span<const std::byte> values);
/// Returns the index of the first value that is NaN or infinite. For ggml's types, returns the
/// index of the first value of the first block that is not finite. Returns the number of values if
/// all values are finite. Reentrant.
std::size_t first_not_finite(StoredType type, std::span<const std::byte> values);

}  // namespace npuwhisper
