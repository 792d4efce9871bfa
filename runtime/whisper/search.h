// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "engine/token_decoder.h"
#include "whisper/greedy_hotwords.h"
#include "whisper/hotword_bias.h"
#include "whisper/hotword_tree.h"
#include "whisper/logit_rules.h"

namespace npuwhisper {

/// A text found by the search: the tokens after the prompt, without the end of text.
struct Hypothesis {
  std::vector<Token> tokens;
  /// Sum of the log probabilities of `tokens`, and of the end-of-text token if the text has ended.
  /// Does not include the bonus of hotwords.
  float sum_log_probability = 0;
  HotwordPlace hotwords{};  ///< Place of the text in the tree of hotwords, with its bonus.

  /// Returns the average log probability of a token. As in openai/whisper, the end of text counts
  /// as a token, even if the text has not ended.
  float average_log_probability() const {
    return sum_log_probability / static_cast<float>(tokens.size() + 1);
  }
};

/// Returns the score that ranks the hypotheses of one search: log probability / length ^
/// length_penalty. As in CTranslate2, the length does not count the end of text.
float hypothesis_score(float sum_log_probability, std::size_t length, float length_penalty);

/// Finds the best text by greedy search, sampling or beam search, one step at a time, so that a
/// caller can perform the steps of several searches together. A search begins with one of the
/// start functions. take() then receives the logits of each step, until it returns false. The text
/// of the search is best(). `max_new` limits the tokens of a text. The bonus of hotwords takes part
/// in every comparison of tokens and of texts, but not in the log probabilities of the result. The
/// constructor allocates all buffers. Reentrant.
class Search {
 public:
  struct Limits {
    int n_vocab = 0;
    int max_sequences = 1;
    int max_new_tokens = 0;
  };
  /// The arguments must outlive this object. `hotwords`: null if there are none.
  Search(const LogitRules& rules, Token eot, const Limits& limits,
         const HotwordTree* hotwords = nullptr);

  void reseed(std::uint64_t seed) { random_.seed(seed); }

  /// Starts a greedy search, which takes the most probable token at each step. With hotwords,
  /// GreedyHotwords chooses the tokens. `n_prompt`: the number of tokens of the prompt.
  void start_greedy(int max_new, int n_prompt);
  /// Starts a search that draws `n` texts at `temperature` (> 0). Its result is the text with the
  /// best score.
  void start_sampling(int max_new, int n, float temperature, float length_penalty);
  /// Starts a search that keeps the `width` best partial texts. It ends after round(width *
  /// patience) complete texts. Its result is the best complete text (CTranslate2's beam search;
  /// patience: Kasai et al. 2022).
  void start_beams(int max_new, int width, float patience, float length_penalty);

  /// Takes the logits of the next token of each sequence, [n_sequences, n_vocab], and overwrites
  /// them. The first call takes the only row of logits after the prompt. Returns whether the search
  /// needs another step: fork() followed by TokenDecoder::step(next()). Errors: DeviceError if a
  /// row has no finite logit.
  Result<bool> take(std::span<float> logits);
  /// Forks the decoder's sequences if those of the next step differ from those of the last one, or
  /// shortens the only sequence if greedy search returns to an earlier position.
  void fork(TokenDecoder& decoder) const;
  /// Returns the next token of each sequence. Valid until the next take().
  std::span<const Token> next() const { return next_; }

  /// Returns the text of the search. Valid until the next start.
  const Hypothesis& best() const { return *result_; }

  /// Returns the number of tokens decoded since construction, over all sequences.
  std::uint64_t n_tokens() const { return n_tokens_; }

 private:
  struct Candidate {
    float sum;  // log probability with the bonus of hotwords
    int beam;
    Token token;
    float gap;  // the gap of the token (see kMaxHotwordGap); 0 without hotwords
  };

  /// The parameters of the current search.
  struct Method {
    bool beams = false;
    std::size_t n = 1;  // number of texts, or of beams
    int max_new = 1;
    int n_prompt = 0;  // greedy search: number of tokens of the prompt
    float temperature = 0;
    float length_penalty = 1;
    std::size_t n_wanted = 1;  // beam search ends after this number of complete texts
  };

  void start(const Method& method);
  Result<bool> draw_tokens(std::span<float> logits);
  Result<bool> take_beams(std::span<float> logits);
  Result<bool> take_greedy(std::span<float> logits);
  Token draw(std::span<const float> logits, const LogitSummary& summary);
  Result<void> rank_candidates(std::span<float> logits, std::size_t n_beams, std::size_t n_wanted);
  void add_candidate(const Candidate& candidate, std::size_t n_wanted);
  HotwordPlace place_after(const Candidate& candidate) const;
  void finish_beam(const Candidate& candidate);
  void grow_beams(bool last_step);
  const Hypothesis& best_draw() const;

  const LogitRules& rules_;
  const Token eot_;
  const std::size_t n_vocab_;
  const HotwordTree* const hotwords_;     // null: none
  std::optional<HotwordBias> bias_;       // beam search and sampling; empty without hotwords
  std::optional<GreedyHotwords> greedy_;  // greedy search; empty without hotwords
  std::mt19937_64 random_;
  std::uint64_t n_tokens_ = 0;

  Method method_;
  int length_ = 0;        // number of calls of take() since the start
  int truncate_to_ = -1;  // greedy search: length to shorten the decoder's sequence to; -1: none
  std::size_t n_before_ = 1;  // number of sequences of the last step
  const Hypothesis* result_ = nullptr;
  std::vector<Hypothesis> beams_;      // one for each text, or the beams of beam search
  std::vector<Hypothesis> new_beams_;  // beam search: swapped with beams_
  std::vector<HotwordGains> gains_;    // beam search: the gains of each beam's next token
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
