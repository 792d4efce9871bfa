// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/stream_transcriber.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <type_traits>
#include <utility>

#include "vad/open_detector.h"
#include "whisper/check_options.h"
#include "whisper/stopwatch.h"
#include "whisper/timestamps.h"

namespace npuwhisper {
namespace {

/// Mel frames past a window that the front end may hold: what drain() adds when a window is full.
constexpr int kSpareFrames = 16;
/// Silence is left out before a window in pieces of this many mel frames: what is shorter is no
/// reason to begin elsewhere than the text before says.
constexpr std::int64_t kSkip = 200;
/// How far from any speech a segment is dropped; whisper's timestamps are not exact.
constexpr std::int64_t kTolerance = kSampleRate / 2;

/// Where the language comes from before any audio: the options, or an English-only model.
std::string known_language(const TranscriberOptions& options, const Tokenizer& tokenizer) {
  return tokenizer.is_multilingual() ? options.language : "en";
}

}  // namespace

Result<std::unique_ptr<StreamTranscriber>> StreamTranscriber::create(
    const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
    const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
    std::unique_ptr<SpeechDetector> detector) {
  if (const auto ok = check_options(options, tokenizer); !ok) return fail(ok.error());
  auto mel = make_log_mel(kFramesPerTimestamp * config.n_audio_ctx + kSpareFrames);
  if (!mel) return fail(mel.error());
  auto cancelled = std::make_unique<std::atomic<bool>>(false);
  auto decoder = make_decoder(sequences_needed(options), *cancelled);
  if (!decoder) return fail(decoder.error());
  return std::unique_ptr<StreamTranscriber>(
      new StreamTranscriber(tokenizer, config, options, std::move(cancelled), std::move(*decoder),
                            std::move(*mel), std::move(detector)));
}

StreamTranscriber::StreamTranscriber(const Tokenizer& tokenizer, const ModelConfig& config,
                                     const TranscriberOptions& options,
                                     std::unique_ptr<std::atomic<bool>> cancelled,
                                     std::unique_ptr<TokenDecoder> decoder,
                                     std::unique_ptr<LogMel> mel,
                                     std::unique_ptr<SpeechDetector> detector)
    : tokenizer_(tokenizer),
      options_(options),
      window_frames_(kFramesPerTimestamp * config.n_audio_ctx),
      cancelled_(std::move(cancelled)),
      decoder_(std::move(decoder)),
      mel_(std::move(mel)),
      detector_(std::move(detector)),
      window_decoder_(tokenizer, config, options_, *decoder_, stats_),
      prompt_(tokenizer, decoder_->max_length(), options.initial_prompt),
      language_(known_language(options, tokenizer)) {
  window_.resize(static_cast<std::size_t>(window_frames_ * config.n_mels));
  stats_.vad = vad_use(options_, detector_ != nullptr);
  published_ = stats_;
  if (options_.word_times) {
    word_timer_.emplace(tokenizer, config);
    // The front end may hold back less than an FFT's worth of samples beyond its last frame.
    pcm_.reserve(static_cast<std::size_t>((window_frames_ + kSpareFrames) * kHop + kFftSize));
  }
}

template <typename Sample>
Result<std::vector<Segment>> StreamTranscriber::hear(std::span<const Sample> pcm) {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  if (drained_) {
    return fail(ErrorCode::InvalidArgument, "push: found a drained stream, wanted reset() before");
  }
  std::vector<Segment> out;
  while (!pcm.empty()) {
    if (const auto ok = check_running(); !ok) return fail(ok.error());
    pcm = pcm.subspan(take(pcm));
    skip_silence();
    while (const int n_frames = frames_ready()) {
      if (const auto done = transcribe_window(n_frames, out); !done) return fail(done.error());
      skip_silence();
    }
  }
  publish_stats();
  return out;
}

template Result<std::vector<Segment>> StreamTranscriber::hear(std::span<const float> pcm);
template Result<std::vector<Segment>> StreamTranscriber::hear(std::span<const std::int16_t> pcm);

Result<std::vector<Segment>> StreamTranscriber::drain() {
  if (const auto ok = check_running(); !ok) return fail(ok.error());
  std::vector<Segment> out;
  if (drained_) return out;
  mel_->finish();
  if (detector_) detector_->finish();
  // As faster-whisper: a hop that is not full, less than 10 ms, is not looked at. Anything longer
  // is, however short.
  const std::int64_t end = mel_->n_samples() / kHop;
  for (skip_silence(); seek_ < end; skip_silence()) {
    const auto n_frames = static_cast<int>(std::min<std::int64_t>(window_frames_, end - seek_));
    if (const auto done = transcribe_window(n_frames, out); !done) return fail(done.error());
  }
  drained_ = true;
  publish_stats();
  return out;
}

void StreamTranscriber::reset() {
  *cancelled_ = false;
  error_.reset();
  drained_ = false;
  mel_->reset();
  if (detector_) detector_->reset();
  pcm_.clear();
  prompt_.reset();
  window_decoder_.reset();
  if (word_timer_) word_timer_->reset();
  language_ = known_language(options_, tokenizer_);
  seek_ = 0;
}

std::int64_t StreamTranscriber::position() const {
  return drained_ ? mel_->n_samples() : std::min(seek_ * kHop, mel_->n_samples());
}

TranscriberStats StreamTranscriber::stats() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void StreamTranscriber::publish_stats() {
  stats_.bytes_copied = mel_->bytes_copied();
  if (detector_) stats_.speech_samples = static_cast<std::uint64_t>(detector_->n_spoken());
  const std::lock_guard lock(mutex_);
  published_ = stats_;
}

Result<void> StreamTranscriber::check_running() const {
  if (*cancelled_) return fail(ErrorCode::Cancelled, "transcription was cancelled");
  if (error_) return fail(*error_);
  return {};
}

/// Takes the beginning of `pcm`, up to what completes a window, and returns its length. No more, so
/// that what is known of speech when a window is due does not depend on how the audio is cut.
template <typename Sample>
std::size_t StreamTranscriber::take(std::span<const Sample> pcm) {
  const std::int64_t missing = (seek_ + window_frames_) * kHop + kFftSize / 2 - mel_->n_samples();
  pcm = pcm.first(
      std::min(pcm.size(), static_cast<std::size_t>(std::max<std::int64_t>(missing, kHop))));
  std::size_t taken = 0;
  {
    const Stopwatch watch(stats_.mel_time, "mel");
    taken = mel_->push(pcm);
  }
  assert(taken > 0 && "a full front end means that a window was ready");
  const auto own = pcm.first(taken);
  if (detector_) {
    const Stopwatch watch(stats_.vad_time, "vad");
    detector_->push(own);
  }
  if (word_timer_) {
    if constexpr (std::is_same_v<Sample, std::int16_t>) {
      std::transform(own.begin(), own.end(), std::back_inserter(pcm_),
                     [](std::int16_t sample) { return static_cast<float>(sample) / 32768.0F; });
    } else {
      pcm_.insert(pcm_.end(), own.begin(), own.end());
    }
  }
  stats_.samples += taken;
  return taken;
}

/// Moves the next window on to where somebody speaks.
void StreamTranscriber::skip_silence() {
  if (!detector_) return;
  const std::int64_t from = seek_ * kHop;
  const std::int64_t to = std::min(detector_->silent_until(from) / kHop, mel_->end_frame());
  std::int64_t n_frames = std::max<std::int64_t>(to - seek_, 0);
  // At the end of the stream nothing follows that a short window could be joined to.
  if (to < mel_->n_samples() / kHop) n_frames -= n_frames % kSkip;
  if (n_frames == 0) return;
  advance(n_frames);
  stats_.unspoken_samples += static_cast<std::uint64_t>(n_frames * kHop);
}

/// Frames of the window that is due; 0 if none is.
int StreamTranscriber::frames_ready() const {
  return mel_->end_frame() - seek_ >= window_frames_ ? window_frames_ : 0;
}

Result<void> StreamTranscriber::transcribe_window(int n_frames, std::vector<Segment>& out) {
  if (const auto ok = check_running(); !ok) return ok;
  const auto done = hear_window(n_frames, out);
  if (done) {
    advance(*done);
  } else {
    error_ = done.error();
  }
  publish_stats();
  return done ? Result<void>() : fail(*error_);
}

/// Appends the segments of the window at seek_ and returns the frames until the next one begins.
Result<int> StreamTranscriber::hear_window(int n_frames, std::vector<Segment>& out) {
  if (const auto ok = encode(n_frames); !ok) return fail(ok.error());
  const auto language = find_language();
  if (!language) return fail(language.error());
  const auto heard = window_decoder_.decode(prompt_.build(*language, options_.task));
  if (!heard) return fail(heard.error());
  if (is_silent(**heard, options_)) {
    ++stats_.silent_windows;
    return n_frames;
  }
  if (*language) language_ = tokenizer_.language_code(**language);

  const auto n_done = make_segments(**heard, n_frames);
  if (!n_done) return fail(n_done.error());
  for (const Segment& segment : segments_) prompt_.append(segment.tokens);
  if (!options_.condition_on_previous_text ||
      (*heard)->temperature > options_.prompt_reset_on_temperature) {
    prompt_.forget_previous_text();
  }
  std::move(segments_.begin(), segments_.end(), std::back_inserter(out));
  return *n_done;
}

Result<void> StreamTranscriber::encode(int n_frames) {
  {
    const Stopwatch watch(stats_.mel_time, "mel");
    if (const auto made = mel_->window(seek_, window_frames_, window_); !made) {
      return fail(made.error());
    }
    // Whisper's reference pads the normalised spectrogram with 0, which is not silence; the model
    // behaves differently with real silence there.
    const auto n_mels = window_.size() / static_cast<std::size_t>(window_frames_);
    std::fill(
        window_.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(n_frames) * n_mels),
        window_.end(), 0.0F);
  }
  const Stopwatch watch(stats_.encode_time, "encode");
  ++stats_.windows;
  return decoder_->encode(window_);
}

