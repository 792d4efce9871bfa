// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/prompt.h"

#include <algorithm>
#include <string>

#include "base/trim.h"

namespace npuwhisper {
namespace {

/// Number of tokens in addition to the previous text: <|startofprev|>, <|startoftranscript|>,
/// language and task.
constexpr std::size_t kSpecialTokens = 4;

}  // namespace

Prompt::Prompt(const Tokenizer& tokenizer, int max_length, std::string_view initial_text)
    : special_(tokenizer.special()), max_previous_(static_cast<std::size_t>(max_length / 2 - 1)) {
  // The added space matches the model's own text, which begins with a space.
  if (const auto text = trim(initial_text); !text.empty()) {
    initial_ = tokenizer.encode(" " + std::string(text));
  }
  previous_.reserve(max_previous_);
  tokens_.reserve(max_previous_ + kSpecialTokens);
  reset();
}

void Prompt::append(std::span<const Token> tokens) {
  tokens = tokens.last(std::min(tokens.size(), max_previous_));
  const std::size_t kept = std::min(previous_.size(), max_previous_ - tokens.size());
  previous_.erase(previous_.begin(), previous_.end() - static_cast<std::ptrdiff_t>(kept));
  previous_.insert(previous_.end(), tokens.begin(), tokens.end());
}

void Prompt::reset() {
  previous_.clear();
  append(initial_);
}

Prompt::View Prompt::build(std::optional<Token> language, Task task) {
  tokens_.clear();
  if (!previous_.empty()) {
    tokens_.push_back(special_.sot_prev);
    tokens_.insert(tokens_.end(), previous_.begin(), previous_.end());
  }
  const int sot = static_cast<int>(tokens_.size());
  tokens_.push_back(special_.sot);
  if (language) {
    tokens_.push_back(*language);
    tokens_.push_back(task == Task::Translate ? special_.translate : special_.transcribe);
  }
  return {tokens_, sot};
}

}  // namespace npuwhisper
