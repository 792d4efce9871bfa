// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "whisper/live_text.h"
#include "whisper/word_pieces.h"
#include "whisper/word_timing.h"

namespace npuwhisper {

/// The words of a live pass with their tokens and times. What is new is aligned together with the
/// words of the window that stand, whose times are thrown away: each pass times the whole text.
/// Reentrant; allocates nothing but long words.
class LiveWordTimer {
 public:
  /// `max_text`: most tokens of a window's text.
  LiveWordTimer(const Tokenizer& tokenizer, const ModelConfig& config, std::size_t max_text);

  /// The words that `heard` is made of, which follows `committed` in the window that `decoder`
  /// encoded last; their tokens are those of `heard`. They live until the next call, and are the
  /// caller's to change. `window` must have pcm. Errors: those of WordTimer::add_words().
  Result<std::span<LiveWord>> time(TokenDecoder& decoder, const WordTimingWindow& window,
                                   std::span<const Token> committed, std::span<const Token> heard);

 private:
  const Tokenizer& tokenizer_;
  WordTimer word_timer_;
  WordSplitter splitter_;
  std::array<Segment, 2> segments_;  // what stands, what is new
  std::vector<LiveWord> words_;
};

}  // namespace npuwhisper
