// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace npuwhisper {

/// Returns whether the character is white space.
bool is_space(char32_t character);
/// Returns whether the character is never spoken: white space, punctuation and decoration, such as
/// a musical note. Symbols that are read aloud, such as the percent sign, are not silent.
bool is_silent(char32_t character);
/// Returns whether the character is punctuation that belongs to the next word. Opening brackets,
/// opening quotation marks such as “ and the marks ¿ and ¡ always belong to the next word. Straight
/// quotation marks, the marks « „ ‚ and dashes belong to it only after a space (openai/whisper's
/// prepend_punctuations).
bool is_opening(char32_t character, bool after_space);
/// Returns whether the text has only silent characters and belongs to the previous word. Examples
/// are "..." and ", ". Returns false for empty text.
bool is_closing(std::string_view text);
/// Returns `text` without the closing punctuation and white space at its end.
std::string_view without_closing(std::string_view text);
/// Returns `text` without the ellipsis at its end, which is "…" or at least two full stops. The
/// model writes an ellipsis where the audio ends within a sentence.
std::string_view without_ellipsis(std::string_view text);
/// Returns whether the character is one of . ! ? 。 ！ ？
bool ends_sentence(char32_t character);

/// Returns whether the last character of the text, apart from white space, is one of . ! ? 。 ！ ？
bool ends_sentence(std::string_view text);

}  // namespace npuwhisper
