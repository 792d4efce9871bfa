// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace npuwhisper {

/// Tokens that are timed as one: what a space sets off (in a language that writes none, a
/// character), or punctuation.
struct WordPiece {
  std::size_t first_token = 0;
  std::size_t end_token = 0;
  std::size_t n_bytes = 0;  ///< Of its text, as valid UTF-8.
  bool is_spoken = false;   ///< It has a character that is more than punctuation.
  bool opens = false;       ///< Punctuation that belongs to what follows, as "(" does.
};

/// Pieces [first, end) with the punctuation around them. `core` is the one that carries the word's
/// time: its spoken one, or the first if it has none.
struct WordGroup {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t core = 0;
};

/// True for languages (Whisper's code) that do not set words off by spaces.
bool is_written_without_spaces(std::string_view language);

/// Splits a segment's text into words as openai/whisper does (tokenizer.py, timing.py). Never
/// within a character. Reentrant; no allocation for up to `max_tokens` tokens.
class WordSplitter {
 public:
  WordSplitter(const Tokenizer& tokenizer, std::size_t max_tokens);

  /// The pieces of `tokens` (text tokens only), in order and without gaps; valid until the next
  /// call.
  std::span<const WordPiece> split(std::span<const Token> tokens, bool by_character);
  /// The words of the last split(), in order and without gaps. Differs from openai/whisper in that
  /// punctuation never remains a word while there is one that it can join.
  std::span<const WordGroup> group();

 private:
  void add_unit(std::size_t first_token, std::size_t end_token, bool by_character);

  const Tokenizer& tokenizer_;
  std::string bytes_;  // of the unit in work
  std::vector<WordPiece> pieces_;
  std::vector<WordGroup> groups_;
};

}  // namespace npuwhisper
