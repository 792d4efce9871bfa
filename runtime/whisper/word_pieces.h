// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace npuwhisper {

/// Tokens that are timed as one unit: text up to the next space (one character in a language
/// written without spaces), or punctuation.
struct WordPiece {
  std::size_t first_token = 0;
  std::size_t end_token = 0;
  std::size_t n_bytes = 0;  ///< Length of the piece's text as valid UTF-8.
  bool is_spoken = false;   ///< Whether the piece has a character other than punctuation.
  bool opens = false;       ///< Whether the piece is punctuation of the next word, such as "(".
};

/// A word: pieces [first, end), including the punctuation around it. `core` is the piece that
/// determines the word's time: the spoken piece, or the first piece if none is spoken.
struct WordGroup {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t core = 0;
};

/// Returns true for languages (Whisper's codes) that do not separate words by spaces.
bool is_written_without_spaces(std::string_view language);

/// Splits a segment's text into words as openai/whisper does (tokenizer.py, timing.py). Never
/// splits a character. Reentrant; allocates nothing for up to `max_tokens` tokens.
class WordSplitter {
 public:
  WordSplitter(const Tokenizer& tokenizer, std::size_t max_tokens);

  /// Returns the pieces of `tokens` (text tokens only), in order and without gaps; valid until the
  /// next call. `by_character`: the language is written without spaces.
  std::span<const WordPiece> split(std::span<const Token> tokens, bool by_character);
  /// Returns the words of the last split(), in order and without gaps. Unlike in openai/whisper,
  /// punctuation is never a word of its own if there is a word that it can join.
  std::span<const WordGroup> group();

 private:
  void add_unit(std::size_t first_token, std::size_t end_token, bool by_character);

  const Tokenizer& tokenizer_;
  std::string bytes_;  // text of the current unit
  std::vector<WordPiece> pieces_;
  std::vector<WordGroup> groups_;
};

}  // namespace npuwhisper
