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

/// Words as they are spoken, each within TranscriberOptions::live_latency. A window grows with the
/// stream and is decoded again in short passes (PassSchedule). Final words remain as the beginning
/// of the text; LiveText decides when the others become final. Each segment returned holds new
/// words only. A long window begins anew at a pause, and the window moves on where nobody speaks. A
/// text that repeats itself is dropped together with the previous text in the prompt. With a
/// detector of speech, passes without new speech are left out, words that nobody spoke are dropped,
/// and a pass may not end the text while speech is missing from it.
///
/// No word is returned later than its end plus the latency: words that a pass finds too late get
/// later times (TranscriberStats::late_words). When more audio waits than the latency, all words
/// that are known are returned and the stream goes on at the live edge (skipped_samples).
///
/// With Pace::RealTime the result depends on the audio, on samples_waiting and on the time that
/// passes take; with Pace::Audio on the audio alone, however it is cut into pushes.
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

  void set_heard(std::int64_t sample);
  bool is_time_for_pass() const;
  bool put_off_pass();
  std::int64_t first_open_voice() const;
  void leave_silence();
  void keep_deadlines(std::vector<Segment>& out);
  bool is_quiet() const;
  void rest(std::vector<Segment>& out);
  Result<void> pass(bool is_last, std::vector<Segment>& out);
  Result<void> hear_window();
  Result<std::span<LiveWord>> time_words(std::span<const Token> heard);
  bool is_speech_unheard() const;
  std::span<LiveWord> placed_at_voice(std::span<LiveWord> words) const;
  std::span<const Token> without_open_end(std::span<const Token> tokens);
  std::span<LiveWord> without_unspoken(std::span<LiveWord> words);
  bool is_loop(const LiveHearing& hearing);
  void skip_to_live_edge(std::int64_t n_waiting, std::vector<Segment>& out);
  void commit(std::size_t n, std::vector<Segment>& out);
  void move_on();
  std::int64_t silent_to() const;
  void shorten_window();
  void cut_window();
  std::int64_t next_start(std::size_t n) const;
  void begin_after(std::size_t n_words, std::int64_t sample, bool keep_text);

  const std::size_t max_text_;  // tokens of a window
  const PassClock clock_;
  LiveDecoder live_decoder_;
  LiveWordTimer word_timer_;
  CompressionRatio compression_ratio_;
  PassSchedule schedule_;
  LiveText text_;
  std::vector<Token> draft_;  // for the decoder: open end and draft of text_
  std::string window_text_;   // for is_loop()
  Segment facts_;             // of the last pass, for the segments that are returned
  bool language_is_sure_ = false;
  std::int64_t begin_ = 0;      // mel frame that the window begins with; may be ahead of the audio
  std::int64_t next_pass_ = 0;  // Pace::Audio: in samples of the stream
  bool is_put_off_ = false;     // next_pass_, behind the hop
  std::int64_t heard_ = 0;      // samples of the stream that passes have seen, or were skipped
};

}  // namespace npuwhisper
