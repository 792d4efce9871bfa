// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_decoder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string>

#include "simd/softmax.h"
#include "whisper/punctuation.h"
#include "whisper/stopwatch.h"

namespace npuwhisper {

LiveDecoder::LiveDecoder(const Tokenizer& tokenizer, const ModelConfig& config,
                         const TranscriberOptions& options, TokenDecoder& decoder,
                         TranscriberStats& stats, const HotwordTree* hotwords)
    : tokenizer_(tokenizer), decoder_(decoder), stats_(stats), rules_(tokenizer, config, options) {
  const auto max_tokens = static_cast<std::size_t>(decoder.max_length());
  if (hotwords != nullptr) {
    hotwords_.emplace(*hotwords, static_cast<std::size_t>(decoder.n_vocab()), max_tokens);
  }
  tokens_.reserve(max_tokens);
  positions_.reserve(static_cast<std::size_t>(decoder.max_positions()));
  hearing_.tokens.reserve(max_tokens);
}

Result<const LiveHearing*> LiveDecoder::decode(const LivePass& pass) {
  assert(pass.max_new >= 1);
  const std::size_t n_fixed = pass.prompt.tokens.size() + 1 + pass.committed.size();
  const auto max_length = static_cast<std::size_t>(decoder_.max_length());
  if (n_fixed > max_length) {
    return fail(ErrorCode::InvalidArgument, "live window: found " + std::to_string(n_fixed) +
                                                " tokens of prompt and text, wanted at most " +
                                                std::to_string(max_length));
  }
  // Two rows of logits are reserved: for no-speech, and for the first token after the final text.
  const std::size_t n_draft = std::min({pass.draft.size(), max_length - n_fixed,
                                        static_cast<std::size_t>(decoder_.max_positions()) - 2});
  const auto logits = check_draft(pass, n_draft);
  if (!logits) return fail(logits.error());
  if (const auto ok = go_on(pass, n_draft, *logits); !ok) return fail(ok.error());
  return &hearing_;
}

/// Runs the prompt, the committed tokens and the first `n_draft` tokens of the draft. Sets the
/// no-speech probability. Returns the logits after `committed` and after each of these draft
/// tokens.
Result<std::span<float>> LiveDecoder::check_draft(const LivePass& pass, std::size_t n_draft) {
  const auto& prompt = pass.prompt.tokens;
  tokens_.assign(prompt.begin(), prompt.end());
  tokens_.push_back(tokenizer_.special().no_timestamps);
  tokens_.insert(tokens_.end(), pass.committed.begin(), pass.committed.end());
  positions_.assign(1, pass.prompt.sot);
  positions_.push_back(static_cast<int>(tokens_.size()) - 1);
  for (const Token token : pass.draft.first(n_draft)) {
    positions_.push_back(static_cast<int>(tokens_.size()));
    tokens_.push_back(token);
  }
  const Stopwatch watch(stats_.prompt_time, "prompt");
  const auto logits = decoder_.prompt(tokens_, positions_);
  if (!logits) return fail(logits.error());
  const auto n_vocab = static_cast<std::size_t>(decoder_.n_vocab());
  const auto at_sot = logits->first(n_vocab);
  const auto no_speech = static_cast<std::size_t>(tokenizer_.special().no_speech);
  hearing_.no_speech_probability = std::exp(at_sot[no_speech] - log_sum_exp(at_sot));
  return logits->subspan(n_vocab);
}

Result<void> LiveDecoder::go_on(const LivePass& pass, std::size_t n_draft,
                                std::span<float> logits) {
  const Stopwatch watch(stats_.decode_time, "decode");
  const auto n_vocab = static_cast<std::size_t>(decoder_.n_vocab());
  const std::size_t n_known = tokens_.size() - n_draft;
  const std::size_t max_new = std::min(static_cast<std::size_t>(pass.max_new),
                                       static_cast<std::size_t>(decoder_.max_length()) - n_known);
  std::vector<Token>& text = hearing_.tokens;
  text.clear();
  hearing_.was_forced = false;
  float sum = 0;
  bool has_word = false;  // whether the text has a word
  const auto is_word = [this](Token token) { return !is_closing(tokenizer_.bytes(token)); };
  if (hotwords_) hotwords_->start(pass.committed, max_new);
  bool is_draft = true;  // whether all of the text so far is from the draft
  while (true) {
    const auto own = is_draft ? logits.subspan(text.size() * n_vocab, n_vocab) : logits;
    if (pass.must_speak && !has_word) {
      const auto best = static_cast<Token>(std::ranges::max_element(own) - own.begin());
      hearing_.was_forced = hearing_.was_forced || best == tokenizer_.special().eot;
      rules_.forbid_end(own);
    }
    const LogitSummary summary = rules_.apply_to_text(pass.committed.empty() && text.empty(), own);
    if (!std::isfinite(summary.log_sum)) {
      return fail(ErrorCode::DeviceError, "decoder: found logits that are not finite numbers");
    }
    Token token = 0;
    if (hotwords_) {
      const auto choice = hotwords_->choose(own, summary, text.size(), sum);
      token = choice.token;
      sum = choice.sum_log_probability + choice.log_probability;
      if (choice.n_kept < text.size()) {
        text.resize(choice.n_kept);
        decoder_.truncate(static_cast<int>(n_known + text.size()));
        is_draft = false;
        has_word = std::ranges::any_of(text, is_word);
      }
    } else {
      token = static_cast<Token>(find_first(own, summary.max));
      sum += summary.max - summary.log_sum;
    }
    has_word = has_word || is_word(token);
    if (token == tokenizer_.special().eot || text.size() == max_new) break;
    const bool was_expected = is_draft && text.size() < n_draft && token == pass.draft[text.size()];
    if (was_expected) {
      text.push_back(token);
      ++stats_.verified_tokens;
      if (text.size() == max_new) break;
      continue;
    }
    if (is_draft && text.size() < n_draft) {
      decoder_.truncate(static_cast<int>(n_known + text.size()));
    }
    is_draft = false;
    text.push_back(token);
    ++stats_.tokens;
    if (text.size() == max_new) break;
    const std::array<Token, 1> next = {token};
    const auto more = decoder_.step(next);
    if (!more) return fail(more.error());
    logits = *more;
  }
  hearing_.average_log_probability = sum / static_cast<float>(text.size() + 1);
  return {};
}

}  // namespace npuwhisper
