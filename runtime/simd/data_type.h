// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace npuwhisper {

/// The type in which a variable is stored. The values are CTranslate2's type ids.
enum class DataType : std::uint8_t { F32, I8, I16, I32, F16, Bf16 };
std::size_t size_of(DataType type);
std::string_view to_string(DataType type);

}  // namespace npuwhisper
