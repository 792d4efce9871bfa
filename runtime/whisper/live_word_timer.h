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

/// Splits the text of a live pass into words with tokens and times. The new text is aligned
/// together with the window's final words; the new times of the final words are discarded.
/// Reentrant; allocates nothing except the texts of long words.
class LiveWordTimer {
 public:
  /// `max_text`: limit on the tokens of a window's text.
  LiveWordTimer(const Tokenizer& tokenizer, const ModelConfig& config, std::size_t max_text);

  /// Returns the words of `heard`, the text after `committed` in the window that `decoder` encoded
  /// last. LiveWord::first_token is an index into `heard`. The words are valid until the next call,
  /// and the caller may change them. `window` must have pcm. Errors: those of
  /// WordTimer::add_words().
  Result<std::span<LiveWord>> time(TokenDecoder& decoder, const WordTimingWindow& window,
                                   std::span<const Token> committed, std::span<const Token> heard);

 private:
  const Tokenizer& tokenizer_;
  WordTimer word_timer_;
  WordSplitter splitter_;
  std::array<Segment, 2> segments_;  // the final text and the new text
  std::vector<LiveWord> words_;
};

}  // namespace npuwhisper
