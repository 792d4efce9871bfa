// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <npuwhisper/captions.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace npuwhisper::test {

inline std::chrono::nanoseconds at(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

/// Splits `text` before each space into words that take `pace` seconds per byte.
std::vector<SpokenText> spoken(const std::string& text, double start = 0, double pace = 0.06);

enum class Script { Latin, Chinese, Thai, Mixed };

/// Returns words with random lengths, sentences, pauses and paces. Some words are too long for a
/// line.
std::vector<SpokenText> random_speech(std::mt19937& random, Script script, std::size_t n_words);

/// Returns all text without white space. The results for words and for the captions made from them
/// must be equal.
std::string letters(const std::vector<SpokenText>& words);
std::string letters(const std::vector<Caption>& captions);

std::vector<std::string> lines_of(const std::string& text);

}  // namespace npuwhisper::test
