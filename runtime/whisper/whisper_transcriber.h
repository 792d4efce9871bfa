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
#include "model/config.h"
#include "model/tokenizer.h"
#include "vad/speech_detector.h"
#include "whisper/heard_audio.h"
#include "whisper/language_decision.h"
#include "whisper/prompt.h"
#include "whisper/token_decoder.h"

namespace npuwhisper {

/// Makes the decoder of a stream; its calls return Cancelled while `cancelled` is set.
using DecoderFactory = std::function<Result<std::unique_ptr<TokenDecoder>>(
    int max_sequences, const std::atomic<bool>& cancelled)>;
/// Makes a stream's log-mel for so many frames at once.
using LogMelFactory = std::function<Result<std::unique_ptr<LogMel>>(int capacity_frames)>;
/// Makes a stream's detector of speech, or none.
using DetectorFactory = std::function<Result<std::unique_ptr<SpeechDetector>>()>;

/// A stream that is heard by Whisper, whatever the policy: it takes audio in, piece by piece, and
/// keeps what every policy needs: options, decoder, audio, language, counters, the error or
/// cancel() that ended the stream. A policy is a derived class. It says how much audio it wants
/// before it decides anew, and what to decode when that has come.
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
  const std::unique_ptr<std::atomic<bool>> cancelled_;  // decoder_ looks at it

 protected:
  /// What a stream is made of.
  struct Parts {
    const Tokenizer& tokenizer;
    const ModelConfig& config;
    const TranscriberOptions& options;
    std::unique_ptr<std::atomic<bool>> cancelled{};
    std::unique_ptr<TokenDecoder> decoder{};
    std::unique_ptr<LogMel> mel{};
    std::unique_ptr<SpeechDetector> detector{};
  };
  /// Checks the options, and makes the rest when they are right. `make_detector` may be empty.
  /// Errors: those of check_options() and of the factories.
  static Result<Parts> make_parts(const Tokenizer& tokenizer, const ModelConfig& config,
                                  const TranscriberOptions& options, int max_sequences,
                                  const DecoderFactory& make_decoder,
                                  const LogMelFactory& make_log_mel,
                                  const DetectorFactory& make_detector);
  /// Moves the parts in; the references among them may still be used. `prompt_length`: as Prompt's
  /// max_length. `keep_samples`: for word times.
  WhisperTranscriber(Parts&& parts, int prompt_length, bool keep_samples);

  /// Samples that are to come before the policy decides again, at least 1. listen() sees no more of
  /// a push at once, so that what it decides need not depend on how the audio is cut into pushes.
  virtual std::int64_t n_wanted() const = 0;
  /// Audio has come: decodes what is due and appends what became final.
  virtual Result<void> listen(std::vector<Segment>& out) = 0;
  /// Nothing more has come, or will: appends all that is left.
  virtual Result<void> listen_to_rest(std::vector<Segment>& out) = 0;
  /// The stream begins anew.
  virtual void forget() = 0;
  /// Sample before which no later segment starts; may be ahead of the audio.
  virtual std::int64_t said_to() const = 0;

  /// Errors: Cancelled, or what ended the stream.
  Result<void> check_running() const;
  bool is_drained() const { return drained_; }
  /// Encodes the window that begins at mel frame `first`.
  Result<void> encode(std::int64_t first, int n_exact);
  /// The token of language_ if `is_known`, else of the language that is most probable by the window
  /// that was encoded last, which begins at mel frame `first` and holds `n_frames` of audio, and by
  /// those before it. None if the model has no languages. If the language is not that of the text
  /// before, that text is forgotten.
  Result<std::optional<Token>> find_language(bool is_known, std::int64_t first, int n_frames);
  /// The window that find_language() was called for has speech: language_ is what was found.
  void accept_language();
  /// Lets stats() see the counters of now.
  void publish_stats();

  // For the policy, on the thread of push() and drain().
  const Tokenizer& tokenizer_;
  const TranscriberOptions options_;
  const int window_frames_;
  const std::unique_ptr<TokenDecoder> decoder_;
  TranscriberStats stats_;
  HeardAudio audio_;
  Prompt prompt_;
  LanguageDecision language_decision_;
  std::string language_;  // Empty until a window with speech was heard.

 private:
  template <typename Sample>
  Result<std::vector<Segment>> hear(std::span<const Sample> pcm);
  Result<std::vector<Segment>> say_rest(bool is_end);
  Error end_with(const Error& error);
  void warn_of_language();

  std::vector<float> own_window_;  // of mel, where the decoder has no memory for it
  bool drained_ = false;
  bool warned_of_language_ = false;
  std::optional<Error> error_;  // ends the stream until reset()

  mutable std::mutex mutex_;  // guards published_
  TranscriberStats published_;
};

}  // namespace npuwhisper
