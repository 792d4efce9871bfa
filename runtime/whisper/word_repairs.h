// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace npuwhisper {

/// When a word was spoken, in samples of the stream.
struct WordTime {
  std::int64_t start = 0;
  std::int64_t end = 0;
  bool begins_sentence = false;  ///< Or the window: a pause may be before it.
  bool ends_sentence = false;    ///< Or the window: a pause may be after it.
};

/// Takes away the pauses that attention alone counts as parts of words: a word at the limit of a
/// sentence is made twice as long as the median word, at most 1.4 s, if it is longer
/// (openai/whisper, timing.py). `durations` is scratch with room for all.
void shorten_long_words(std::span<WordTime> words, std::vector<std::int64_t>& durations);

/// Moves words, which are in order, so that they lie within [begin, end), do not overlap and last
/// 10 ms at least. Where so many do not fit they last less, at least one sample each, past `end` if
/// need be.
void fit_words(std::span<WordTime> words, std::int64_t begin, std::int64_t end);

}  // namespace npuwhisper
