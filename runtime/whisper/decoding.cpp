// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/decoding.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/trim.h"
#include "simd/softmax.h"
#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// Factor applied to log_prob_threshold if the no-speech probability reaches no_speech_threshold.
/// Text that Whisper hallucinates over silence ("you", "Thank you.") has an average log probability
/// of -1 to -0.7. Real text has a much higher average.
constexpr float kStrictest = 0.7F;

/// Minimum duration of the voice in a segment that is checked for missing words, in samples (10 s).
/// Short segments can have very few words, for example a long name.
constexpr std::int64_t kLongVoice = 10 * kSampleRate;
/// Minimum number of tokens per second of voice. Normal speech has about four tokens per second,
/// very slow speech more than one. Beam search sometimes stretches a few words over 20 s of other
/// speech.
constexpr double kLeastTokensPerSecond = 0.8;

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
                             TranscriberStats& stats, const HotwordTree* hotwords)
    : tokenizer_(tokenizer),
      options_(options),
      decoder_(decoder),
      stats_(stats),
      rules_(tokenizer, config, options),
      search_(rules_, tokenizer.special().eot,
              {.n_vocab = decoder.n_vocab(),
               .max_sequences = sequences_needed(options),
               .max_new_tokens = max_new_tokens(decoder.max_length())},
              hotwords),
      compression_ratio_(kBytesPerToken *
                         static_cast<std::size_t>(max_new_tokens(decoder.max_length()))) {
  const auto max_tokens = static_cast<std::size_t>(max_new_tokens(decoder.max_length()));
  now_.text.tokens.reserve(max_tokens);
  best_.text.tokens.reserve(max_tokens);
  text_.reserve(kBytesPerToken * max_tokens);
  reset();
}

Result<const DecodedWindow*> WindowDecoder::decode(const Prompt::View& prompt,
                                                   const WindowVoice& voice) {
  begin(voice);
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

void WindowDecoder::begin(const WindowVoice& voice) {
  voice_ = voice;
  attempt_ = 0;
  lacked_words_ = false;
  have_best_ = false;
}

Result<bool> WindowDecoder::run_prompt(const Prompt::View& with_text) {
  const auto n_text = static_cast<std::size_t>(with_text.sot);
  const Prompt::View prompt =
      lacked_words_ ? Prompt::View{.tokens = with_text.tokens.subspan(n_text), .sot = 0}
                    : with_text;
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
  now_.text.no_speech_probability = std::exp(at_sot[no_speech] - log_sum_exp(at_sot));

  // As in CTranslate2, the prompt's last token does not count towards max_length, because it is the
  // first input of the decoder's steps.
  const int max_length = decoder_.max_length();
  start_search(std::min(max_new_tokens(max_length), max_length - (n_prompt - 1)), n_prompt,
               options_.temperatures[attempt_]);
  return take(logits->last(n_vocab));
}

void WindowDecoder::start_search(int max_new, int n_prompt, float temperature) {
  if (temperature > 0) {
    search_.start_sampling(max_new, options_.best_of, temperature, options_.length_penalty);
  } else if (options_.beam_size == 1) {
    search_.start_greedy(max_new, n_prompt);
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
  DecodedWindow& text = now_.text;
  text.tokens = found.tokens;
  text.temperature = options_.temperatures[attempt_];
  text.average_log_probability = found.average_log_probability();
  text.compression_ratio = measure_compression(text.tokens);
  now_.n_text_tokens = std::ranges::count_if(
      text.tokens, [this](Token token) { return !tokenizer_.is_timestamp(token); });

  const bool is_silence = is_silent(text, voice_.is_spoken, options_);
  if (is_silence) now_.n_text_tokens = 0;  // The caller drops such a text.
  now_.flaw = Flaw::None;
  if (text.compression_ratio > options_.compression_ratio_threshold) {
    now_.flaw = Flaw::IsRepetitive;
  } else if (lacks_words(text.tokens)) {
    now_.flaw = Flaw::LacksWords;
  } else if (lacked_words_ && (is_silence || now_.n_text_tokens == 0)) {
    now_.flaw = Flaw::LacksWords;  // An earlier attempt has some words.
  }
  const bool is_accepted = is_silence ? !lacked_words_
                                      : now_.flaw == Flaw::None && text.average_log_probability >=
                                                                       options_.log_prob_threshold;
  if (is_accepted) {
    result_ = &text;
    return true;
  }
  lacked_words_ = lacked_words_ || now_.flaw == Flaw::LacksWords;
  if (!have_best_ || now_.is_better_than(best_)) {
    std::swap(now_, best_);
    have_best_ = true;
  }
  if (++attempt_ < options_.temperatures.size()) {
    ++stats_.fallbacks;
    return false;
  }
  best_.text.temperature = options_.temperatures.back();
  result_ = &best_.text;
  return true;
}

bool WindowDecoder::Attempt::is_better_than(const Attempt& other) const {
  if (flaw != other.flaw) return flaw < other.flaw;
  if (flaw == Flaw::LacksWords && n_text_tokens != other.n_text_tokens) {
    return n_text_tokens > other.n_text_tokens;
  }
  return text.average_log_probability > other.text.average_log_probability;
}

/// Returns whether `n_tokens` is far too small for the amount of voice from sample `begin` to
/// sample `end`. Returns false without tokens, and for less voice than kLongVoice.
bool WindowDecoder::is_sparse(std::int64_t begin, std::int64_t end, int n_tokens) const {
  const std::int64_t n_voiced = voice_.detector->n_voiced(begin, std::min(end, voice_.end));
  const double least = kLeastTokensPerSecond * static_cast<double>(n_voiced) / kSampleRate;
  return n_tokens > 0 && n_voiced >= kLongVoice && n_tokens < least;
}

/// Returns whether a segment has far too few tokens for the amount of voice between its timestamps.
/// Returns false without a detector.
bool WindowDecoder::lacks_words(std::span<const Token> tokens) const {
  if (voice_.detector == nullptr) return false;
  const Token zero = tokenizer_.special().timestamp_begin;
  std::int64_t begin = voice_.begin;
  int n_tokens = 0;
  bool has_end = false;  // Whether any segment has an end, at which the next window begins.
  for (const Token token : tokens) {
    if (!tokenizer_.is_timestamp(token)) {
      ++n_tokens;
      continue;
    }
    const std::int64_t end = voice_.begin + std::int64_t{token - zero} * kSamplesPerTimestamp;
    if (is_sparse(begin, end, n_tokens)) return true;
    has_end = has_end || n_tokens > 0;
    begin = end;
    n_tokens = 0;
  }
  // Without an end, split_window() lets the segment last until the end of the window.
  return !has_end && is_sparse(begin, voice_.end, n_tokens);
}

float WindowDecoder::measure_compression(std::span<const Token> tokens) {
  text_.clear();
  for (const Token token : tokens) text_ += tokenizer_.bytes(token);
  return compression_ratio_(trim(text_));
}

}  // namespace npuwhisper
