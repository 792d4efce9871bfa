// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace npuwhisper {

/// True for a word that belongs to what follows it: an article, preposition, conjunction,
/// possessive, or the like. Punctuation around it and capitals (ASCII) do not matter. `language`:
/// Whisper's code; of other languages than English, German, French, Spanish, Portuguese, Italian
/// and Dutch none is known.
bool is_function_word(std::string_view word, std::string_view language);
/// Whether the full stop at the end of `word` belongs to it: "Mr.", "J.", German "3.".
bool ends_in_abbreviation(std::string_view word, std::string_view language);

}  // namespace npuwhisper
