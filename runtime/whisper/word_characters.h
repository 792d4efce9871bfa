// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper {

/// Returns whether the script of a letter has no spaces between words, or (Hangul) appends
/// particles to names without a space.
bool has_no_spaces(char32_t c);

/// Returns whether a character separates words. Letters, numbers and combining marks do not.
bool is_separator(char32_t c);

/// Returns whether a character can be part of a longer word together with its neighbours.
bool is_in_word(char32_t c);

}  // namespace npuwhisper
