// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_word_timer.h"

#include <cassert>
#include <iterator>
#include <utility>

namespace npuwhisper {

LiveWordTimer::LiveWordTimer(const Tokenizer& tokenizer, const ModelConfig& config,
                             std::size_t max_text)
    : tokenizer_(tokenizer), word_timer_(tokenizer, config), splitter_(tokenizer, max_text) {
  for (Segment& segment : segments_) {
    segment.tokens.reserve(max_text);
    segment.text.reserve(kBytesPerToken * max_text);
    segment.words.reserve(max_text);
  }
  words_.reserve(max_text);
}

Result<std::span<LiveWord>> LiveWordTimer::time(TokenDecoder& decoder,
                                                const WordTimingWindow& window,
                                                std::span<const Token> committed,
                                                std::span<const Token> heard) {
  words_.clear();
  if (heard.empty()) return std::span(words_);
  const std::array parts = {committed, heard};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    segments_[i].start = window.first_sample;
    segments_[i].end = window.first_sample + std::ssize(window.pcm);
    segments_[i].tokens.assign(parts[i].begin(), parts[i].end());
    tokenizer_.decode(parts[i], segments_[i].text);
    segments_[i].words.clear();
  }
  word_timer_.reset();  // The words may begin before the end of the last pass's words.
  const auto timed = word_timer_.add_words(decoder, window, segments_, 1);
  if (!timed) return fail(timed.error());
  const auto pieces = splitter_.split(heard, is_written_without_spaces(window.language));
  const auto groups = splitter_.group();
  std::vector<Word>& times = segments_.back().words;
  assert(groups.size() == times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::size_t first = pieces[groups[i].first].first_token;
    words_.push_back(
        {.word = std::move(times[i]),
         .first_token = first,
         .n_tokens = pieces[groups[i].end - 1].end_token - first,
         .n_open = pieces[groups[i].end - 1].end_token - pieces[groups[i].core].end_token,
         .is_spoken = pieces[groups[i].core].is_spoken});
  }
  return std::span(words_);
}

}  // namespace npuwhisper
