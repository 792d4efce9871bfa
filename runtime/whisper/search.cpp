// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/search.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "simd/softmax.h"

namespace npuwhisper {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

/// Number of logits in a block. A search for a few logits skips blocks that do not hold them.
constexpr std::size_t kBlock = 512;

Failure no_number() {
  return fail(ErrorCode::DeviceError, "decoder: found no finite logit, wanted at least one");
}

std::span<float> row(std::span<float> logits, std::size_t i, std::size_t n_vocab) {
  return logits.subspan(i * n_vocab, n_vocab);
}

}  // namespace

float hypothesis_score(float sum_log_probability, std::size_t length, float length_penalty) {
  return sum_log_probability /
         std::pow(static_cast<float>(std::max<std::size_t>(length, 1)), length_penalty);
}

Search::Search(const LogitRules& rules, Token eot, const Limits& limits,
               const HotwordTree* hotwords)
    : rules_(rules),
      eot_(eot),
      n_vocab_(static_cast<std::size_t>(limits.n_vocab)),
      hotwords_(hotwords) {
  if (hotwords_ != nullptr) {
    bias_.emplace(*hotwords_, n_vocab_);
    greedy_.emplace(*hotwords_, n_vocab_, static_cast<std::size_t>(limits.max_new_tokens));
  }
  const auto n = static_cast<std::size_t>(limits.max_sequences);
  const auto length = static_cast<std::size_t>(limits.max_new_tokens);
  beams_.resize(n);
  new_beams_.resize(n);
  for (Hypothesis& beam : beams_) beam.tokens.reserve(length);
  for (Hypothesis& beam : new_beams_) beam.tokens.reserve(length);
  best_.tokens.reserve(length);
  gains_.resize(n);
  alive_.reserve(n);
  parents_.reserve(n);
  next_.reserve(n);
  candidates_.reserve(2 * n + 1);
}

void Search::start_greedy(int max_new, int n_prompt) {
  start({.max_new = max_new, .n_prompt = n_prompt});
  if (greedy_) greedy_->start({}, static_cast<std::size_t>(max_new));
}

void Search::start_sampling(int max_new, int n, float temperature, float length_penalty) {
  start({.n = static_cast<std::size_t>(n),
         .max_new = max_new,
         .temperature = temperature,
         .length_penalty = length_penalty});
}

void Search::start_beams(int max_new, int width, float patience, float length_penalty) {
  const long n_wanted = std::lround(static_cast<float>(width) * patience);
  start({.beams = true,
         .n = static_cast<std::size_t>(width),
         .max_new = max_new,
         .length_penalty = length_penalty,
         .n_wanted = static_cast<std::size_t>(std::max(1L, n_wanted))});
}

void Search::start(const Method& method) {
  assert(method.n >= 1 && method.n <= beams_.size() && method.max_new >= 1);
  method_ = method;
  length_ = 0;
  truncate_to_ = -1;
  result_ = nullptr;
  alive_.clear();
  for (std::size_t i = 0; i < method.n; ++i) {
    beams_[i].tokens.clear();
    beams_[i].sum_log_probability = 0;
    beams_[i].hotwords = {};
    alive_.push_back(static_cast<int>(i));
  }
  next_.resize(1);  // The prompt is the only sequence.
  n_finished_ = 0;
  best_beam_finished_ = false;
}

Result<bool> Search::take(std::span<float> logits) {
  n_before_ = next_.size();
  ++length_;
  if (method_.beams) return take_beams(logits);
  const bool is_greedy = method_.n == 1 && method_.temperature == 0;
  return is_greedy && greedy_ ? take_greedy(logits) : draw_tokens(logits);
}

void Search::fork(TokenDecoder& decoder) const {
  if (truncate_to_ >= 0) decoder.truncate(truncate_to_);
  bool same = n_before_ == parents_.size();
  for (std::size_t i = 0; same && i < parents_.size(); ++i) {
    same = parents_[i] == static_cast<int>(i);
  }
  if (!same) decoder.fork(parents_);
}

