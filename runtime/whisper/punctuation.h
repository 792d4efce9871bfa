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
/// Text that no one speaks and that belongs to the word before it, such as ", " or "..."; false for
/// text without any character.
bool is_closing(std::string_view text);
/// `text` without the closing punctuation and white space at its end.
std::string_view without_closing(std::string_view text);
/// `text` without the ellipsis at its end, which the model writes where audio ends in a sentence.
std::string_view without_ellipsis(std::string_view text);
/// . ! ? and their full-width forms.
bool ends_sentence(char32_t character);

/// Likewise of text, but for white space behind it.
bool ends_sentence(std::string_view text);

}  // namespace npuwhisper
