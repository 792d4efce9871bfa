// SPDX-License-Identifier: LGPL-2.1-or-later
#include "word_errors.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace npuwhisper::test {
namespace {

// Returns the Levenshtein distance of two sequences.
template <typename Sequence>
std::size_t distance(const Sequence& wanted, const Sequence& found) {
  std::vector<std::size_t> row(found.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= wanted.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t changed = diagonal + (wanted[i - 1] != found[j - 1] ? 1 : 0);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::string letters_of(const Words& words) {
  std::string letters;
  for (const std::string& word : words) letters += word;
  return letters;
}

}  // namespace

Words words_of(const std::string& text) {
  Words words;
  std::string word;
  for (const char c : text + ' ') {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (c != '\'' && !word.empty()) {
      words.push_back(word == "mr" ? "mister" : word);
      word.clear();
    }
  }
  return words;
}

std::size_t word_errors(const Words& wanted, const Words& found) {
  return distance(wanted, found);
}

std::size_t letter_errors(const Words& wanted, const Words& found) {
  return distance(letters_of(wanted), letters_of(found));
}

}  // namespace npuwhisper::test
