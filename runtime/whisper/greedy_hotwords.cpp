// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/greedy_hotwords.h"

#include "simd/softmax.h"

namespace npuwhisper {
namespace {

/// The gains with which this search advances in the tree. The search compares bonuses only to find
/// out whether a phrase is complete, so each token of a phrase counts 1.
constexpr HotwordGains kCount = {.first = 1, .next = 1};

}  // namespace

void GreedyHotwords::start(std::span<const Token> known, std::size_t max_new) {
  place_ = {};
  branches_.clear();
  max_new_ = max_new;
  n_dropped_ = 0;
  for (const Token token : known) place_ = tree_.advance(place_, token, 0, kCount);
}

GreedyHotwords::Choice GreedyHotwords::choose(std::span<float> logits, LogitSummary summary,
                                              std::size_t n_tokens, float sum_log_probability) {
  const auto most_probable = [&] { return static_cast<Token>(find_first(logits, summary.max)); };
  const Choice other{.token = most_probable(),
                     .n_kept = n_tokens,
                     .log_probability = summary.max - summary.log_sum,
                     .sum_log_probability = sum_log_probability};
  Choice choice = other;
  if (may_follow()) {
    bias_.favour(place_, logits, summary);
    choice.token = most_probable();
    choice.log_probability = bias_.unbiased(choice.token) - summary.log_sum;
  }
  const bool deviates = choice.token != other.token;
  const float gap = other.log_probability - choice.log_probability;
  const bool continues = tree_.continues_phrase(place_, choice.token, gap);
  const HotwordPlace next = tree_.advance(place_, choice.token, gap, kCount);
  if (!continues) {
    // After a token that does not continue the begun phrase, the text keeps only the bonus of its
    // complete phrases.
    if (const auto back = go_back(next.kept_within_word, n_tokens)) return *back;
    if (!deviates) branches_.clear();
  }
  if (deviates) {
    branches_.push_back({.other = other,
                         .other_place = tree_.advance(place_, other.token, 0, kCount),
                         .other_continues = tree_.continues_phrase(place_, other.token, 0),
                         .bonus = continues ? place_.kept : next.kept_within_word});
  }
  place_ = next;
  if (is_last(n_tokens)) {
    if (const auto back = go_back(next.kept, n_tokens)) return *back;
  }
  return choice;
}

/// Undoes each branch whose phrase is not complete, from the last branch on. Stops early if the
/// token without the bonus continues an earlier phrase. Returns the token to take at the last
/// branch undone; nullopt if no branch was undone. `kept`: the bonus of the text's complete
/// phrases. `n_tokens`: the length of the text.
std::optional<GreedyHotwords::Choice> GreedyHotwords::go_back(float kept, std::size_t n_tokens) {
  std::optional<Choice> choice;
  while (!branches_.empty() && kept <= branches_.back().bonus) {
    const Branch branch = branches_.back();
    branches_.pop_back();
    choice = branch.other;
    place_ = branch.other_place;
    const bool ends_text = is_last(choice->n_kept);
    const bool can_continue = n_dropped_ + n_tokens - choice->n_kept < max_new_;
    if (branch.other_continues && can_continue && !ends_text) break;
    kept = ends_text ? place_.kept : place_.kept_within_word;
    if (branches_.empty() || kept > branches_.back().bonus) branches_.clear();
  }
  if (choice) n_dropped_ += n_tokens - choice->n_kept;
  return choice;
}

}  // namespace npuwhisper
