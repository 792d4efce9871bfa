// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/tokenizer.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "model/byte_level.h"
#include "model/byte_pairs.h"
#include "model/pretokenizer.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

Failure corrupt(const Vocabulary& vocabulary, const std::string& message) {
  return fail(ErrorCode::CorruptModel, "vocabulary '" + vocabulary.file.string() + "': " + message);
}

/// Finds a special token. Special tokens come after all text tokens, so the search starts at the
/// end.
std::optional<Token> find_from_end(const std::vector<std::string>& spellings,
                                   std::string_view name) {
  for (std::size_t i = spellings.size(); i-- > 0;) {
    if (spellings[i] == name) return static_cast<Token>(i);
  }
  return std::nullopt;
}

Result<SpecialTokens> find_special(const Vocabulary& vocabulary) {
  struct Name {
    Token SpecialTokens::*member;
    std::string_view name;
    std::string_view older_name;
  };
  constexpr std::array kNames = {
      Name{&SpecialTokens::eot, "<|endoftext|>", ""},
      Name{&SpecialTokens::sot, "<|startoftranscript|>", ""},
      Name{&SpecialTokens::translate, "<|translate|>", ""},
      Name{&SpecialTokens::transcribe, "<|transcribe|>", ""},
      Name{&SpecialTokens::sot_lm, "<|startoflm|>", ""},
      Name{&SpecialTokens::sot_prev, "<|startofprev|>", ""},
      Name{&SpecialTokens::no_speech, "<|nospeech|>", "<|nocaptions|>"},
      Name{&SpecialTokens::no_timestamps, "<|notimestamps|>", ""},
  };
  SpecialTokens special;
  for (const Name& name : kNames) {
    auto token = find_from_end(vocabulary.spellings, name.name);
    if (!token && !name.older_name.empty()) {
      token = find_from_end(vocabulary.spellings, name.older_name);
    }
    if (!token) return corrupt(vocabulary, "no token " + std::string(name.name));
    if (*token < special.eot) {
      return corrupt(vocabulary, "found " + std::string(name.name) + " among the text tokens");
    }
    special.*name.member = *token;
  }
  special.timestamp_begin = special.no_timestamps + 1;
  return special;
}

/// Checks that the file lists all tokens, or all tokens except the timestamps. Also checks that the
/// vocabulary has enough timestamps for a window.
Result<void> check_timestamps(const Vocabulary& vocabulary, Token begin,
                              const ModelConfig& config) {
  const auto n_listed = static_cast<int>(vocabulary.spellings.size());
  if (n_listed != config.n_vocab && n_listed != begin) {
    return corrupt(vocabulary, "found " + std::to_string(n_listed) +
                                   " tokens, wanted the number of embeddings, " +
                                   std::to_string(config.n_vocab));
  }
  if (n_listed > begin) {
    const std::string& first = vocabulary.spellings[static_cast<std::size_t>(begin)];
    if (first != "<|0.00|>") {
      return corrupt(vocabulary,
                     "after <|notimestamps|>: found " + in_quotes(first) + ", wanted <|0.00|>");
    }
  }
  const int n_timestamps = config.n_vocab - begin;
  if (n_timestamps < config.n_audio_ctx + 1) {
    return corrupt(vocabulary, "found ids for " + std::to_string(n_timestamps) +
                                   " timestamps, wanted at least " +
                                   std::to_string(config.n_audio_ctx + 1));
  }
  return {};
}

Result<TokenTable> read_text_tokens(const Vocabulary& vocabulary, Token eot) {
  std::vector<std::string> bytes(static_cast<std::size_t>(eot));
  for (std::size_t id = 0; id < bytes.size(); ++id) {
    auto token_bytes = from_byte_level(vocabulary.spellings[id]);
    if (!token_bytes) {
      return corrupt(vocabulary, "token " + std::to_string(id) +
                                     ": found a character that does not encode a byte");
    }
    bytes[id] = std::move(*token_bytes);
  }
  TokenTable table(bytes);
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!table.find(std::string(1, static_cast<char>(byte)))) {
      return corrupt(vocabulary, "no token for byte " + std::to_string(byte));
    }
  }
  return table;
}

/// Returns the language code in the spelling of a language token ("en" in "<|en|>"); empty for
/// other tokens. No other special token has a name of two or three letters.
std::string_view language_of(std::string_view spelling) {
  if (!spelling.starts_with("<|") || !spelling.ends_with("|>")) return {};
  if (spelling.size() < 6 || spelling.size() > 7) return {};
  const std::string_view code = spelling.substr(2, spelling.size() - 4);
  return std::ranges::all_of(code, [](char c) { return c >= 'a' && c <= 'z'; })
             ? code
             : std::string_view();
}

}  // namespace

Result<std::unique_ptr<const Tokenizer>> Tokenizer::load(const std::filesystem::path& folder,
                                                         const ModelConfig& config) {
  const auto vocabulary = read_vocabulary(folder, config.n_vocab);
  if (!vocabulary) return fail(vocabulary.error());
  return create(*vocabulary, config);
}

Result<std::unique_ptr<const Tokenizer>> Tokenizer::create(const Vocabulary& vocabulary,
                                                           const ModelConfig& config) {
  const auto special = find_special(vocabulary);
  if (!special) return fail(special.error());
  if (auto checked = check_timestamps(vocabulary, special->timestamp_begin, config); !checked) {
    return fail(checked.error());
  }
  auto text = read_text_tokens(vocabulary, special->eot);
  if (!text) return fail(text.error());

  std::unique_ptr<Tokenizer> tokenizer(new Tokenizer(std::move(*text)));
  tokenizer->n_vocab_ = config.n_vocab;
  tokenizer->special_ = *special;
  if (config.n_vocab != kEnglishOnlyVocab) {
    for (Token token = special->eot; token < special->no_timestamps; ++token) {
      const std::string_view code =
          language_of(vocabulary.spellings[static_cast<std::size_t>(token)]);
      if (code.empty()) continue;
      tokenizer->language_tokens_.push_back(token);
      tokenizer->languages_.emplace_back(code);
    }
  }
  return std::unique_ptr<const Tokenizer>(std::move(tokenizer));
}

std::string_view Tokenizer::bytes(Token token) const {
  return is_text(token) ? text_.bytes(token) : std::string_view();
}

std::string Tokenizer::decode(std::span<const Token> tokens) const {
  std::string text;
  decode(tokens, text);
  return text;
}

void Tokenizer::decode(std::span<const Token> tokens, std::string& text) const {
  text.clear();
  for (const Token token : tokens) text += bytes(token);
  if (!is_valid_utf8(text)) text = to_valid_utf8(text);
}

std::vector<Token> Tokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  while (!text.empty()) {
    const std::size_t length = first_piece_length(text);
    append_byte_pairs(text_, text.substr(0, length), tokens);
    text.remove_prefix(length);
  }
  return tokens;
}

bool Tokenizer::has_language(std::string_view code) const {
  return is_multilingual() ? language_token(code).has_value() : code == "en";
}

std::optional<Token> Tokenizer::language_token(std::string_view code) const {
  const auto found = std::ranges::find(languages_, code);
  if (found == languages_.end()) return std::nullopt;
  return language_tokens_[static_cast<std::size_t>(found - languages_.begin())];
}

std::string_view Tokenizer::language_code(Token token) const {
  const auto found = std::ranges::lower_bound(language_tokens_, token);
  if (found == language_tokens_.end() || *found != token) return {};
  return languages_[static_cast<std::size_t>(found - language_tokens_.begin())];
}

}  // namespace npuwhisper
