// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "whisper/decoding.h"
#include "whisper/segments.h"
#include "whisper/whisper_transcriber.h"
#include "whisper/word_timing.h"

namespace npuwhisper {

/// Whisper's long-form procedure (Radford et al. 2022, section 4.5) on a stream: windows of 30 s,
/// each beginning where the timestamps of the one before say that its text ended. The reference
/// is faster-whisper 1.2; different on purpose:
///  - log-mel is normalised by the loudest frame of the window, not of the whole file;
///  - the language is that of the first window with speech, not of the first window;
///  - word times do not move the next window, so that they do not change the text;
///  - segments never overlap and never pass the end of the audio;
///  - three windows in a row move on by a second at least, even where their timestamps do not;
///  - with a detector of speech, a window begins where somebody speaks: silence of two seconds and
///    more is left out before it; and a segment is dropped if nobody speaks anywhere near it.
class StreamTranscriber final : public WhisperTranscriber {
 public:
  /// `tokenizer` and `config` must live as long as the decoder that `make_decoder` makes. Without a
  /// detector everything is listened to. Errors: those of the options and of the factories.
  static Result<std::unique_ptr<StreamTranscriber>> create(
      const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
      const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
      const DetectorFactory& make_detector = {});

 private:
  /// Before the first window: as much as allows it to move on as little as it likes.
  static constexpr std::array<int, 2> kFirstAdvances = {100, 100};

  explicit StreamTranscriber(Parts&& parts);

  std::int64_t n_wanted() const override;
  Result<void> listen(std::vector<Segment>& out) override;
  Result<void> listen_to_rest(std::vector<Segment>& out) override;
  void forget() override;
  std::int64_t said_to() const override { return seek_ * kHop; }

  void skip_silence();
  Result<void> transcribe_window(int n_frames, std::vector<Segment>& out);
  Result<int> hear_window(int n_frames, std::vector<Segment>& out);
  Result<int> make_segments(const DecodedWindow& heard, int n_frames);
  Result<void> add_words(int n_frames);
  void drop_unspoken_segments();
  int limit_windows(int n_done, int n_frames);
  void advance(std::int64_t n_frames);

  WindowDecoder window_decoder_;
  std::optional<WordTimer> word_timer_;
  std::vector<Segment> segments_;  // of the window in work
  std::int64_t seek_ = 0;          // mel frame that the next window begins with
  std::array<int, 2> last_advances_ = kFirstAdvances;  // mel frames, the latest last
};

}  // namespace npuwhisper
