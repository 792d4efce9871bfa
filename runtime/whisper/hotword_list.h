// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "model/tokenizer.h"

namespace npuwhisper {

/// Maximum number of phrases in TranscriberOptions::hotwords.
inline constexpr std::size_t kMaxHotwords = 1000;
/// Maximum number of tokens of all spellings of the phrases.
inline constexpr std::size_t kMaxHotwordTokens = 10'000;

/// Returns the phrases of a list that is separated by commas or newlines. Removes white space
/// around the phrases, and empty phrases. White space within a phrase becomes one space.
std::vector<std::string> split_hotwords(std::string_view list);

/// Returns the tokens of the spellings in which the phrases of a list can occur in a text: as given
/// and with a capital first letter, both with and without a space before the phrase. Errors:
/// InvalidArgument if the list is not valid UTF-8, or has too many phrases or tokens.
Result<std::vector<std::vector<Token>>> spell_hotwords(std::string_view list,
                                                       const Tokenizer& tokenizer);

}  // namespace npuwhisper
