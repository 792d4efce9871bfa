// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/segment.h>
#include <npuwhisper/transcriber.h>

#include "model/config.h"
#include "model/tokenizer.h"

namespace npuwhisper {

/// What is left of a row of logits after the rules.
struct LogitSummary {
  float max = 0;      ///< The largest logit.
  float log_sum = 0;  ///< log(sum(exp(logits))): logit - log_sum is a log probability.
};

/// Which tokens Whisper may say next (Radford et al. 2022, section 4.5; openai/whisper decoding.py
/// ApplyTimestampRules; where that and CTranslate2 differ, CTranslate2):
///  - never special tokens, nor the non-speech symbols if `suppress_non_speech`;
///  - first a timestamp of at most `max_initial_timestamp`;
///  - timestamps come in pairs, except directly before the end; they never go back, and a segment
///    is at least one step (0.02 s) long;
///  - if all timestamps together are more probable than any text token, a timestamp.
/// Immutable; thread-safe.
class LogitRules {
 public:
  /// Keeps no reference to its arguments.
  LogitRules(const Tokenizer& tokenizer, const ModelConfig& config,
             const TranscriberOptions& options);

  /// Sets the logits [n_vocab] of forbidden tokens to -inf. `sampled`: the sequence so far, without
  /// its prompt. log_sum is NaN if nothing is left: the model gave no number.
  LogitSummary apply(std::span<const Token> sampled, std::span<float> logits) const;
  /// Likewise for text without timestamps; `is_first`: nothing was said in this window so far.
  LogitSummary apply_to_text(bool is_first, std::span<float> logits) const;
  /// Before apply() or apply_to_text(): the text is not to end here.
  void forbid_end(std::span<float> logits) const;

 private:
  void forbid_timestamps(std::span<const Token> sampled, std::span<float> logits) const;

  std::vector<Token> suppressed_;
  std::vector<Token> suppressed_first_;
  std::size_t eot_;
  std::size_t timestamp_begin_;
  std::size_t max_initial_timestamp_;  // in steps of 0.02 s
};

}  // namespace npuwhisper
