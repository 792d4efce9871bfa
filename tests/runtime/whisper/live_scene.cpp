// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live_scene.h"

#include <algorithm>

#include "scripted_decoder.h"

namespace npuwhisper::test {

Result<void> ScriptedSpeaker::encode(std::span<const float> mel, int n_exact) {
  n_thinned.push_back(static_cast<int>(mel.size()) / vocabulary_.config.n_mels - n_exact);
  if (on_encode) on_encode();
  if (cancelled != nullptr && *cancelled) return fail(ErrorCode::Cancelled, "cancelled");
  time_.now += cost;
  const std::int64_t begin = heard_.first_frame * kHop;
  const std::int64_t end = heard_.end_frame * kHop;
  in_window_.clear();
  for (ScriptedWord word : words_) {
    if ((word.start + word.end) / 2 < begin || word.start + kSampleRate / 20 > end) continue;
    const bool is_fresh = word.end > end - kSampleRate / 2;
    if (is_fresh && std::uniform_real_distribution<>()(random_) < misheard) {
      word.token = words_[random_() % words_.size()].token;
    }
    word.end = std::min(word.end, end);
    in_window_.push_back(word);
  }
  if (end - begin < deaf_below) in_window_.clear();
  n_mute_ = 0;
  if (mute_from <= end && end < mute_to) {
    n_mute_ = std::ranges::count_if(
        in_window_, [this](const ScriptedWord& word) { return word.start >= mute_from; });
  }
  loops_ = begin < loop_until;
  return {};
}

/// Returns how many of the first `n_tokens` of sequence_ are text of the window, or -1 if these
/// tokens end within the prompt.
std::ptrdiff_t ScriptedSpeaker::n_said(std::size_t n_tokens) const {
  const auto begin = sequence_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(n_tokens);
  const auto marker = std::find(begin, end, vocabulary_.special().no_timestamps);
  return marker == end ? -1 : end - marker - 1;
}

/// Returns the token that follows the first `n_tokens` of sequence_.
Token ScriptedSpeaker::next(std::size_t n_tokens) const {
  const SpecialTokens& special = vocabulary_.special();
  const std::ptrdiff_t n = n_said(n_tokens);
  if (n < 0) return in_window_.empty() ? special.no_speech : special.transcribe;
  const bool has_previous = sequence_.front() == special.sot_prev;
  if (loops_ && (has_previous || !only_with_previous_text)) return words_.front().token;
  const auto next = static_cast<std::size_t>(n);
  return next < in_window_.size() ? in_window_[next].token : special.eot;
}

void ScriptedSpeaker::answer(std::size_t n_tokens, std::size_t row) {
  const auto n = static_cast<std::size_t>(n_vocab());
  const auto logits = std::span(logits_).subspan(row * n, n);
  std::fill(logits.begin(), logits.end(), 0.0F);
  // In silence, the rows of a prompt after its first row are uncertain.
  prefer(logits, next(n_tokens), in_window_.empty() && row > 0 ? 5 : 30);
  const auto languages = vocabulary_.tokenizer->language_tokens();
  if (n_tokens == 1 && !languages.empty()) prefer(logits, languages.front(), language_margin);
  if (n_said(n_tokens) != std::ssize(in_window_) - n_mute_ || n_mute_ == 0) return;
  prefer(logits, vocabulary_.special().eot, mute_softly ? 31 : 1000);
}

Result<std::span<float>> ScriptedSpeaker::prompt(std::span<const Token> tokens,
                                                 std::span<const int> positions) {
  sequence_.assign(tokens.begin(), tokens.end());
  prompts.push_back(sequence_);
  logits_.resize(positions.size() * static_cast<std::size_t>(n_vocab()));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    answer(static_cast<std::size_t>(positions[i]) + 1, i);
  }
  return std::span(logits_);
}

Result<std::span<float>> ScriptedSpeaker::step(std::span<const Token> tokens) {
  ++n_steps;
  sequence_.push_back(tokens[0]);
  logits_.resize(static_cast<std::size_t>(n_vocab()));
  answer(sequence_.size(), 0);
  return std::span(logits_);
}

Result<std::span<const float>> ScriptedSpeaker::align(std::span<const Token> tokens,
                                                      std::span<float> probabilities) {
  const auto n_columns = static_cast<std::size_t>(n_positions);
  attention_.assign(tokens.size() * n_columns, 1e-7F);
  std::fill(probabilities.begin(), probabilities.end(), 0.5F);
  const auto marker = static_cast<std::size_t>(
      std::find(tokens.begin(), tokens.end(), vocabulary_.special().no_timestamps) -
      tokens.begin());
  const std::int64_t begin = heard_.first_frame * kHop;
  for (std::size_t row = marker; row + 1 < tokens.size(); ++row) {
    const std::size_t word = row - marker;
    if (word >= in_window_.size()) break;
    const auto position = [&](std::int64_t sample) {
      return static_cast<std::size_t>(std::max<std::int64_t>(sample - begin, 0)) / (2 * kHop);
    };
    const std::size_t first = position(in_window_[word].start);
    const std::size_t end =
        std::min(std::max(position(in_window_[word].end), first + 1), n_columns);
    for (std::size_t p = first; p < end; ++p) {
      attention_[row * n_columns + p] = 1.0F / static_cast<float>(end - first);
    }
  }
  return std::span<const float>(attention_);
}

std::vector<Token> one_token_words(const Vocabulary& vocabulary) {
  std::vector<Token> words;
  for (Token token = 0; token < vocabulary.eot(); ++token) {
    const std::string_view bytes = vocabulary.tokenizer->bytes(token);
    if (bytes.size() < 2 || bytes[0] != ' ') continue;
    if (std::all_of(bytes.begin() + 1, bytes.end(), [](char c) { return c >= 'a' && c <= 'z'; })) {
      words.push_back(token);
    }
  }
  return words;
}

}  // namespace npuwhisper::test
