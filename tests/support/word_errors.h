// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace npuwhisper::test {

using Words = std::vector<std::string>;

/// The words of English text, in lower case and without punctuation.
Words words_of(const std::string& text);
/// Insertions, deletions and substitutions that turn one into the other.
std::size_t word_errors(const Words& wanted, const Words& found);

}  // namespace npuwhisper::test
