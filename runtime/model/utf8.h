// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace npuwhisper {

inline constexpr char32_t kReplacementCharacter = U'\uFFFD';

struct CodePoint {
  char32_t value = kReplacementCharacter;
  std::size_t n_bytes = 1;  ///< Length in UTF-8; at least 1.
  bool is_valid = false;
};

/// Returns the first character of `text`, which must not be empty. If `text` begins with invalid
/// UTF-8, returns one replacement character. This character stands for the longest prefix of `text`
/// that could begin a valid character, but at least one byte. Unicode chapter 3 ("U+FFFD
/// substitution of maximal subparts") recommends this rule, and Python follows it.
CodePoint first_code_point(std::string_view text);

/// Appends the UTF-8 form of a valid code point.
void append_utf8(char32_t code_point, std::string& text);

bool is_valid_utf8(std::string_view text);
/// Returns `text` with U+FFFD in place of invalid UTF-8.
std::string to_valid_utf8(std::string_view text);

/// Prepares text from a file for a message: returns it in quotes, as valid UTF-8 without control
/// characters, and shortened if it is long.
std::string in_quotes(std::string_view text);

}  // namespace npuwhisper
