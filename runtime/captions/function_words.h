// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace npuwhisper {

/// Returns true for a word that belongs to the next word: an article, preposition, conjunction,
/// possessive, or the like. Ignores case and the punctuation around the word. `language` is
/// Whisper's code. Only the function words of English, German, French, Spanish, Portuguese, Italian
/// and Dutch are known.
bool is_function_word(std::string_view word, std::string_view language);
/// Returns whether `word` ends in a full stop that does not end a sentence: "Mr.", "J.", German
/// "3.".
bool ends_in_abbreviation(std::string_view word, std::string_view language);

}  // namespace npuwhisper
