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
#include "whisper/decoding.h"
#include "whisper/prompt.h"
#include "whisper/segments.h"
#include "whisper/token_decoder.h"
#include "whisper/word_timing.h"

namespace npuwhisper {

/// Makes the decoder of a stream; its calls return Cancelled while `cancelled` is set.
using DecoderFactory = std::function<Result<std::unique_ptr<TokenDecoder>>(
    int max_sequences, const std::atomic<bool>& cancelled)>;
/// Makes a stream's log-mel for so many frames at once.
using LogMelFactory = std::function<Result<std::unique_ptr<LogMel>>(int capacity_frames)>;

/// Whisper's long-form procedure (Radford et al. 2022, section 4.5) on a stream: windows of 30 s,
/// each beginning where the timestamps of the one before say that its text ended. The reference
/// is faster-whisper 1.2; different on purpose:
///  - log-mel is normalised by the loudest frame of the window, not of the whole file;
///  - the language is that of the first window with speech, not of the first window;
///  - word times do not move the next window, so that they do not change the text;
///  - segments never overlap and never pass the end of the audio;
///  - with a detector of speech, a window begins where somebody speaks: silence of two seconds and
///    more is left out before it; and a segment is dropped if nobody speaks anywhere near it.
class StreamTranscriber final : public Transcriber {
 public:
  /// `tokenizer` and `config` must live as long as the decoder that `make_decoder` makes. Without
  /// `detector` everything is listened to.
  static Result<std::unique_ptr<StreamTranscriber>> create(
      const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
      const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
      std::unique_ptr<SpeechDetector> detector = nullptr);

  Result<std::vector<Segment>> push(std::span<const float> pcm) override { return hear(pcm); }
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override {
    return hear(pcm);
  }
  Result<std::vector<Segment>> drain() override;
  void reset() override;
  void cancel() override { *cancelled_ = true; }
  std::int64_t position() const override;
  const std::string& language() const override { return language_; }
  TranscriberStats stats() const override;

 private:
  StreamTranscriber(const Tokenizer& tokenizer, const ModelConfig& config,
                    const TranscriberOptions& options, std::unique_ptr<std::atomic<bool>> cancelled,
                    std::unique_ptr<TokenDecoder> decoder, std::unique_ptr<LogMel> mel,
                    std::unique_ptr<SpeechDetector> detector);

  Result<void> check_running() const;
  template <typename Sample>
  Result<std::vector<Segment>> hear(std::span<const Sample> pcm);
  template <typename Sample>
  std::size_t take(std::span<const Sample> pcm);
  void skip_silence();
  int frames_ready() const;
  Result<void> transcribe_window(int n_frames, std::vector<Segment>& out);
  Result<int> hear_window(int n_frames, std::vector<Segment>& out);
  Result<void> encode(int n_frames);
  Result<std::optional<Token>> find_language();
  Result<int> make_segments(const DecodedWindow& heard, int n_frames);
  Result<void> add_words(int n_frames);
  void drop_unspoken_segments();
  void advance(std::int64_t n_frames);
  void publish_stats();

  const Tokenizer& tokenizer_;
  const TranscriberOptions options_;
  const int window_frames_;
  const std::unique_ptr<std::atomic<bool>> cancelled_;
  const std::unique_ptr<TokenDecoder> decoder_;
  const std::unique_ptr<LogMel> mel_;
  const std::unique_ptr<SpeechDetector> detector_;
  TranscriberStats stats_;
  WindowDecoder window_decoder_;
  std::optional<WordTimer> word_timer_;
  Prompt prompt_;

  std::vector<float> window_;      // [window_frames_, n_mels]
  std::vector<float> pcm_;         // from seek_ on; only for word times
  std::vector<Segment> segments_;  // of the window in work
  std::string language_;
  std::int64_t seek_ = 0;  // mel frame that the next window begins with
  bool drained_ = false;
  std::optional<Error> error_;  // of a window; ends the stream until reset()

  mutable std::mutex mutex_;  // guards published_
  TranscriberStats published_;
};

}  // namespace npuwhisper
