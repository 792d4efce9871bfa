// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cmath>
#include <memory>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/tokenizer.h"
#include "temporary_folder.h"
#include "tiny_model.h"

namespace npuwhisper::test {

/// The tiny model's tokenizer and sizes, and functions that build token sequences.
struct Vocabulary {
  explicit Vocabulary(bool is_multilingual = true) {
    const TinyModelOptions options{
        .n_audio_layer = 1, .n_state = 8, .n_text_layer = 1, .is_multilingual = is_multilingual};
    const TemporaryFolder folder;
    write_tiny_model(folder.path(), options);
    config = tiny_model_config(options);
    tokenizer = std::move(Tokenizer::load(folder.path(), config).value());
  }

  /// Returns one instance for the whole test program, because writing and reading a model takes
  /// longer than most tests.
  static const Vocabulary& multilingual() {
    static const Vocabulary vocabulary;
    return vocabulary;
  }
  static const Vocabulary& english_only() {
    static const Vocabulary vocabulary(false);
    return vocabulary;
  }

  const SpecialTokens& special() const { return tokenizer->special(); }
  Token eot() const { return special().eot; }
  /// Returns the timestamp token of `seconds`.
  Token at(double seconds) const {
    return special().timestamp_begin + static_cast<Token>(std::lround(seconds * 50));
  }
  std::vector<Token> text(std::string_view text) const { return tokenizer->encode(text); }
  /// Returns <|start|> words <|end|>.
  std::vector<Token> segment(double start, std::string_view words, double end) const {
    return join({{at(start)}, text(words), {at(end)}});
  }
  static std::vector<Token> join(const std::vector<std::vector<Token>>& parts) {
    std::vector<Token> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

  ModelConfig config;
  std::unique_ptr<const Tokenizer> tokenizer;
};

}  // namespace npuwhisper::test
