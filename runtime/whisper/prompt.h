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

/// What a window's text follows: `<|startofprev|>` and the last tokens of the previous text, if
/// there is any, then `<|startoftranscript|>` and (unless the model is English-only) language and
/// task. The previous text takes at most half of the decoder's positions. Reentrant.
class Prompt {
 public:
  /// `max_length`: positions of the decoder (448). `initial_text` stands before the first window.
  /// `tokenizer` must outlive the prompt.
  Prompt(const Tokenizer& tokenizer, int max_length, std::string_view initial_text);

  /// Text and timestamps that were said.
  void append(std::span<const Token> tokens);
  void forget_previous_text() { previous_.clear(); }
  /// As after construction.
  void reset();

  struct View {
    std::span<const Token> tokens;  ///< Lives until the next call.
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
