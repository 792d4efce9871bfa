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
/// Returns the index of the first value that is NaN or infinite, or the number of values if there
/// is none. Reentrant.
std::size_t first_not_finite(StoredType type, std::span<const std::byte> values);

}  // namespace npuwhisper
