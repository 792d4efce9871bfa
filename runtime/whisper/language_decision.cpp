// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/language_decision.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "simd/softmax.h"

namespace npuwhisper {
namespace {

/// Detection stops when the kept windows hold this many samples, even if the language is doubtful.
/// This is the length of two windows of a file.
constexpr std::int64_t kEnough = std::int64_t{60} * kSampleRate;
/// Minimum weight of a window, in samples. A shorter window gets this weight, so that no weight is
/// 0.
constexpr std::int64_t kShortest = kSampleRate / 10;

}  // namespace

LanguageDecision::LanguageDecision(const Tokenizer& tokenizer, const TranscriberOptions& options)
    : tokenizer_(tokenizer) {
  if (!tokenizer.is_multilingual()) {
    given_ = "en";
    return;
  }
  for (const std::string& code : options.languages) {
    candidates_.push_back(tokenizer.language_token(code).value());
  }
  if (candidates_.empty()) {
    const auto all = tokenizer.language_tokens();
    candidates_.assign(all.begin(), all.end());
  }
  if (!options.language.empty()) candidates_ = {tokenizer.language_token(options.language).value()};
  if (candidates_.size() == 1) given_ = tokenizer.language_code(candidates_.front());
  const std::size_t n = candidates_.size();
  for (auto* values : {&heard_.log_probabilities, &kept_.log_probabilities, &sum_, &combined_}) {
    values->resize(n);
  }
}

void LanguageDecision::reset() {
  heard_.first_frame = kept_.first_frame = -1;
  kept_.n_samples = 0;
  std::ranges::fill(sum_, 0.0F);
  longest_ = n_kept_ = 0;
  best_ = 0;
  probability_ = kept_probability_ = 0;
}

Result<void> LanguageDecision::hear_window(TokenDecoder& decoder, std::int64_t first_frame,
                                           std::int64_t n_samples) {
  assert(!is_given());
  const std::array<Token, 1> prompt = {tokenizer_.special().sot};
  const std::array<int, 1> positions = {0};
  const auto logits = decoder.prompt(prompt, positions);
  if (!logits) return fail(logits.error());
  std::ranges::transform(candidates_, heard_.log_probabilities.begin(),
                         [&](Token token) { return (*logits)[static_cast<std::size_t>(token)]; });
  const float all = log_sum_exp(heard_.log_probabilities);
  for (float& value : heard_.log_probabilities) value -= all;
  heard_.first_frame = first_frame;
  heard_.n_samples = std::max(n_samples, kShortest);
  choose();
  return {};
}

/// Combines the probabilities of the kept windows and the last window. Sets the best candidate and
/// its probability.
void LanguageDecision::choose() {
  const bool is_same_window = kept_.first_frame == heard_.first_frame;
  if (kept_.first_frame >= 0 && !is_same_window) {
    for (std::size_t i = 0; i < sum_.size(); ++i) {
      sum_[i] += static_cast<float>(kept_.n_samples) * kept_.log_probabilities[i];
    }
    longest_ = std::max(longest_, kept_.n_samples);
    n_kept_ += kept_.n_samples;
    kept_.first_frame = -1;
    kept_.n_samples = 0;
  }
  const auto weight = static_cast<float>(heard_.n_samples);
  const auto longest = static_cast<float>(std::max(longest_, heard_.n_samples));
  for (std::size_t i = 0; i < sum_.size(); ++i) {
    combined_[i] = (sum_[i] + weight * heard_.log_probabilities[i]) / longest;
  }
  const auto best = std::ranges::max_element(combined_);
  best_ = static_cast<std::size_t>(best - combined_.begin());
  probability_ = std::exp(*best - log_sum_exp(combined_));
}

void LanguageDecision::keep_window() {
  if (is_given() || heard_.first_frame < 0) return;
  std::swap(kept_, heard_);
  heard_.first_frame = -1;
  kept_probability_ = probability_;
}

std::string_view LanguageDecision::code() const {
  if (is_given()) return given_;
  return probability_ > 0 ? tokenizer_.language_code(candidates_[best_]) : std::string_view();
}

std::optional<Token> LanguageDecision::token() const {
  if (candidates_.empty() || probability() == 0) return std::nullopt;
  return candidates_[best_];
}

bool LanguageDecision::is_settled() const {
  if (is_given()) return true;
  if (kept_.first_frame < 0 && n_kept_ == 0) return false;
  return kept_probability_ >= kSureProbability || n_kept_ + kept_.n_samples >= kEnough;
}

}  // namespace npuwhisper
