// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>

namespace npuwhisper {

/// The classes of characters that GPT-2's pre-tokenizer tells apart.
enum class UnicodeClass : std::uint8_t {
  Letter,  ///< \p{L}
  Number,  ///< \p{N}
  Space,   ///< \s: the property White_Space
  Other,
};

UnicodeClass unicode_class(char32_t code_point);

struct CodePointRange {
  char32_t first;
  char32_t last;
};

/// Ascending, apart from each other. In unicode_ranges.cpp, which tools/make-unicode-ranges writes.
extern const std::span<const CodePointRange> kLetterRanges;
extern const std::span<const CodePointRange> kNumberRanges;

}  // namespace npuwhisper