/// The token of the language given or found before, else of this window's; none if the model has
/// no languages.
Result<std::optional<Token>> StreamTranscriber::find_language() {
  if (!tokenizer_.is_multilingual()) return std::optional<Token>();
  if (!language_.empty()) return tokenizer_.language_token(language_);
  const Stopwatch watch(stats_.prompt_time, "prompt");
  const auto token = detect_language(tokenizer_, *decoder_);
  if (!token) return fail(token.error());
  return std::optional<Token>(*token);
}

/// Fills segments_ and returns the frames until the next window begins.
Result<int> StreamTranscriber::make_segments(const DecodedWindow& heard, int n_frames) {
  const trace::Span span("text", {"tokens", static_cast<std::int64_t>(heard.tokens.size())});
  const int n_done = split_window(tokenizer_, heard.tokens,
                                  {.first_frame = seek_, .n_frames = n_frames}, segments_);
  if (options_.word_times) {
    if (const auto ok = add_words(n_frames); !ok) return fail(ok.error());
  }
  drop_empty_segments(segments_);
  place_segments(segments_, seek_ * kHop, std::min((seek_ + n_done) * kHop, mel_->n_samples()));
  if (detector_) drop_unspoken_segments();
  for (Segment& segment : segments_) {
    segment.temperature = heard.temperature;
    segment.average_log_probability = heard.average_log_probability;
    segment.compression_ratio = heard.compression_ratio;
    segment.no_speech_probability = heard.no_speech_probability;
    segment.language = language_;
  }
  return n_done;
}

Result<void> StreamTranscriber::add_words(int n_frames) {
  const Stopwatch watch(stats_.align_time, "word times");
  const auto n_samples = std::min(pcm_.size(), static_cast<std::size_t>(n_frames * kHop));
  return word_timer_->add_words(*decoder_,
                                {.first_sample = seek_ * kHop,
                                 .n_frames = n_frames,
                                 .language = language_,
                                 .task = options_.task,
                                 .pcm = std::span(pcm_).first(n_samples)},
                                segments_);
}

void StreamTranscriber::drop_unspoken_segments() {
  stats_.unspoken_segments += std::erase_if(segments_, [&](const Segment& segment) {
    return !detector_->has_speech(segment.start - kTolerance, segment.end + kTolerance);
  });
}

void StreamTranscriber::advance(std::int64_t n_frames) {
  seek_ += n_frames;
  mel_->discard_before(seek_);
  const auto n_samples = std::min(pcm_.size(), static_cast<std::size_t>(n_frames * kHop));
  pcm_.erase(pcm_.begin(), pcm_.begin() + static_cast<std::ptrdiff_t>(n_samples));
}

}  // namespace npuwhisper
