// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "whisper/compression_ratio.h"
#include "whisper/live_decoder.h"
#include "whisper/live_text.h"
#include "whisper/live_word_timer.h"
#include "whisper/pass_schedule.h"
#include "whisper/whisper_transcriber.h"

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
class LiveTranscriber final : public WhisperTranscriber {
 public:
  /// `options.live_latency` must be set. `tokenizer` and `config` must live as long as the decoder.
  /// Errors: those of the options and of the factories; Unsupported (the model names no alignment
  /// heads, so that its words have no times).
  static Result<std::unique_ptr<LiveTranscriber>> create(
      const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
      const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel, PassClock clock,
      const DetectorFactory& make_detector = {});

  std::vector<Word> draft() const override;

 private:
  LiveTranscriber(Parts&& parts, PassClock clock);

  std::int64_t n_wanted() const override;
  Result<void> listen(std::vector<Segment>& out) override;
  Result<void> listen_to_rest(std::vector<Segment>& out) override;
  void forget() override;
  std::int64_t said_to() const override { return text_.floor(); }

  std::int64_t samples_waiting() const;
  int n_frames() const;
  std::int64_t audio_end() const;

  bool is_quiet() const;
  void rest(std::vector<Segment>& out);
  Result<void> pass(bool is_last, std::vector<Segment>& out);
  Result<void> hear_window();
  Result<std::span<LiveWord>> time_words(const LiveHearing& hearing);
  std::span<LiveWord> without_unspoken(std::span<LiveWord> words);
  bool is_loop(const LiveHearing& hearing);
  void skip_to_live_edge(std::int64_t n_waiting, std::vector<Segment>& out);
  void commit(std::size_t n, std::vector<Segment>& out);
  void move_on();
  std::int64_t silent_to() const;
  void shorten_window();
  void cut_behind_sentence();
  void begin_after(std::size_t n_words, std::int64_t sample, bool keep_text);

  const std::size_t max_text_;  // tokens of a window
  const PassClock clock_;
  LiveDecoder live_decoder_;
  LiveWordTimer word_timer_;
  CompressionRatio compression_ratio_;
  PassSchedule schedule_;
  LiveText text_;
  std::string window_text_;  // for is_loop()
  Segment facts_;            // of the last pass, for the segments that are returned
  bool language_is_sure_ = false;
  std::int64_t begin_ = 0;  // mel frame that the window begins with; may be ahead of the audio
  std::int64_t heard_ = 0;  // samples of the stream that passes have seen, or were skipped
};

}  // namespace npuwhisper
