// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <npuwhisper/segment.h>

#include "whisper/hotword_bias.h"
#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"

namespace npuwhisper {

/// Favours hotwords in greedy search. Where the bonus changes the choice of a token, the search
/// follows the phrase. If the phrase breaks off, or the text reaches its maximum length, before the
/// phrase is complete, the search returns to the position of the changed choice and takes the most
/// probable token there. So the chosen tokens differ from the most probable ones only within
/// complete phrases. At each position the search tries only the most probable hotword. A text takes
/// at most 3 * max_new steps: once max_new tokens are dropped, the search follows no new phrase.
/// Allocates nothing after construction. Reentrant.
class GreedyHotwords {
 public:
  /// `tree` must outlive this object. `n_vocab`: length of a row of logits. `max_new`: the largest
  /// max_new of start().
  GreedyHotwords(const HotwordTree& tree, std::size_t n_vocab, std::size_t max_new)
      : tree_(tree), bias_(tree, n_vocab) {
    branches_.reserve(max_new);
  }

  /// Starts a text with the tokens `known`. The search never drops these tokens, and their gaps
  /// (kMaxHotwordGap) count as 0. `max_new`: the maximum number of tokens after `known`.
  void start(std::span<const Token> known, std::size_t max_new);

  struct Choice {
    Token token = 0;
    std::size_t n_kept = 0;         ///< Number of the text's tokens that precede `token`.
    float log_probability = 0;      ///< Unbiased log probability of `token`.
    float sum_log_probability = 0;  ///< Sum of the unbiased log probabilities of the kept tokens.
  };
  /// Chooses the next token. `logits` [n_vocab]: the row after the text, to which the rules were
  /// applied; overwritten. `summary`: the summary of this row. `n_tokens`: the number of tokens
  /// after `known`. `sum_log_probability`: the sum of their log probabilities.
  Choice choose(std::span<float> logits, LogitSummary summary, std::size_t n_tokens,
                float sum_log_probability);

 private:
  /// The position at which the bonus changed the choice of a token.
  struct Branch {
    Choice other;              // the most probable token without the bonus
    HotwordPlace other_place;  // the place after `other`
    bool other_continues;      // `other` continues the phrase that was begun before the branch
    float bonus;               // bonus of the complete phrases before the branch
  };

  /// Returns whether the bonus may change the choice of a token.
  bool may_follow() const { return n_dropped_ < max_new_; }
  /// Returns whether the token after `n_tokens` tokens is the last one of the text.
  bool is_last(std::size_t n_tokens) const { return n_tokens + 1 >= max_new_; }
  std::optional<Choice> go_back(float kept, std::size_t n_tokens);

  const HotwordTree& tree_;
  HotwordBias bias_;
  HotwordPlace place_;
  std::vector<Branch> branches_;  // branches whose phrases may break off, in order of position
  std::size_t max_new_ = 0;
  std::size_t n_dropped_ = 0;  // tokens that were decoded and then dropped by go_back()
};

}  // namespace npuwhisper
