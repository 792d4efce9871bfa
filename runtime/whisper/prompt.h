// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/segment.h>
#include <npuwhisper/transcriber.h>

#include "model/tokenizer.h"

namespace npuwhisper {

/// The tokens before a window's text. If there is previous text, the prompt begins with
/// `<|startofprev|>` and the last tokens of that text. `<|startoftranscript|>` follows, and then
/// language and task unless the model is English-only. Reentrant.
class Prompt {
 public:
  /// The previous text takes at most `max_length` / 2 - 1 tokens. In openai/whisper, max_length is
  /// the number of the decoder's positions (448). `initial_text` is the previous text of the first
  /// window. `tokenizer` must outlive the prompt.
  Prompt(const Tokenizer& tokenizer, int max_length, std::string_view initial_text);

  /// Appends recognised text and timestamps to the previous text.
  void append(std::span<const Token> tokens);
  void forget_previous_text() { previous_.clear(); }
  /// Restores the state after construction: only the initial text precedes the next window.
  void reset();

  struct View {
    std::span<const Token> tokens;  ///< Valid until the next build().
    int sot = 0;                    ///< Position of <|startoftranscript|>.
  };
  View build(std::optional<Token> language, Task task);

 private:
  const SpecialTokens& special_;
  const std::size_t max_previous_;
  std::vector<Token> initial_;
  std::vector<Token> previous_;  // at most max_previous_
  std::vector<Token> tokens_;
};

}  // namespace npuwhisper
