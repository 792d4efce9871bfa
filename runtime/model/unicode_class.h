// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace npuwhisper {

/// The classes of characters that GPT-2's pre-tokenizer distinguishes.
enum class UnicodeClass : std::uint8_t {
  Letter,  ///< \p{L}
  Number,  ///< \p{N}
  Space,   ///< \s: the property White_Space
  Other,
};

/// Returns the class of a code point in libunistring's version of Unicode (14 in Debian 12). A
/// value that is not a code point is in class Other.
UnicodeClass unicode_class(char32_t code_point);

}  // namespace npuwhisper
