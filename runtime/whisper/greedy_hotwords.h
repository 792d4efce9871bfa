// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <span>

#include <npuwhisper/segment.h>

#include "whisper/hotword_bias.h"
#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"

namespace npuwhisper {

/// Favours hotwords in greedy search. Where the bonus changes the choice of a token, the search
/// follows the phrase. If the phrase breaks off before it is complete, the search returns to that
/// position and takes the most probable token there. So the text differs from that without hotwords
/// only where a phrase is complete, and after that. Allocates nothing after construction.
/// Reentrant.
class GreedyHotwords {
 public:
  /// `tree` must outlive this object.
  explicit GreedyHotwords(const HotwordTree& tree) : tree_(tree), bias_(tree) {}

  /// Starts a text that begins with the tokens `known`, to which the search never returns.
  void start(std::span<const Token> known);

  struct Choice {
    Token token = 0;
    std::size_t n_kept = 0;         ///< The text's tokens that precede `token`.
    float log_probability = 0;      ///< Unbiased log probability of `token`.
    float sum_log_probability = 0;  ///< Unbiased, of the text's tokens that precede `token`.
  };
  /// Chooses the next token. `logits` [n_vocab]: the row after the text, to which the rules were
  /// applied; overwritten. `n_tokens`, `sum_log_probability`: of the text after `known`.
  Choice choose(std::span<float> logits, LogitSummary summary, std::size_t n_tokens,
                float sum_log_probability);

 private:
  /// The position at which the bonus changed the choice of a token.
  struct Branch {
    Choice other;              // the most probable token without the bonus
    HotwordPlace other_place;  // the place after `other`
    float bonus;               // of the text before the branch
  };

  const HotwordTree& tree_;
  HotwordBias bias_;
  HotwordPlace place_;
  std::optional<Branch> branch_;
};

}  // namespace npuwhisper
