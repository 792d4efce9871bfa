// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/word_repairs.h"

#include <algorithm>

#include <npuwhisper/transcriber.h>

namespace npuwhisper {

void shorten_long_words(std::span<WordTime> words, std::vector<std::int64_t>& durations) {
  constexpr std::int64_t kLongestMedian = kSampleRate * 7 / 10;
  durations.clear();
  for (const WordTime& word : words) {
    if (word.end > word.start) durations.push_back(word.end - word.start);
  }
  if (durations.empty()) return;
  const auto middle = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::nth_element(durations.begin(), middle, durations.end());
  const std::int64_t longest = 2 * std::min(*middle, kLongestMedian);
  for (WordTime& word : words) {
    if (word.end - word.start <= longest) continue;
    if (word.begins_sentence) {
      word.start = word.end - longest;
    } else if (word.ends_sentence) {
      word.end = word.start + longest;
    }
  }
}

void fit_words(std::span<WordTime> words, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kShortest = kSampleRate / 100;
  const auto n = static_cast<std::int64_t>(words.size());
  if (n == 0) return;
  end = std::max(end, begin + n);
  const std::int64_t shortest = std::min(kShortest, (end - begin) / n);
  for (WordTime& word : words) {
    word.start = std::max(word.start, begin);
    word.end = std::max(word.end, word.start + shortest);
    begin = word.end;
  }
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    word->end = std::min(word->end, end);
    word->start = std::min(word->start, word->end - shortest);
    end = word->start;
  }
}

}  // namespace npuwhisper
