// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/pass_turns.h"
#include "whisper/compression_ratio.h"
#include "whisper/live_decoder.h"
#include "whisper/live_text.h"
#include "whisper/live_word_timer.h"
#include "whisper/pass_schedule.h"
#include "whisper/whisper_transcriber.h"

namespace npuwhisper {

/// Returns the current time. LiveTranscriber subtracts the results of two calls to measure the
/// duration of a pass.
using PassClock = std::function<std::chrono::nanoseconds()>;

/// Returns words as they are spoken, each within TranscriberOptions::live_latency. A window grows
/// with the stream and is decoded repeatedly in short passes (PassSchedule). Final words stay at
/// the beginning of the window's text. LiveText decides when the other words become final. Each
/// returned segment holds only new words. A long window restarts at a pause, and the window moves
/// past silence. A text that repeats itself is dropped together with the previous text in the
/// prompt.
///
/// With a speech detector, passes without new speech are skipped, and words without speech near
/// them are dropped. If enough speech follows the final words, a pass must write at least one word.
///
/// No word is returned later than its end plus the latency. Words that a pass finds too late get
/// later times (TranscriberStats::late_words). If the waiting audio is longer than the latency, all
/// known words are returned and the stream continues at the live edge
/// (TranscriberStats::skipped_samples).
///
/// With Pace::RealTime, streams of one engine take turns (PassTurns). A stream that waits for its
/// turn continues to take audio, until its window is full.
///
/// With Pace::RealTime the result depends on the audio, on samples_waiting, on the duration of
/// passes and on turns. With Pace::Audio the result depends only on the audio, not on its division
/// into pushes.
class LiveTranscriber final : public WhisperTranscriber {
 public:
  /// `options.live_latency` must be set. `tokenizer`, `config` and `turns` must live as long as the
  /// decoder that `make_decoder` returns. If `turns` is null, passes never wait. Errors: those of
  /// make_parts(); Unsupported (the model has no alignment heads for word times, or too few text
  /// positions).
  static Result<std::unique_ptr<LiveTranscriber>> create(
      const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
      const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel, PassClock clock,
      const DetectorFactory& make_detector = {}, PassTurns* turns = nullptr);
  ~LiveTranscriber() override;

  std::vector<Word> draft() const override;

 private:
  LiveTranscriber(Parts&& parts, PassClock clock, PassTurns* turns);

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
  std::optional<PassTurns::Turn> ask_for_turn(bool is_full);
  void leave_turns();
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

  const std::size_t max_text_;  // maximum number of tokens of a window's text
  const PassClock clock_;
  PassTurns* const turns_;  // null: passes never wait
  LiveDecoder live_decoder_;
  LiveWordTimer word_timer_;
  CompressionRatio compression_ratio_;
  PassSchedule schedule_;
  LiveText text_;
  std::vector<Token> draft_;  // decoder input: open end and draft of text_
  std::string window_text_;   // scratch of is_loop()
  Segment facts_;             // the last pass's statistics, copied to the returned segments
  bool language_is_sure_ = false;
  std::int64_t begin_ = 0;      // mel frame at which the window begins; may be ahead of the audio
  std::int64_t next_pass_ = 0;  // Pace::Audio: sample of the stream at which the next pass is due
  bool is_put_off_ = false;     // next_pass_ was postponed beyond the hop
  std::int64_t heard_ = 0;      // end of the audio that passes have processed or skipped
};

}  // namespace npuwhisper
