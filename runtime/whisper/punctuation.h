// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace npuwhisper {

/// White space.
bool is_space(char32_t character);
/// Characters that no one speaks: white space, punctuation and decoration, such as a musical note.
/// Symbols that are read out, such as the percent sign, are not among them.
bool is_silent(char32_t character);
/// Punctuation that belongs to the word after it. Quotation marks and dashes do where a space is
/// before them (openai/whisper's prepend_punctuations), brackets always.
bool is_opening(char32_t character, bool after_space);
/// . ! ? and their full-width forms.
bool ends_sentence(char32_t character);

/// Likewise of text, but for white space behind it.
bool ends_sentence(std::string_view text);

}  // namespace npuwhisper
