// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/greedy_hotwords.h"

#include "simd/softmax.h"

namespace npuwhisper {
namespace {

/// The bonus of a token in the places of this search. Only whether a bonus is kept matters here, so
/// the bonus counts tokens.
constexpr HotwordGains kCount = {.first = 1, .next = 1};

}  // namespace

void GreedyHotwords::start(std::span<const Token> known) {
  place_ = {};
  branch_.reset();
  for (const Token token : known) place_ = tree_.advance(place_, token, kCount);
}

GreedyHotwords::Choice GreedyHotwords::choose(std::span<float> logits, LogitSummary summary,
                                              std::size_t n_tokens, float sum_log_probability) {
  const auto most_probable = [&] { return static_cast<Token>(find_first(logits, summary.max)); };
  Choice other{.token = most_probable(),
               .n_kept = n_tokens,
               .log_probability = summary.max - summary.log_sum,
               .sum_log_probability = sum_log_probability};
  const HotwordGains gains = bias_.favour(place_, logits, summary);
  Choice choice = other;
  choice.token = most_probable();
  if (choice.token != other.token) {
    choice.log_probability =
        summary.max - tree_.gain(place_, choice.token, gains) - summary.log_sum;
  }
  const HotwordPlace next = tree_.advance(place_, choice.token, kCount);
  const bool continues = place_.node != 0 && tree_.child(place_.node, choice.token) >= 0;
  if (branch_ && !continues) {
    // A token that leaves the begun phrase keeps the bonus of complete phrases only.
    const bool is_complete = next.kept_within_word > branch_->bonus;
    if (!is_complete) {
      choice = branch_->other;
      place_ = branch_->other_place;
    }
    branch_.reset();
    if (!is_complete) return choice;
  }
  if (!branch_ && choice.token != other.token) {
    branch_ = Branch{.other = other,
                     .other_place = tree_.advance(place_, other.token, kCount),
                     .bonus = continues ? place_.kept : next.kept_within_word};
  }
  place_ = next;
  return choice;
}

}  // namespace npuwhisper
