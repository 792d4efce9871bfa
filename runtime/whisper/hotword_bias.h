// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <npuwhisper/segment.h>

#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"

namespace npuwhisper {

/// Adds the bonus of hotwords to rows of logits. The bonus multiplies the probability of each token
/// that begins or continues a phrase by a constant. The gain of such a token is its bonus minus the
/// logarithm of the factor that the bonuses add to the sum of all probabilities (the normaliser),
/// so no biased probability exceeds 1. The logits of other tokens do not change. A phrase that
/// would be repeated, or whose gap would exceed kMaxHotwordGap, has no bonus. Allocates nothing
/// after construction. Reentrant.
class HotwordBias {
 public:
  /// `tree` must outlive this object. `n_vocab`: length of a row of logits.
  HotwordBias(const HotwordTree& tree, std::size_t n_vocab);

  /// Adds gains to a row of logits [n_vocab], to which the rules were applied, and returns the
  /// gains. `place`: the place of the text before the row. `summary`: the summary of the row.
  /// Updates summary.max, but leaves summary.log_sum unbiased.
  HotwordGains favour(const HotwordPlace& place, std::span<float> logits, LogitSummary& summary);
  /// Like favour(), but also takes back the bonus of a begun phrase: adds to every logit the
  /// difference between the bonus of the text with this token and the bonus without it. Biased
  /// logits and sums of texts with different places can then be compared.
  HotwordGains rank(const HotwordPlace& place, std::span<float> logits, LogitSummary summary);

  /// Returns the logit of `token` without the bonus, in the row of the last favour() or rank().
  float unbiased(Token token) const { return unbiased_[static_cast<std::size_t>(token)]; }
  /// Returns the gap of `token` (see kMaxHotwordGap) in this row.
  float gap(Token token) const { return max_ - unbiased(token); }

 private:
  void list_tokens(const HotwordPlace& place);
  HotwordGains measure_gains(float log_sum) const;

  const HotwordTree& tree_;
  std::vector<float> unbiased_;  // [n_vocab], the last row
  float max_ = 0;                // the largest logit of unbiased_
  std::vector<Token> next_;      // the tokens that continue a phrase
  std::vector<Token> first_;     // the tokens that begin a phrase and are not in next_
};

}  // namespace npuwhisper
