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
  bool begins_sentence = false;  ///< It begins a sentence or the window: a pause may precede it.
  bool ends_sentence = false;    ///< It ends a sentence or the window: a pause may follow it.
};

/// Shortens words at the start or end of a sentence to twice the median word's length and at most
/// 1.4 s (openai/whisper, timing.py). This removes pauses that an alignment by attention alone
/// counts as parts of words. `durations` is scratch memory with capacity for all words.
void shorten_long_words(std::span<WordTime> words, std::vector<std::int64_t>& durations);

/// Moves words, which are in order, so that they lie within [begin, end), do not overlap and last
/// at least 10 ms. If there is too little room, that minimum shrinks, but not below one sample. If
/// there are more words than samples, the last words extend beyond `end`.
void fit_words(std::span<WordTime> words, std::int64_t begin, std::int64_t end);

}  // namespace npuwhisper
