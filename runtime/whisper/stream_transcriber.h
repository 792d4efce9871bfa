// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "whisper/advance_limit.h"
#include "whisper/decoding.h"
#include "whisper/whisper_transcriber.h"
#include "whisper/window_text.h"

namespace npuwhisper {

/// Runs Whisper's long-form procedure (Radford et al. 2022, section 4.5) on a stream. Each window
/// of 30 s begins where the text of the previous window ends according to its timestamps. The
/// reference is faster-whisper 1.2, with these deliberate differences:
///  - log-mel is normalised by the loudest frame of the window, not of the whole file;
///  - the language comes from the windows with speech until it is certain (LanguageDecision), not
///    from the first window;
///  - word times do not move the next window, so they do not change the text;
///  - segments never overlap and never extend beyond the end of the audio;
///  - three successive windows together advance by at least one second, even if their timestamps do
///    not;
///  - with a speech detector, silence at the beginning of a window is skipped in steps of two
///    seconds, and a segment without speech near it is dropped;
///  - with a speech detector, speech after the last timestamp of a text is decoded in the next
///    window, even if the timestamps say that the window is done.
class StreamTranscriber final : public WhisperTranscriber {
 public:
  /// `tokenizer` and `config` must live as long as the decoder that `make_decoder` returns. Without
  /// a detector all audio is transcribed. Errors: those of make_parts().
  static Result<std::unique_ptr<StreamTranscriber>> create(
      const Tokenizer& tokenizer, const ModelConfig& config, const TranscriberOptions& options,
      const DecoderFactory& make_decoder, const LogMelFactory& make_log_mel,
      const DetectorFactory& make_detector = {});

 private:
  explicit StreamTranscriber(Parts&& parts);

  std::int64_t n_wanted() const override;
  Result<void> listen(std::vector<Segment>& out) override;
  Result<void> listen_to_rest(std::vector<Segment>& out) override;
  void forget() override;
  std::int64_t said_to() const override { return seek_ * kHop; }

  void skip_silence();
  Result<void> transcribe_window(int n_frames, std::vector<Segment>& out);
  Result<int> hear_window(int n_frames, std::vector<Segment>& out);
  void advance(std::int64_t n_frames);

  WindowDecoder window_decoder_;
  WindowText window_text_;
  std::vector<Segment> segments_;  // segments of the current window
  std::int64_t seek_ = 0;          // mel frame at which the next window begins
  AdvanceLimit advance_limit_;
};

}  // namespace npuwhisper
