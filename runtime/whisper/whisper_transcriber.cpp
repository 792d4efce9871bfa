// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/whisper_transcriber.h"

#include <algorithm>
#include <cassert>
#include <iomanip>
#include <sstream>
#include <utility>

#include <npuwhisper/languages.h>
#include <npuwhisper/log.h>

#include "vad/open_detector.h"
#include "whisper/check_options.h"
#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// Returns the name, code and probability of a language, such as "Spanish (es), with a probability
/// of 0.43".
std::string describe_guess(std::string_view code, float probability) {
  std::string name(language_name(code));
  if (!name.empty() && name.front() >= 'a' && name.front() <= 'z') name.front() -= 'a' - 'A';
  std::ostringstream text;
  text << name << " (" << code << "), with a probability of " << std::fixed << std::setprecision(2)
       << probability;
  return text.str();
}

}  // namespace

Result<WhisperTranscriber::Parts> WhisperTranscriber::make_parts(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    int n_decoders, int max_sequences, const DecoderFactory& make_decoder,
    const LogMelFactory& make_log_mel, const DetectorFactory& make_detector) {
  if (const auto ok = check_options(options, tokenizer); !ok) return fail(ok.error());
  auto hotwords = make_hotword_tree(options.hotwords, tokenizer);
  if (!hotwords) return fail(hotwords.error());
  Parts parts{.tokenizer = tokenizer,
              .config = config,
              .options = options,
              .hotwords = std::move(*hotwords),
              .cancelled = std::make_unique<std::atomic<bool>>(false)};
  if (make_detector) {
    auto detector = make_detector();
    if (!detector) return fail(detector.error());
    parts.detector = std::move(*detector);
  }
  auto mel = make_log_mel(HeardAudio::capacity(kFramesPerTimestamp * config.n_audio_ctx));
  if (!mel) return fail(mel.error());
  parts.mel = std::move(*mel);
  for (int i = 0; i < n_decoders; ++i) {
    auto decoder = make_decoder(max_sequences, *parts.cancelled);
    if (!decoder) return fail(decoder.error());
    parts.decoders.push_back(std::move(*decoder));
  }
  return parts;
}

WhisperTranscriber::WhisperTranscriber(Parts&& parts, int prompt_length, bool keep_samples)
    : cancelled_(std::move(parts.cancelled)),
      hotwords_(std::move(parts.hotwords)),
      tokenizer_(parts.tokenizer),
      options_(parts.options),
      window_frames_(kFramesPerTimestamp * parts.config.n_audio_ctx),
      decoders_(std::move(parts.decoders)),
      decoder_(*decoders_.front()),
      audio_(std::move(parts.mel), std::move(parts.detector), window_frames_, keep_samples, stats_),
      prompt_(tokenizer_, prompt_length, options_.initial_prompt),
      language_decision_(tokenizer_, options_),
      language_(language_decision_.code()),
      window_values_(static_cast<std::size_t>(window_frames_ * parts.config.n_mels)) {
  if (decoder_.window().empty()) own_windows_.resize(decoders_.size() * window_values_);
  stats_.vad = vad_use(options_, audio_.detector() != nullptr);
  published_ = stats_;
}

template <typename Sample>
Result<std::vector<Segment>> WhisperTranscriber::hear(std::span<const Sample> pcm) {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  if (drained_) {
    return fail(ErrorCode::InvalidArgument, "push: the stream is drained; call reset() first");
  }
  std::vector<Segment> out;
  while (!pcm.empty()) {
    if (const auto ok = check_running(); !ok) return fail(ok.error());
    const std::int64_t wanted = n_wanted();
    assert(wanted > 0);
    const std::size_t taken =
        audio_.push(pcm.first(std::min(pcm.size(), static_cast<std::size_t>(wanted))));
    assert(taken > 0 && "the policy left a full window as it was");
    pcm = pcm.subspan(taken);
    if (const auto ok = listen(out); !ok) return fail(end_with(ok.error()));
  }
  warn_of_language();
  publish_stats();
  return out;
}

Result<std::vector<Segment>> WhisperTranscriber::settle() {
  if (!options_.live_latency) return std::vector<Segment>();
  return say_rest(false);
}

Result<std::vector<Segment>> WhisperTranscriber::drain() {
  return say_rest(true);
}

