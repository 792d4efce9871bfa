// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/decoding.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/trim.h"
#include "simd/softmax.h"
#include "whisper/stopwatch.h"

namespace npuwhisper {
namespace {

/// Factor applied to log_prob_threshold if the no-speech probability reaches no_speech_threshold.
/// Text that Whisper invents over silence ("you", "Thank you.") has an average log probability of
/// -1 to -0.7. Real text has a much higher average.
constexpr float kStrictest = 0.7F;

int max_new_tokens(int max_length) {
  return max_length / 2;
}

}  // namespace

bool is_silent(const DecodedWindow& heard, bool is_spoken, const TranscriberOptions& options) {
  const float soft_edge = options.no_speech_threshold / 2;
  if (!(heard.no_speech_probability > soft_edge)) return false;
  const float doubt = std::min(1.0F, (heard.no_speech_probability - soft_edge) / soft_edge);
  const float strictest = is_spoken ? 1.0F : kStrictest;
  const float bound = options.log_prob_threshold * (1 - (1 - strictest) * doubt);
  return !(heard.average_log_probability > bound);
}

int sequences_needed(const TranscriberOptions& options) {
  int n = 1;
  for (const float temperature : options.temperatures) {
    n = std::max(n, temperature > 0 ? options.best_of : options.beam_size);
  }
  return n;
}

WindowDecoder::WindowDecoder(const Tokenizer& tokenizer, const ModelConfig& config,
                             const TranscriberOptions& options, TokenDecoder& decoder,
                             TranscriberStats& stats)
    : tokenizer_(tokenizer),
      options_(options),
      decoder_(decoder),
      stats_(stats),
      rules_(tokenizer, config, options),
      search_(rules_, tokenizer.special().eot,
              {.n_vocab = decoder.n_vocab(),
               .max_sequences = sequences_needed(options),
               .max_new_tokens = max_new_tokens(decoder.max_length())}),
      compression_ratio_(kBytesPerToken *
                         static_cast<std::size_t>(max_new_tokens(decoder.max_length()))) {
  const auto max_tokens = static_cast<std::size_t>(max_new_tokens(decoder.max_length()));
  now_.tokens.reserve(max_tokens);
  best_.tokens.reserve(max_tokens);
  text_.reserve(kBytesPerToken * max_tokens);
  reset();
}

Result<const DecodedWindow*> WindowDecoder::decode(const Prompt::View& prompt, bool is_spoken) {
  begin(is_spoken);
  do {
    auto more = run_prompt(prompt);
    const Stopwatch watch(stats_.decode_time, "decode");
    while (more && *more) {
      const auto logits = decoder_.step(next_tokens());
      if (!logits) return fail(logits.error());
      more = take(*logits);
    }
    if (!more) return fail(more.error());
  } while (!ends_attempt());
  return result_;
}

void WindowDecoder::begin(bool is_spoken) {
  is_spoken_ = is_spoken;
  attempt_ = 0;
  have_best_ = false;
  best_is_repetitive_ = true;
}

Result<bool> WindowDecoder::run_prompt(const Prompt::View& prompt) {
  const auto n_prompt = static_cast<int>(prompt.tokens.size());
  // The prompt of an English-only model ends with <|startoftranscript|>, so one row of logits gives
  // both the no-speech probability and the first token.
  const std::array<int, 2> positions = {prompt.sot, n_prompt - 1};
  const std::size_t n_rows = prompt.sot == n_prompt - 1 ? 1 : 2;
  const auto n_vocab = static_cast<std::size_t>(decoder_.n_vocab());
  const Result<std::span<float>> logits = [&] {
    const Stopwatch watch(stats_.prompt_time, "prompt");
    return decoder_.prompt(prompt.tokens, std::span(positions).first(n_rows));
  }();
  if (!logits) return fail(logits.error());

  const auto at_sot = logits->first(n_vocab);
  const auto no_speech = static_cast<std::size_t>(tokenizer_.special().no_speech);
  now_.no_speech_probability = std::exp(at_sot[no_speech] - log_sum_exp(at_sot));

  // As in CTranslate2, the prompt's last token does not count towards max_length, because it is the
  // first input of the decoder's steps.
  const int max_length = decoder_.max_length();
  start_search(std::min(max_new_tokens(max_length), max_length - (n_prompt - 1)),
               options_.temperatures[attempt_]);
  return take(logits->last(n_vocab));
}

void WindowDecoder::start_search(int max_new, float temperature) {
  if (temperature > 0) {
    search_.start_sampling(max_new, options_.best_of, temperature, options_.length_penalty);
  } else if (options_.beam_size == 1) {
    search_.start_greedy(max_new);
  } else {
    search_.start_beams(max_new, options_.beam_size, options_.patience, options_.length_penalty);
  }
}

std::span<const Token> WindowDecoder::next_tokens() {
  search_.fork(decoder_);
  return search_.next();
}

Result<bool> WindowDecoder::take(std::span<float> logits) {
  const std::uint64_t n_tokens = search_.n_tokens();
  auto more = search_.take(logits);
  stats_.tokens += search_.n_tokens() - n_tokens;
  return more;
}

bool WindowDecoder::ends_attempt() {
  const Hypothesis& found = search_.best();
  now_.tokens = found.tokens;
  now_.temperature = options_.temperatures[attempt_];
  now_.average_log_probability = found.average_log_probability();
  now_.compression_ratio = measure_compression(now_.tokens);

  const bool repetitive = now_.compression_ratio > options_.compression_ratio_threshold;
  const bool improbable = now_.average_log_probability < options_.log_prob_threshold;
  if (is_silent(now_, is_spoken_, options_) || !(repetitive || improbable)) {
    result_ = &now_;
    return true;
  }
  const bool better = repetitive == best_is_repetitive_
                          ? now_.average_log_probability > best_.average_log_probability
                          : best_is_repetitive_;
  if (!have_best_ || better) {
    std::swap(now_, best_);
    have_best_ = true;
    best_is_repetitive_ = repetitive;
  }
  if (++attempt_ < options_.temperatures.size()) {
    ++stats_.fallbacks;
    return false;
  }
  best_.temperature = options_.temperatures.back();
  result_ = &best_;
  return true;
}

float WindowDecoder::measure_compression(std::span<const Token> tokens) {
  text_.clear();
  for (const Token token : tokens) text_ += tokenizer_.bytes(token);
  return compression_ratio_(trim(text_));
}

}  // namespace npuwhisper
