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

namespace npuwhisper {

/// Nearly all tokens are shorter: room for a text is kept at this rate.
inline constexpr std::size_t kBytesPerToken = 16;

/// Ids of Whisper's special tokens, found by name in the vocabulary.
struct SpecialTokens {
  Token eot = 0;  ///< End of text; every special token has this id or a higher one.
  Token sot = 0;  ///< Start of transcript.
  Token translate = 0;
  Token transcribe = 0;
  Token sot_lm = 0;
  Token sot_prev = 0;   ///< Text before this window follows.
  Token no_speech = 0;  ///< "<|nospeech|>", in older files "<|nocaptions|>".
  Token no_timestamps = 0;
  Token timestamp_begin = 0;  ///< <|0.00|>; each further id is 0.02 s.
};

/// Byte-level BPE of GPT-2 with Whisper's special tokens. Immutable; thread-safe.
/// Text tokens are the ids below `special().eot`.
class Tokenizer {
 public:
  /// Reads vocabulary.json, vocabulary.txt or tokenizer.json of a model folder. Timestamps that the
  /// file lacks follow <|notimestamps|>. Errors: NotFound, Unavailable, CorruptModel (size against
  /// config.n_vocab, missing special token or byte, too few timestamps for config.n_audio_ctx).
  static Result<std::unique_ptr<const Tokenizer>> load(const std::filesystem::path& folder,
                                                       const ModelConfig& config);

  const SpecialTokens& special() const { return special_; }
  bool is_multilingual() const { return !languages_.empty(); }
  int n_vocab() const { return n_vocab_; }
  bool is_timestamp(Token token) const { return token >= special_.timestamp_begin; }
  bool is_text(Token token) const { return token >= 0 && token < special_.eot; }

  /// The raw bytes of one text token (may end within a UTF-8 character); empty for every other id.
  /// They live as long as the tokenizer.
  std::string_view bytes(Token token) const;
  /// The text of the text tokens among `tokens`, always valid UTF-8 (a character that is not whole
  /// becomes U+FFFD).
  std::string decode(std::span<const Token> tokens) const;
  /// The same in place of what `text` holds; allocates nothing if there is room and the bytes are
  /// valid UTF-8 as they are.
  void decode(std::span<const Token> tokens, std::string& text) const;
  /// Text to text tokens, as GPT-2's pre-tokenizer and BPE define it. Whatever the bytes of `text`,
  /// those of the tokens are the same; the names of special tokens are ordinary text.
  std::vector<Token> encode(std::string_view text) const;

  /// True if the model transcribes this language (a code of Whisper's): an English-only model, whose
  /// vocabulary has no language tokens, knows "en".
  bool has_language(std::string_view code) const;
  /// Whisper's language codes ("en") by token; nullopt / empty where unknown.
  std::optional<Token> language_token(std::string_view code) const;
  std::string_view language_code(Token token) const;
  /// Ascending; empty for an English-only model.
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