Result<std::vector<Segment>> WhisperTranscriber::say_rest(bool is_end) {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  std::vector<Segment> out;
  if (drained_) return out;
  if (is_end) audio_.finish();
  if (const auto ok = listen_to_rest(out); !ok) return fail(end_with(ok.error()));
  drained_ = is_end;
  warn_of_language();
  publish_stats();
  return out;
}

void WhisperTranscriber::reset() {
  *cancelled_ = false;
  error_.reset();
  drained_ = false;
  audio_.reset();
  prompt_.reset();
  language_decision_.reset();
  language_ = language_decision_.code();
  warned_of_language_ = false;
  forget();
}

std::int64_t WhisperTranscriber::position() const {
  return drained_ ? audio_.n_samples() : std::min(said_to(), audio_.n_samples());
}

Error WhisperTranscriber::end_with(const Error& error) {
  error_ = error;
  publish_stats();
  return error;
}

Result<void> WhisperTranscriber::check_running() const {
  if (*cancelled_) return fail(ErrorCode::Cancelled, "transcription was cancelled");
  if (error_) return fail(*error_);
  return {};
}

TranscriberStats WhisperTranscriber::stats() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void WhisperTranscriber::publish_stats() {
  audio_.update_stats();
  const std::lock_guard lock(mutex_);
  published_ = stats_;
}

/// Returns the memory for the log-mel of a decoder's window, [window_frames_, n_mels].
std::span<float> WhisperTranscriber::window_of(std::size_t decoder) {
  const std::span<float> window = decoders_[decoder]->window();
  if (!window.empty()) return window;
  return std::span(own_windows_).subspan(decoder * window_values_, window_values_);
}

Result<void> WhisperTranscriber::encode(std::int64_t first, int n_frames, int n_exact,
                                        std::size_t decoder) {
  if (const auto made = audio_.window(first, n_frames, window_of(decoder)); !made) return made;
  return encode_window(n_frames, n_exact, decoder);
}

Result<void> WhisperTranscriber::encode_rest(int n_skipped, int n_frames, int n_exact,
                                             std::size_t decoder) {
  const std::span<float> window = window_of(decoder);
  const std::size_t n_mels = window_values_ / static_cast<std::size_t>(window_frames_);
  std::ranges::copy(window.subspan(static_cast<std::size_t>(n_skipped) * n_mels), window.begin());
  return encode_window(n_frames, n_exact, decoder);
}

/// Encodes the log-mel in window_of(decoder), with padding from frame `n_frames` on.
Result<void> WhisperTranscriber::encode_window(int n_frames, int n_exact, std::size_t decoder) {
  assert(n_frames <= n_exact && n_frames <= window_frames_);
  const std::span<float> window = window_of(decoder);
  const std::size_t n_mels = window_values_ / static_cast<std::size_t>(window_frames_);
  std::ranges::fill(window.subspan(static_cast<std::size_t>(n_frames) * n_mels), 0.0F);
  const Stopwatch watch(stats_.encode_time, "encode");
  ++stats_.windows;
  return decoders_[decoder]->encode(window, n_exact);
}

Result<std::optional<Token>> WhisperTranscriber::find_language(bool is_known, std::int64_t first,
                                                               int n_frames, std::size_t decoder) {
  if (!tokenizer_.is_multilingual()) return std::optional<Token>();
  if (is_known) return tokenizer_.language_token(language_);
  const Stopwatch watch(stats_.prompt_time, "prompt");
  const auto heard = language_decision_.hear_window(*decoders_[decoder], first, n_frames * kHop);
  if (!heard) return fail(heard.error());
  if (!language_.empty() && language_decision_.code() != language_) prompt_.forget_previous_text();
  return language_decision_.token();
}

void WhisperTranscriber::accept_language() {
  language_decision_.keep_window();
  language_ = language_decision_.code();
}

float WhisperTranscriber::language_probability() const {
  return language_.empty() ? 0.0F : language_decision_.probability();
}

bool WhisperTranscriber::language_is_doubtful() const {
  if (language_.empty() || language_decision_.is_given()) return false;
  const bool is_final = drained_ || language_decision_.is_settled();
  return is_final && language_decision_.probability() < kSureProbability;
}

void WhisperTranscriber::warn_of_language() {
  if (warned_of_language_ || !language_is_doubtful()) return;
  warned_of_language_ = true;
  log(LogLevel::Warning, "language: found " +
                             describe_guess(language_, language_decision_.probability()) +
                             ", wanted at least 0.5; set the option language");
}

}  // namespace npuwhisper
