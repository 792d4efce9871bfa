// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace npuwhisper::test {

using Words = std::vector<std::string>;

/// Returns the words of English text: letters only, in lower case, with "mr" as "mister".
Words words_of(const std::string& text);
/// Returns the minimum number of insertions, deletions and substitutions of words that turn
/// `wanted` into `found`.
std::size_t word_errors(const Words& wanted, const Words& found);
/// Returns the minimum number of insertions, deletions and substitutions of letters that turn
/// `wanted` into `found`. Word boundaries do not count: "coldhearted" equals "cold hearted".
std::size_t letter_errors(const Words& wanted, const Words& found);

}  // namespace npuwhisper::test
