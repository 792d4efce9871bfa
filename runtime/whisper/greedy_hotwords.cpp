// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/greedy_hotwords.h"

#include "simd/softmax.h"

namespace npuwhisper {
namespace {

/// The bonus of a token in the places of this search. Only whether a bonus is kept matters here, so
/// the bonus counts tokens.
constexpr HotwordGains kCount = {.first = 1, .next = 1};

}  // namespace

void GreedyHotwords::start(std::span<const Token> known, std::size_t max_new) {
  place_ = {};
  branches_.clear();
  max_new_ = max_new;
  n_dropped_ = 0;
  for (const Token token : known) place_ = tree_.advance(place_, token, kCount);
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
    const HotwordGains gains = bias_.favour(place_, logits, summary);
    choice.token = most_probable();
    if (choice.token != other.token) {
      choice.log_probability =
          summary.max - tree_.gain(place_, choice.token, gains) - summary.log_sum;
    }
  }
  const bool deviates = choice.token != other.token;
  const bool continues = continues_phrase(choice.token);
  const HotwordPlace next = tree_.advance(place_, choice.token, kCount);
  if (!continues) {
    // A token that leaves the begun phrase keeps the bonus of complete phrases only.
    if (const auto back = go_back(next.kept_within_word, n_tokens)) return *back;
    if (!deviates) branches_.clear();
  }
  if (deviates) {
    branches_.push_back({.other = other,
                         .other_place = tree_.advance(place_, other.token, kCount),
                         .other_continues = continues_phrase(other.token),
                         .bonus = continues ? place_.kept : next.kept_within_word});
  }
  place_ = next;
  if (is_last(n_tokens)) {
    if (const auto back = go_back(next.kept, n_tokens)) return *back;
  }
  return choice;
}

bool GreedyHotwords::continues_phrase(Token token) const {
  return place_.node != 0 && tree_.child(place_.node, token) >= 0;
}

/// Returns to the last branch whose phrase is complete or can be continued. `kept`: the bonus of
/// the text's complete phrases. `n_tokens`: the length of the text. Returns nullopt if the phrase
/// of the last branch is complete.
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