/// Takes the next token of greedy search with hotwords.
Result<bool> Search::take_greedy(std::span<float> logits) {
  const auto own = row(logits, 0, n_vocab_);
  Hypothesis& text = beams_.front();
  const LogitSummary summary = rules_.apply(text.tokens, own);
  if (!std::isfinite(summary.log_sum)) return no_number();
  const auto choice = greedy_->choose(own, summary, text.tokens.size(), text.sum_log_probability);
  truncate_to_ = -1;
  if (choice.n_kept < text.tokens.size()) {
    truncate_to_ = method_.n_prompt + static_cast<int>(choice.n_kept);
    text.tokens.resize(choice.n_kept);
  }
  text.sum_log_probability = choice.sum_log_probability + choice.log_probability;
  ++n_tokens_;
  result_ = &text;
  if (choice.token == eot_) return false;
  text.tokens.push_back(choice.token);
  parents_.assign(1, 0);
  next_.assign(1, choice.token);
  return text.tokens.size() < static_cast<std::size_t>(method_.max_new);
}

/// Draws the next token of each text that has not ended.
Result<bool> Search::draw_tokens(std::span<float> logits) {
  const bool first = length_ == 1;
  LogitSummary summary;
  HotwordGains gains;
  parents_.clear();
  next_.clear();
  std::size_t n_alive = 0;
  for (std::size_t i = 0; i < alive_.size(); ++i) {
    Hypothesis& text = beams_[static_cast<std::size_t>(alive_[i])];
    // All texts draw their first token from the prompt's only row.
    const auto own = row(logits, first ? 0 : i, n_vocab_);
    if (!first || i == 0) {
      summary = rules_.apply(text.tokens, own);
      if (bias_) gains = bias_->favour(text.hotwords, own, summary);
    }
    if (!std::isfinite(summary.log_sum)) return no_number();
    const Token token = draw(own, summary);
    const float logit = bias_ ? bias_->unbiased(token) : own[static_cast<std::size_t>(token)];
    text.sum_log_probability += logit - summary.log_sum;
    if (bias_) {
      text.hotwords = hotwords_->advance(text.hotwords, token, bias_->gap(token), gains);
    }
    ++n_tokens_;
    if (token == eot_) continue;
    text.tokens.push_back(token);
    if (text.tokens.size() == static_cast<std::size_t>(method_.max_new)) continue;
    parents_.push_back(first ? 0 : static_cast<int>(i));
    next_.push_back(token);
    alive_[n_alive++] = alive_[i];
  }
  alive_.resize(n_alive);
  if (!alive_.empty()) return true;
  result_ = &best_draw();
  return false;
}

/// Returns the drawn text with the best score.
const Hypothesis& Search::best_draw() const {
  const auto score = [&](const Hypothesis& text) {
    return hypothesis_score(text.sum_log_probability + text.hotwords.kept, text.tokens.size(),
                            method_.length_penalty);
  };
  return *std::max_element(
      beams_.begin(), beams_.begin() + static_cast<std::ptrdiff_t>(method_.n),
      [&](const Hypothesis& a, const Hypothesis& b) { return score(a) < score(b); });
}

Token Search::draw(std::span<const float> logits, const LogitSummary& summary) {
  const auto most_probable = [&] { return static_cast<Token>(find_first(logits, summary.max)); };
  if (method_.temperature == 0) return most_probable();
  const float scale = 1 / method_.temperature;
  // A number in [0, 1) from 53 random bits. std::uniform_real_distribution is not used, because its
  // results differ between libraries.
  const double uniform = static_cast<double>(random_() >> 11) * 0x1.0p-53;
  double left = uniform * static_cast<double>(sum_exp(logits, summary.max, scale));
  for (std::size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const auto block = logits.subspan(begin, std::min(kBlock, logits.size() - begin));
    const auto mass = static_cast<double>(sum_exp(block, summary.max, scale));
    if (left >= mass) {
      left -= mass;
      continue;
    }
    for (std::size_t i = 0; i < block.size(); ++i) {
      left -= static_cast<double>(std::exp((block[i] - summary.max) * scale));
      if (left < 0) return static_cast<Token>(begin + i);
    }
  }
  // This line is reached only if rounding makes the total larger than the sum of its parts, and the
  // random number falls between the two.
  return most_probable();
}

/// Performs one step of beam search.
Result<bool> Search::take_beams(std::span<float> logits) {
  // Ranks twice as many candidates as beams, so that candidates that end can be replaced.
  const auto ranked = rank_candidates(logits, next_.size(), 2 * method_.n);
  if (!ranked) return fail(ranked.error());
  grow_beams(length_ == method_.max_new);
  // Without a length penalty no later text can overtake the best beam.
  const bool enough =
      n_finished_ >= method_.n_wanted || (method_.length_penalty == 0 && best_beam_finished_);
  if (!enough && !next_.empty()) return true;
  result_ = &best_;
  return false;
}

