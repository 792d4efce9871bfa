// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/logit_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "simd/softmax.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

void forbid(std::span<float> logits) {
  std::fill(logits.begin(), logits.end(), kForbidden);
}

void forbid(std::span<float> logits, std::span<const Token> tokens) {
  for (const Token token : tokens) logits[static_cast<std::size_t>(token)] = kForbidden;
}

std::vector<Token> known(std::vector<Token> tokens, int n_vocab) {
  std::erase_if(tokens, [&](Token token) { return token < 0 || token >= n_vocab; });
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

}  // namespace

LogitRules::LogitRules(const Tokenizer& tokenizer, const ModelConfig& config,
                       const TranscriberOptions& options)
    : eot_(static_cast<std::size_t>(tokenizer.special().eot)),
      timestamp_begin_(static_cast<std::size_t>(tokenizer.special().timestamp_begin)),
      max_initial_timestamp_(static_cast<std::size_t>(
          std::lround(options.max_initial_timestamp * kTimestampsPerSecond))) {
  const SpecialTokens& special = tokenizer.special();
  std::vector<Token> suppressed = {special.transcribe,   special.translate, special.sot,
                                   special.sot_prev,     special.sot_lm,    special.no_speech,
                                   special.no_timestamps};
  if (options.suppress_non_speech) {
    suppressed.insert(suppressed.end(), config.suppress_tokens.begin(),
                      config.suppress_tokens.end());
  }
  suppressed_ = known(std::move(suppressed), tokenizer.n_vocab());
  if (options.suppress_blank) {
    suppressed_first_ = known(config.suppress_begin_tokens, tokenizer.n_vocab());
  }
}

LogitSummary LogitRules::apply(std::span<const Token> sampled, std::span<float> logits) const {
  forbid(logits, suppressed_);
  forbid_timestamps(sampled, logits);

  const auto text = logits.first(timestamp_begin_);
  const auto times = logits.subspan(timestamp_begin_);
  const float text_max = max_of(text);
  const float times_max = max_of(times);
  const float times_log_sum = log_sum_exp(times);
  if (times_log_sum > text_max) {
    forbid(text);
    return {times_max, times_log_sum};
  }
  return {std::max(text_max, times_max),
          text_max + std::log(sum_exp(text, text_max, 1.0F) + std::exp(times_log_sum - text_max))};
}

LogitSummary LogitRules::apply_to_text(bool is_first, std::span<float> logits) const {
  forbid(logits, suppressed_);
  if (is_first) forbid(logits, suppressed_first_);
  forbid(logits.subspan(timestamp_begin_));
  const auto text = logits.first(timestamp_begin_);
  const float max = max_of(text);
  return {max, max + std::log(sum_exp(text, max, 1.0F))};
}

void LogitRules::forbid_end(std::span<float> logits) const {
  logits[eot_] = kForbidden;
}

void LogitRules::forbid_timestamps(std::span<const Token> sampled, std::span<float> logits) const {
  const auto times = logits.subspan(timestamp_begin_);
  if (sampled.empty()) {
    // All text is forbidden anyway, so suppressed_first_ matters only if it contains timestamps.
    // Whisper's own suppress_begin_tokens contain none.
    forbid(logits, suppressed_first_);
    forbid(logits.first(timestamp_begin_));
    forbid(times.subspan(std::min(max_initial_timestamp_ + 1, times.size())));
    return;
  }
  const auto is_timestamp = [&](Token token) {
    return static_cast<std::size_t>(token) >= timestamp_begin_;
  };
  const auto last = std::find_if(sampled.rbegin(), sampled.rend(), is_timestamp);
  if (last == sampled.rend()) return;
  const std::size_t last_time = static_cast<std::size_t>(*last) - timestamp_begin_;

  if (last != sampled.rbegin()) {
    forbid(times.first(last_time + 1));
  } else if (sampled.size() == 1 || is_timestamp(sampled[sampled.size() - 2])) {
    forbid(times);
  } else {
    forbid(logits.first(eot_));
    forbid(times.first(last_time));
  }
}

}  // namespace npuwhisper
