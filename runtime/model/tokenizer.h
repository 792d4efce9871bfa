// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "model/config.h"
#include "model/token_table.h"
#include "model/vocabulary_file.h"

namespace npuwhisper {

/// Number of bytes reserved for the text of each token. Nearly all tokens are shorter.
inline constexpr std::size_t kBytesPerToken = 16;

/// Ids of Whisper's special tokens, found by name in the vocabulary.
struct SpecialTokens {
  Token eot = 0;  ///< End of text, the lowest id of all special tokens.
  Token sot = 0;  ///< Start of transcript.
  Token translate = 0;
  Token transcribe = 0;
  Token sot_lm = 0;
  Token sot_prev = 0;   ///< Precedes the previous text in a prompt.
  Token no_speech = 0;  ///< "<|nospeech|>", in older files "<|nocaptions|>".
  Token no_timestamps = 0;
  Token timestamp_begin = 0;  ///< <|0.00|>; each further id adds 0.02 s.
};

/// Byte-level BPE of GPT-2 with Whisper's special tokens. Immutable; thread-safe.
/// Text tokens are the ids below `special().eot`.
class Tokenizer {
 public:
  /// Reads the vocabulary of a model folder and calls create(). Errors: those of read_vocabulary()
  /// and create().
  static Result<std::unique_ptr<const Tokenizer>> load(const std::filesystem::path& folder,
                                                       const ModelConfig& config);
  /// Creates the tokenizer of a vocabulary. If the vocabulary does not list the timestamps, their
  /// ids follow the id of <|notimestamps|>. Error: CorruptModel (size does not match
  /// config.n_vocab, missing special token or byte, too few timestamps for config.n_audio_ctx). The
  /// message names vocabulary.file.
  static Result<std::unique_ptr<const Tokenizer>> create(const Vocabulary& vocabulary,
                                                         const ModelConfig& config);

  const SpecialTokens& special() const { return special_; }
  bool is_multilingual() const { return !languages_.empty(); }
  int n_vocab() const { return n_vocab_; }
  bool is_timestamp(Token token) const { return token >= special_.timestamp_begin; }
  bool is_text(Token token) const { return token >= 0 && token < special_.eot; }

  /// Returns the raw bytes of a text token; empty for every other id. The bytes may end within a
  /// UTF-8 character. The returned view is valid as long as the tokenizer exists.
  std::string_view bytes(Token token) const;
  /// Returns the text of the text tokens among `tokens`. The text is always valid UTF-8: an
  /// incomplete character becomes U+FFFD.
  std::string decode(std::span<const Token> tokens) const;
  /// Replaces `text` with the text of the text tokens among `tokens`. Allocates nothing if `text`
  /// has enough capacity and the bytes of the tokens are valid UTF-8.
  void decode(std::span<const Token> tokens, std::string& text) const;
  /// Converts text to text tokens with GPT-2's pre-tokenizer and BPE. The bytes of the tokens are
  /// always those of `text`, even if `text` is not valid UTF-8. Names of special tokens count as
  /// ordinary text.
  std::vector<Token> encode(std::string_view text) const;

  /// Returns true if the model transcribes this language (a Whisper code). An English-only model,
  /// which has no language tokens, transcribes only "en".
  bool has_language(std::string_view code) const;
  /// Returns the token of a Whisper language code ("en"); nullopt if the code is unknown.
  std::optional<Token> language_token(std::string_view code) const;
  /// Returns the Whisper language code of a token; empty if the token is not a language.
  std::string_view language_code(Token token) const;
  /// Returns all language tokens in ascending order; none for an English-only model.
  std::span<const Token> language_tokens() const { return language_tokens_; }

 private:
  explicit Tokenizer(TokenTable text) : text_(std::move(text)) {}

  TokenTable text_;
  int n_vocab_ = 0;
  SpecialTokens special_;
  std::vector<Token> language_tokens_;
  std::vector<std::string> languages_;  // Codes, in the order of language_tokens_.
};

}  // namespace npuwhisper
