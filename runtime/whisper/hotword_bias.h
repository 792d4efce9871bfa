// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/segment.h>

#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"

namespace npuwhisper {

/// Adds the bonus of hotwords to rows of logits. The bonus multiplies the probabilities of the
/// tokens that begin or continue a phrase by constants. The gain of such a token is its bonus minus
/// the logarithm of the factor that the bonuses add to the sum of all probabilities (the
/// normaliser), so no biased probability exceeds 1. The logits of other tokens do not change. A
/// phrase that would be repeated has no bonus. Allocates nothing after construction. Reentrant.
class HotwordBias {
 public:
  /// `tree` must outlive this object.
  explicit HotwordBias(const HotwordTree& tree);

  /// Adds gains to a row of logits [n_vocab], to which the rules were applied, and returns the
  /// gains. `place`: the place of the text before the row. `summary`: the summary of the row.
  /// Updates summary.max, but leaves summary.log_sum unbiased.
  HotwordGains favour(const HotwordPlace& place, std::span<float> logits, LogitSummary& summary);
  /// Like favour(), but also takes back the bonus of a begun phrase: adds to every logit the
  /// difference between the bonus of the text with this token and the bonus without it. Biased
  /// logits and sums of texts with different places can then be compared.
  HotwordGains rank(const HotwordPlace& place, std::span<float> logits, LogitSummary summary);

 private:
  void list_tokens(const HotwordPlace& place);
  HotwordGains measure_gains(std::span<const float> logits, float log_sum) const;

  const HotwordTree& tree_;
  std::vector<Token> next_;   // the tokens that continue a phrase
  std::vector<Token> first_;  // the tokens that begin a phrase and are not in next_
};

}  // namespace npuwhisper
