// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <vector>

#include <npuwhisper/segment.h>
#include <npuwhisper/transcriber.h>

#include "model/config.h"
#include "model/tokenizer.h"

namespace npuwhisper {

/// Summary of a row of logits to which the rules were applied.
struct LogitSummary {
  float max = 0;      ///< The largest logit.
  float log_sum = 0;  ///< log(sum(exp(logits))): logit - log_sum is a log probability.
};

/// Decides which tokens may come next (Radford et al. 2022, section 4.5). Follows
/// ApplyTimestampRules in decoding.py of openai/whisper, and CTranslate2 where the two projects
/// differ:
///  - the no-speech token and the prompt's special tokens, except languages, are forbidden; with
///    `suppress_non_speech`, the model's suppress_tokens are forbidden too;
///  - the first token is a timestamp of at most `max_initial_timestamp`;
///  - timestamps come in pairs, except directly before the end; they never decrease, and a segment
///    is at least one step (0.02 s) long;
///  - if all timestamps together are more probable than any text token, the next token is a
///    timestamp.
/// Immutable; thread-safe.
class LogitRules {
 public:
  /// Keeps no reference to its arguments.
  LogitRules(const Tokenizer& tokenizer, const ModelConfig& config,
             const TranscriberOptions& options);

  /// Sets the logits [n_vocab] of forbidden tokens to -inf and returns a summary of the remaining
  /// logits. `sampled`: the sequence so far, without its prompt. log_sum is NaN if no logit is
  /// finite.
  LogitSummary apply(std::span<const Token> sampled, std::span<float> logits) const;
  /// Sets the logits [n_vocab] of tokens that are forbidden in text without timestamps to -inf, and
  /// returns a summary of the remaining logits. `is_first`: the window has no text yet.
  LogitSummary apply_to_text(bool is_first, std::span<float> logits) const;
  /// Forbids the end of text as the next token. Call before apply() or apply_to_text().
  void forbid_end(std::span<float> logits) const;

 private:
  void forbid_timestamps(std::span<const Token> sampled, std::span<float> logits) const;

  std::vector<Token> suppressed_;
  std::vector<Token> suppressed_first_;
  std::size_t eot_;
  std::size_t timestamp_begin_;
  std::size_t max_initial_timestamp_;  // unit: steps of 0.02 s
};

}  // namespace npuwhisper
