// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// The time of a word, in samples of the stream.
struct WordTime {
  std::int64_t start = 0;
  std::int64_t end = 0;
  /// Whether the word begins a sentence or the window. A pause may precede such a word.
  bool begins_sentence = false;
  /// Whether the word ends a sentence or the window. A pause may follow such a word.
  bool ends_sentence = false;
};

/// Shortens long words at the start or end of a sentence to twice the median word length, at most
/// 1.4 s (openai/whisper, timing.py). Words that were aligned by attention alone may include
/// pauses. This function removes such pauses. `durations` is scratch memory with capacity for all
/// words.
void shorten_long_words(std::span<WordTime> words, std::vector<std::int64_t>& durations);

/// Changes the times of words, which are in order, so that the words lie within [begin, end), do
/// not overlap and last at least 10 ms. If the range is too short for all words, the minimum length
/// is shorter, but at least one sample. If there are more words than samples, the last words extend
/// beyond `end`.
void fit_words(std::span<WordTime> words, std::int64_t begin, std::int64_t end);

}  // namespace npuwhisper