Result<void> Search::rank_candidates(std::span<float> logits, std::size_t n_beams,
                                     std::size_t n_wanted) {
  candidates_.clear();
  for (std::size_t beam = 0; beam < n_beams; ++beam) {
    const auto own = row(logits, beam, n_vocab_);
    const LogitSummary summary = rules_.apply(beams_[beam].tokens, own);
    if (!std::isfinite(summary.log_sum)) return no_number();
    float base = beams_[beam].sum_log_probability - summary.log_sum;
    if (bias_) {
      gains_[beam] = bias_->rank(beams_[beam].hotwords, own, summary);
      base += beams_[beam].hotwords.bonus;
    }
    for (std::size_t begin = 0; begin < own.size(); begin += kBlock) {
      const auto block = own.subspan(begin, std::min(kBlock, own.size() - begin));
      const auto worst = [&] {
        return candidates_.size() < n_wanted ? kNothing : candidates_.back().sum;
      };
      if (base + max_of(block) <= worst()) continue;
      for (std::size_t i = 0; i < block.size(); ++i) {
        const float score = base + block[i];
        if (score > worst()) {
          const auto token = static_cast<Token>(begin + i);
          const float gap = bias_ ? bias_->gap(token) : 0.0F;
          add_candidate({score, static_cast<int>(beam), token, gap}, n_wanted);
        }
      }
    }
  }
  return {};
}

void Search::add_candidate(const Candidate& candidate, std::size_t n_wanted) {
  const auto at =
      std::upper_bound(candidates_.begin(), candidates_.end(), candidate,
                       [](const Candidate& a, const Candidate& b) { return a.sum > b.sum; });
  candidates_.insert(at, candidate);
  if (candidates_.size() > n_wanted) candidates_.pop_back();
}

/// Turns the best candidates into the beams of the next step (none if no text continues).
void Search::grow_beams(bool last_step) {
  const std::size_t n_first = std::min(method_.n, candidates_.size());
  std::size_t reserve = n_first;
  parents_.clear();
  next_.clear();
  for (std::size_t k = 0; k < n_first; ++k) {
    const Candidate* candidate = &candidates_[k];
    if (candidate->token == eot_ || last_step) {
      if (k == 0) best_beam_finished_ = true;
      finish_beam(*candidate);
      while (reserve < candidates_.size() && candidates_[reserve].token == eot_) ++reserve;
      if (last_step || reserve == candidates_.size()) continue;
      candidate = &candidates_[reserve++];
    }
    Hypothesis& beam = new_beams_[next_.size()];
    beam.tokens = beams_[static_cast<std::size_t>(candidate->beam)].tokens;
    beam.tokens.push_back(candidate->token);
    beam.hotwords = place_after(*candidate);
    beam.sum_log_probability = candidate->sum - beam.hotwords.bonus;
    parents_.push_back(candidate->beam);
    next_.push_back(candidate->token);
  }
  n_tokens_ += n_first;
  beams_.swap(new_beams_);
}

/// Returns the place of the beam's text after the candidate's token.
HotwordPlace Search::place_after(const Candidate& candidate) const {
  if (hotwords_ == nullptr) return {};
  const auto beam = static_cast<std::size_t>(candidate.beam);
  return hotwords_->advance(beams_[beam].hotwords, candidate.token, candidate.gap, gains_[beam]);
}

void Search::finish_beam(const Candidate& candidate) {
  const std::vector<Token>& begun = beams_[static_cast<std::size_t>(candidate.beam)].tokens;
  const bool whole = candidate.token == eot_;
  const HotwordPlace place = place_after(candidate);
  const float sum_log_probability = candidate.sum - place.bonus;
  const float score = hypothesis_score(sum_log_probability + place.kept,
                                       begun.size() + (whole ? 0 : 1), method_.length_penalty);
  if (n_finished_++ > 0 && score <= best_score_) return;
  best_score_ = score;
  best_.tokens = begun;
  if (!whole) best_.tokens.push_back(candidate.token);
  best_.sum_log_probability = sum_log_probability;
}

}  // namespace npuwhisper
