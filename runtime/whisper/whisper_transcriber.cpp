// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/whisper_transcriber.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "vad/open_detector.h"
#include "whisper/check_options.h"
#include "whisper/decoding.h"
#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// Where the language comes from before any audio: the options, or an English-only model.
std::string known_language(const TranscriberOptions& options, const Tokenizer& tokenizer) {
  return tokenizer.is_multilingual() ? options.language : "en";
}

}  // namespace

Result<WhisperTranscriber::Parts> WhisperTranscriber::make_parts(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    int max_sequences, const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
    const DetectorFactory& make_detector) {
  if (const auto ok = check_options(options, tokenizer); !ok) return fail(ok.error());
  Parts parts{.tokenizer = tokenizer,
              .config = config,
              .options = options,
              .cancelled = std::make_unique<std::atomic<bool>>(false)};
  if (make_detector) {
    auto detector = make_detector();
    if (!detector) return fail(detector.error());
    parts.detector = std::move(*detector);
  }
  auto mel = make_log_mel(HeardAudio::capacity(kFramesPerTimestamp * config.n_audio_ctx));
  if (!mel) return fail(mel.error());
  parts.mel = std::move(*mel);
  auto decoder = make_decoder(max_sequences, *parts.cancelled);
  if (!decoder) return fail(decoder.error());
  parts.decoder = std::move(*decoder);
  return parts;
}

WhisperTranscriber::WhisperTranscriber(Parts&& parts, int prompt_length, bool keep_samples)
    : cancelled_(std::move(parts.cancelled)),
      tokenizer_(parts.tokenizer),
      options_(parts.options),
      window_frames_(kFramesPerTimestamp * parts.config.n_audio_ctx),
      decoder_(std::move(parts.decoder)),
      audio_(std::move(parts.mel), std::move(parts.detector), window_frames_, parts.config.n_mels,
             keep_samples, stats_),
      prompt_(tokenizer_, prompt_length, options_.initial_prompt),
      language_(known_language(options_, tokenizer_)) {
  stats_.vad = vad_use(options_, audio_.detector() != nullptr);
  published_ = stats_;
}

template <typename Sample>
Result<std::vector<Segment>> WhisperTranscriber::hear(std::span<const Sample> pcm) {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  if (drained_) {
    return fail(ErrorCode::InvalidArgument, "push: found a drained stream, wanted reset() before");
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
  publish_stats();
  return out;
}

void WhisperTranscriber::reset() {
  *cancelled_ = false;
  error_.reset();
  drained_ = false;
  audio_.reset();
  prompt_.reset();
  language_ = known_language(options_, tokenizer_);
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

Result<void> WhisperTranscriber::encode(std::int64_t first, int n_exact) {
  const auto window = audio_.window(first);
  if (!window) return fail(window.error());
  const Stopwatch watch(stats_.encode_time, "encode");
  ++stats_.windows;
  return decoder_->encode(*window, n_exact);
}

Result<std::optional<Token>> WhisperTranscriber::find_language(bool is_known) {
  if (!tokenizer_.is_multilingual()) return std::optional<Token>();
  if (is_known) return tokenizer_.language_token(language_);
  const Stopwatch watch(stats_.prompt_time, "prompt");
  const auto token = detect_language(tokenizer_, *decoder_);
  if (!token) return fail(token.error());
  return std::optional<Token>(*token);
}

}  // namespace npuwhisper
