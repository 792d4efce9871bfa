// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
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
#include "whisper/compression_ratio.h"
#include "whisper/live_decoder.h"
#include "whisper/live_text.h"
#include "whisper/pass_schedule.h"
#include "whisper/prompt.h"
#include "whisper/stream_transcriber.h"
#include "whisper/token_decoder.h"
#include "whisper/word_pieces.h"
#include "whisper/word_timing.h"

namespace npuwhisper {

/// Time as the policy sees it: how long a pass took is the difference of two calls.
using PassClock = std::function<std::chrono::nanoseconds()>;

/// Words as they are spoken, each within TranscriberOptions::live_latency: a window grows with the
/// stream and is decoded again in short passes (PassSchedule); what was said for good stays as the
/// beginning of the text, and the rest is final when LiveText says so. Each segment returned holds
/// words that are new. The window begins anew behind a sentence when it has become long, and moves
/// on where nobody speaks. A text that repeats itself is thrown away, and with it the memory of
/// the text before. With a detector of speech there is no pass where nobody has spoken since the
/// one before, and words that nobody spoke are dropped. When more audio waits than the latency
/// allows, the words that are known are returned and the stream goes on at the live edge
/// (TranscriberStats::skipped_samples). The result depends on the audio, on how it is cut into
/// pushes only through samples_waiting, and on the time that passes take.
class LiveTranscriber final : public Transcriber {
 public:
  /// `options.live_latency` must be set. `detector` may be none. `tokenizer` and `config` must live
  /// as long as the decoder. Errors: those of the options and of the factories; Unsupported (the
  /// model names no alignment heads, so that its words have no times).
  static Result<std::unique_ptr<LiveTranscriber>> create(
      const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
      const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel, PassClock clock,
      std::unique_ptr<SpeechDetector> detector = nullptr);

  Result<std::vector<Segment>> push(std::span<const float> pcm) override { return hear(pcm); }
  Result<std::vector<Segment>> push(std::span<const std::int16_t> pcm) override {
    return hear(pcm);
  }
  Result<std::vector<Segment>> drain() override;
  void reset() override;
  void cancel() override { *cancelled_ = true; }
  std::int64_t position() const override;
  std::vector<Word> draft() const override;
  const std::string& language() const override { return language_; }
  TranscriberStats stats() const override;

 private:
  LiveTranscriber(const Tokenizer& tokenizer, const ModelConfig& config,
                  const TranscriberOptions& options, std::unique_ptr<std::atomic<bool>> cancelled,
                  std::unique_ptr<TokenDecoder> decoder, std::unique_ptr<LogMel> mel,
                  PassClock clock, std::unique_ptr<SpeechDetector> detector);

  Result<void> check_running() const;
  template <typename Sample>
  Result<std::vector<Segment>> hear(std::span<const Sample> pcm);
  template <typename Sample>
  std::size_t take(std::span<const Sample> pcm);
  std::int64_t samples_waiting() const;
  int n_frames() const;
  std::int64_t audio_end() const;

  Result<void> consider_pass(std::vector<Segment>& out);
  bool is_quiet() const;
  void rest(std::vector<Segment>& out);
  Result<void> pass(bool is_last, std::vector<Segment>& out);
  Result<void> hear_window();
  Result<void> encode();
  Result<std::optional<Token>> find_language();
  Result<std::vector<LiveWord>> time_words(const LiveHearing& hearing);
  void drop_unspoken(std::vector<LiveWord>& words);
  bool is_loop(const LiveHearing& hearing);
  void skip_to_live_edge(std::int64_t n_waiting, std::vector<Segment>& out);
  void commit(std::size_t n, std::vector<Segment>& out);
  void move_on();
  void shorten_window();
  void cut_behind_sentence();
  void begin_after(std::size_t n_words, std::int64_t sample, bool keep_text);
  void discard();
  void publish_stats();

  const Tokenizer& tokenizer_;
  const TranscriberOptions options_;
  const int window_frames_;
  const std::size_t max_text_;  // tokens of a window
  const std::unique_ptr<std::atomic<bool>> cancelled_;
  const std::unique_ptr<TokenDecoder> decoder_;
  const std::unique_ptr<LogMel> mel_;
  const PassClock clock_;
  const std::unique_ptr<SpeechDetector> detector_;
  TranscriberStats stats_;
  LiveDecoder live_decoder_;
  WordTimer word_timer_;
  WordSplitter splitter_;
  CompressionRatio compression_ratio_;
  Prompt prompt_;
  PassSchedule schedule_;
  LiveText text_;

  std::vector<float> window_;      // [window_frames_, n_mels]
  std::vector<float> pcm_;         // from pcm_begin_ on
  std::vector<Segment> segments_;  // for the word timer: what stands, what is new
  Segment facts_;                  // of the last pass, for the segments that are returned
  std::string language_;
  bool language_is_sure_ = false;
  std::int64_t begin_ = 0;      // mel frame that the window begins with; may be ahead of the audio
  std::int64_t pcm_begin_ = 0;  // sample
  std::int64_t heard_ = 0;      // samples of the stream that passes have seen, or were skipped
  bool drained_ = false;
  std::optional<Error> error_;  // of a pass; ends the stream until reset()

  mutable std::mutex mutex_;  // guards published_
  TranscriberStats published_;
};

}  // namespace npuwhisper
