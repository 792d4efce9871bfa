// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace npuwhisper {

inline constexpr char32_t kReplacementCharacter = U'\uFFFD';

struct CodePoint {
  char32_t value = kReplacementCharacter;
  std::size_t n_bytes = 1;  ///< That it takes; at least 1.
  bool is_valid = false;
};

/// The character that `text`, which is not empty, begins with. Where none does, the longest
/// beginning of one (or one byte) counts as one replacement character, as Unicode chapter 3
/// ("U+FFFD substitution of maximal subparts") recommends and Python does.
CodePoint first_code_point(std::string_view text);

/// Appends the UTF-8 form of a valid code point.
void append_utf8(char32_t code_point, std::string& text);

bool is_valid_utf8(std::string_view text);
/// `text` with U+FFFD for what is not valid UTF-8.
std::string to_valid_utf8(std::string_view text);

/// What a file holds, for a message: in quotes, valid UTF-8 without control characters, and
/// shortened when it is long.
std::string in_quotes(std::string_view text);

}  // namespace npuwhisper
