// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "audio/log_mel.h"
#include "engine/token_decoder.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "vad/speech_detector.h"
#include "whisper/heard_audio.h"
#include "whisper/hotword_tree.h"
#include "whisper/language_decision.h"
#include "whisper/prompt.h"

namespace npuwhisper {

/// Creates the decoder of a stream for at most `max_sequences` sequences. The decoder's calls
/// return Cancelled while `cancelled` is set.
using DecoderFactory = std::function<Result<std::unique_ptr<TokenDecoder>>(
    int max_sequences, const std::atomic<bool>& cancelled)>;
/// Creates a stream's log-mel, which can hold `capacity_frames` frames.
using LogMelFactory = std::function<Result<std::unique_ptr<LogMel>>(int capacity_frames)>;
/// Creates a stream's speech detector, or returns nullptr if the stream has none.
using DetectorFactory = std::function<Result<std::unique_ptr<SpeechDetector>>()>;

/// Number of padding frames after the audio that are encoded exactly. They show the model that the
/// audio ends. docs/decisions.md, Thinned padding, has the measurements.
inline constexpr int kExactPadding = 130;

/// Base class of the transcription policies. It accepts the audio piece by piece and keeps the
/// state that every policy needs: options, decoder, audio, language, counters, and the error or
/// cancel() that ended the stream. A policy is a derived class that decides how much audio it needs
/// before its next decision, and what to decode when that audio has arrived.
class WhisperTranscriber : public Transcriber {
 public:
  Result<std::vector<Segment>> push(std::span<const float> pcm) final { return hear(pcm); }
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) final { return hear(pcm); }
  Result<std::vector<Segment>> settle() final;
  Result<std::vector<Segment>> drain() final;
  void reset() final;
  void cancel() final { *cancelled_ = true; }
  std::int64_t position() const final;
  const std::string& language() const final { return language_; }
  float language_probability() const final;
  bool language_is_doubtful() const final;
  TranscriberStats stats() const final;

 private:
  const std::unique_ptr<std::atomic<bool>> cancelled_;  // also read by the decoders
  const std::unique_ptr<const HotwordTree> hotwords_;

 protected:
  /// The parts of a stream.
  struct Parts {
    const Tokenizer& tokenizer;
    const ModelConfig& config;
    const TranscriberOptions& options;
    std::unique_ptr<const HotwordTree> hotwords{};  ///< null if there are none
    std::unique_ptr<std::atomic<bool>> cancelled{};
    std::vector<std::unique_ptr<TokenDecoder>> decoders{};
    std::unique_ptr<LogMel> mel{};
    std::unique_ptr<SpeechDetector> detector{};
  };
  /// Checks the options and, if they are valid, creates the parts of a stream. `n_decoders`: number
  /// of decoders, which is the maximum number of windows that are decoded at a time.
  /// `make_detector` may be empty. Errors: those of check_options(), of make_hotword_tree() and of
  /// the factories.
  static Result<Parts> make_parts(const Tokenizer& tokenizer, const ModelConfig& config,
                                  const TranscriberOptions& options, int n_decoders,
                                  int max_sequences, const DecoderFactory& make_decoder,
                                  const LogMelFactory& make_log_mel,
                                  const DetectorFactory& make_detector);
  /// Takes ownership of the objects in `parts`. The references in `parts` remain valid.
  /// `prompt_length`: the argument max_length of the Prompt. `keep_samples`: whether audio_ keeps
  /// the samples for word timing.
  WhisperTranscriber(Parts&& parts, int prompt_length, bool keep_samples);

  /// Returns the number of samples, at least 1, that the policy needs before its next decision.
  /// listen() is called after at most this many new samples, so the policy can make its decisions
  /// independent of how the audio is divided into pushes.
  virtual std::int64_t n_wanted() const = 0;
  /// Called after new audio has arrived: decodes the audio that is due and appends the segments
  /// that became final.
  virtual Result<void> listen(std::vector<Segment>& out) = 0;
  /// Called by settle() and drain(): decodes the remaining audio and appends all segments that are
  /// not yet returned.
  virtual Result<void> listen_to_rest(std::vector<Segment>& out) = 0;
  /// Called by reset(): discards the policy's state of the stream.
  virtual void forget() = 0;
  /// Returns the earliest sample at which a later segment can start. This sample may not have
  /// arrived yet.
  virtual std::int64_t said_to() const = 0;

  /// Returns an error if the stream cannot continue: Cancelled, or the error that ended it.
  Result<void> check_running() const;
  bool is_drained() const { return drained_; }
  /// Encodes the window that begins at mel frame `first` on decoders_[decoder]. Frames from
  /// `n_frames` on are replaced by padding. `n_exact`: see TokenDecoder::encode().
  Result<void> encode(std::int64_t first, int n_frames, int n_exact, std::size_t decoder = 0);
  /// Encodes the last window of decoders_[decoder] again, without its first `n_skipped` frames.
  /// `n_frames` frames remain before the padding.
  Result<void> encode_rest(int n_skipped, int n_frames, int n_exact, std::size_t decoder);
  /// Returns the token of language_ if `is_known`. Otherwise detects the language in the window
  /// that decoders_[decoder] encoded last. That window begins at mel frame `first` and holds
  /// `n_frames` frames of audio.
  /// Returns the token of the most probable language given that window and the kept windows. If the
  /// most probable language is not language_, drops the previous text from the prompt. Returns no
  /// token for an English-only model. Errors: those of the decoder.
  Result<std::optional<Token>> find_language(bool is_known, std::int64_t first, int n_frames,
                                             std::size_t decoder = 0);
  /// Sets language_ to the language that the last find_language() found, and keeps the result for
  /// that window for later detections. Call this function only if that window has speech.
  void accept_language();
  /// Makes the current counters visible to stats().
  void publish_stats();
  /// Returns the tree of options_.hotwords, which all decoders of the stream share; null if there
  /// are no hotwords. Valid as long as this object.
  const HotwordTree* hotwords() const { return hotwords_.get(); }

  // Only the thread that decodes may use the members below. cancel() and stats() must not use them,
  // because other threads may call cancel() and stats().
  const Tokenizer& tokenizer_;
  const TranscriberOptions options_;
  const int window_frames_;
  const std::vector<std::unique_ptr<TokenDecoder>> decoders_;
  TokenDecoder& decoder_;  // the first decoder
  TranscriberStats stats_;
  HeardAudio audio_;
  Prompt prompt_;
  LanguageDecision language_decision_;
  std::string language_;  // given or detected; empty before detection

 private:
  template <typename Sample>
  Result<std::vector<Segment>> hear(std::span<const Sample> pcm);
  Result<std::vector<Segment>> say_rest(bool is_end);
  Error end_with(const Error& error);
  void warn_of_language();

  std::span<float> window_of(std::size_t decoder);
  Result<void> encode_window(int n_frames, int n_exact, std::size_t decoder);

  std::size_t window_values_;  // mel values in a window
  // [decoders, window_values_]: the windows of log-mel if the decoders have no memory for them
  std::vector<float> own_windows_;
  bool drained_ = false;
  bool warned_of_language_ = false;
  std::optional<Error> error_;  // the error that ended the stream; cleared by reset()

  mutable std::mutex mutex_;  // guards published_
  TranscriberStats published_;
};

}  // namespace npuwhisper
