// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "engine/token_decoder.h"
#include "whisper/logit_rules.h"

namespace npuwhisper {

/// A text found by the search: the tokens after the prompt, without the end of text.
struct Hypothesis {
  std::vector<Token> tokens;
  float sum_log_probability = 0;  ///< Includes the end-of-text token if the text has ended.

  /// Returns the average log probability of a token. As in openai/whisper, the end of text counts
  /// as a token.
  float average_log_probability() const {
    return sum_log_probability / static_cast<float>(tokens.size() + 1);
  }
};

/// Returns the score that ranks the hypotheses of one search: log probability / length ^
/// length_penalty. As in CTranslate2, the length does not count the end of text.
float hypothesis_score(float sum_log_probability, std::size_t length, float length_penalty);

/// Finds the best text by greedy search, sampling or beam search. A search starts from the logits
/// after the prompt, which the TokenDecoder has run as its only sequence. `max_new` limits the
/// tokens of a text. The constructor allocates all buffers. A result belongs to this object and is
/// valid until the next search. Reentrant. Errors: those of the decoder; DeviceError if the
/// decoder's logits are not finite.
class Search {
 public:
  struct Limits {
    int n_vocab = 0;
    int max_sequences = 1;
    int max_new_tokens = 0;
  };
  Search(const LogitRules& rules, Token eot, const Limits& limits);

  void reseed(std::uint64_t seed) { random_.seed(seed); }

  /// Returns the text that takes the most probable token at each step.
  Result<const Hypothesis*> greedy(TokenDecoder& decoder, std::span<float> logits, int max_new);

  /// Draws `n` texts at `temperature` (> 0) and returns the one with the best score.
  Result<const Hypothesis*> sample(TokenDecoder& decoder, std::span<float> logits, int max_new,
                                   int n, float temperature, float length_penalty);

  /// Keeps the `width` best partial texts. Ends after round(width * patience) complete texts and
  /// returns the best complete text (CTranslate2's beam search; patience: Kasai et al. 2022).
  Result<const Hypothesis*> beam(TokenDecoder& decoder, std::span<float> logits, int max_new,
                                 int width, float patience, float length_penalty);

  /// Returns the number of tokens decoded since construction, over all sequences.
  std::uint64_t n_tokens() const { return n_tokens_; }

 private:
  struct Candidate {
    float sum_log_probability;
    int beam;
    Token token;
  };

  Result<void> draw_all(TokenDecoder& decoder, std::span<float> logits, int max_new, int n,
                        float temperature);
  Token draw(std::span<const float> logits, const LogitSummary& summary, float temperature);
  Result<void> rank_candidates(std::span<float> logits, std::size_t n_beams, std::size_t n_wanted);
  void add_candidate(const Candidate& candidate, std::size_t n_wanted);
  void finish_beam(const Candidate& candidate, float length_penalty);
  void grow_beams(std::size_t width, bool last_step, float length_penalty);
  Result<std::span<float>> advance(TokenDecoder& decoder, std::size_t n_before);

  const LogitRules& rules_;
  const Token eot_;
  const std::size_t n_vocab_;
  std::mt19937_64 random_;
  std::uint64_t n_tokens_ = 0;

  std::vector<Hypothesis> beams_;      // greedy and sampling: one for each text
  std::vector<Hypothesis> new_beams_;  // beam search: swapped with beams_
  std::vector<int> alive_;             // greedy and sampling: index into beams_ for each sequence
  std::vector<int> parents_;
  std::vector<Token> next_;
  std::vector<Candidate> candidates_;
  Hypothesis best_;  // the best finished beam
  float best_score_ = 0;
  std::size_t n_finished_ = 0;
  bool best_beam_finished_ = false;
};

}  // namespace npuwhisper
