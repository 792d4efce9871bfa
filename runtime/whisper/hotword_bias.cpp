// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/hotword_bias.h"

#include <algorithm>
#include <cmath>

namespace npuwhisper {
namespace {

/// The logarithms of the factors by which a phrase's tokens become more probable.
/// docs/decisions.md, Hotwords, has the measurements.
constexpr float kFirstBonus = 2;
constexpr float kNextBonus = 6;

}  // namespace

HotwordBias::HotwordBias(const HotwordTree& tree, std::size_t n_vocab)
    : tree_(tree), unbiased_(n_vocab) {
  next_.reserve(tree.n_edges());
  first_.reserve(tree.n_edges());
}

/// Lists each token that extends `place` once, in next_ or in first_.
void HotwordBias::list_tokens(const HotwordPlace& place) {
  next_.clear();
  first_.clear();
  // Whether the token continues a longer begun phrase than that of `node`.
  const auto is_listed = [&](Token token, int node) {
    if (!tree_.can_continue(place, gap(token))) return false;
    for (int longer = place.node; longer != node; longer = tree_.suffix(longer)) {
      if (tree_.child(longer, token) >= 0) return true;
    }
    return false;
  };
  for (int node = place.node; node != 0; node = tree_.suffix(node)) {
    for (const auto& edge : tree_.edges(node)) {
      if (tree_.can_continue(place, gap(edge.token)) && !tree_.is_repetition(place, edge.node) &&
          !is_listed(edge.token, node)) {
        next_.push_back(edge.token);
      }
    }
  }
  for (const auto& edge : tree_.edges(0)) {
    if (tree_.can_begin(place, edge.token, gap(edge.token)) &&
        !tree_.is_repetition(place, edge.node) && !is_listed(edge.token, 0)) {
      first_.push_back(edge.token);
    }
  }
}

/// Returns the gains of next_ and first_ after normalisation.
HotwordGains HotwordBias::measure_gains(float log_sum) const {
  const auto mass = [&](const std::vector<Token>& tokens) {
    float sum = 0;
    for (const Token token : tokens) {
      sum += std::exp(unbiased(token) - log_sum);
    }
    return sum;
  };
  const float normaliser =
      std::log1p(mass(first_) * std::expm1(kFirstBonus) + mass(next_) * std::expm1(kNextBonus));
  return {.first = std::max(kFirstBonus - normaliser, 0.0F),
          .next = std::max(kNextBonus - normaliser, 0.0F)};
}

HotwordGains HotwordBias::favour(const HotwordPlace& place, std::span<float> logits,
                                 LogitSummary& summary) {
  std::ranges::copy(logits, unbiased_.begin());
  max_ = summary.max;
  list_tokens(place);
  const HotwordGains gains = measure_gains(summary.log_sum);
  const auto add = [&](const std::vector<Token>& tokens, float gain) {
    for (const Token token : tokens) {
      float& logit = logits[static_cast<std::size_t>(token)];
      logit += gain;
      summary.max = std::max(summary.max, logit);
    }
  };
  add(next_, gains.next);
  add(first_, gains.first);
  return gains;
}

HotwordGains HotwordBias::rank(const HotwordPlace& place, std::span<float> logits,
                               LogitSummary summary) {
  const HotwordGains gains = favour(place, logits, summary);
  // Every token except those that continue the begun phrase changes the bonus by one of these
  // differences.
  const float lost = place.kept - place.bonus;
  const float lost_within_word = place.kept_within_word - place.bonus;
  if (lost == 0 && lost_within_word == 0) return gains;
  const auto lost_with = [&](Token token) {
    return tree_.continues_word(place, token) ? lost_within_word : lost;
  };
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] += lost_with(static_cast<Token>(i));
  for (const auto& edge : tree_.edges(place.node)) {
    if (tree_.can_continue(place, gap(edge.token))) {
      logits[static_cast<std::size_t>(edge.token)] -= lost_with(edge.token);
    }
  }
  return gains;
}

}  // namespace npuwhisper
