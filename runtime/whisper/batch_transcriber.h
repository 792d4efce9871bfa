// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "whisper/advance_limit.h"
#include "whisper/decoding.h"
#include "whisper/whisper_transcriber.h"
#include "whisper/window_text.h"

namespace npuwhisper {

/// Transcribes several windows of a stream at a time. The stream is cut at pauses into pieces of at
/// most 30 s. Each piece is transcribed like a stream of its own, without the text of earlier
/// pieces in its prompt. The decoder steps of up to options.batch pieces are performed together, so
/// that the model's weights are read once for all of them. As soon as the text of a piece is
/// complete, the next piece takes its place. Differences from StreamTranscriber:
///  - the initial prompt precedes every piece;
///  - the padding after a piece is thinned (device/window_positions.h);
///  - a piece that contains no pause ends where its text ends according to its timestamps, and the
///    audio after it is not decoded until this time is known;
///  - until the language is certain, pieces are decoded one after another.
/// A text depends only on its own piece and on the language. With int8 weights in the decoder, it
/// therefore does not depend on the number of pieces that are decoded together; with other weights,
/// the rounding of a step with one row differs from that of several rows.
class BatchTranscriber final : public WhisperTranscriber {
 public:
  /// `tokenizer` and `config` must live as long as the decoders that `make_decoder` returns.
  /// Errors: those of check_options() and of the factories, Unavailable (no detector).
  static Result<std::unique_ptr<BatchTranscriber>> create(const Tokenizer& tokenizer,
                                                          const ModelConfig& config,
                                                          const TranscriberOptions& options,
                                                          const DecoderFactory& make_decoder,
                                                          const LogMelFactory& make_log_mel,
                                                          const DetectorFactory& make_detector);

 private:
  /// A piece of the stream, in mel frames.
  struct Piece {
    std::int64_t first = 0;
    int n_frames = 0;
    bool is_open = false;  // The piece was not cut at a pause.
  };
  /// A decoder with the piece that it decodes.
  struct Lane {
    std::size_t index = 0;  // index of the lane's decoder in decoders_
    std::unique_ptr<WindowDecoder> decoder{};
    bool is_running = false;
    Piece piece{};               // the audio that is not yet text
    std::uint64_t ticket = 0;    // number of the piece in the stream
    std::int64_t voice_end = 0;  // sample at which the last voice of the piece ends
    bool is_spoken = false;      // see is_silent()
    AdvanceLimit advance_limit{};
    std::vector<Token> prompt{};
    int sot = 0;                  // position of <|startoftranscript|> in the prompt
    std::string_view language{};  // owned by the tokenizer
    std::vector<float> pcm{};     // the samples of `piece`; empty unless words are timed
    bool needs_step = false;      // whether the attempt needs another step
    Prompt::View prompt_view() const { return {prompt, sot}; }
  };
  /// The text of a piece. It is returned when it and the texts of all earlier pieces are complete.
  struct Text {
    std::int64_t first = 0;  // first mel frame of the piece
    bool is_complete = false;
    std::vector<Segment> segments;
  };

  explicit BatchTranscriber(Parts&& parts);

  std::int64_t n_wanted() const override;
  Result<void> listen(std::vector<Segment>& out) override;
  Result<void> listen_to_rest(std::vector<Segment>& out) override;
  void forget() override;
  std::int64_t said_to() const override;

  void skip_silence();
  Piece next_piece(int n_frames) const;
  Result<void> transcribe_piece(const Piece& piece, std::vector<Segment>& out);
  Result<Lane*> find_lane(std::vector<Segment>& out);
  Result<void> start(Lane& lane, const Piece& piece);
  Result<void> begin_window(Lane& lane);
  Result<void> step(std::vector<Segment>& out);
  Result<void> end_attempts(Lane& lane);
  Result<void> end_window(Lane& lane);
  Result<void> continue_piece(Lane& lane, int n_done, bool is_cut);
  Result<void> limit_lag(std::vector<Segment>& out);
  void return_texts(std::vector<Segment>& out);
  void advance(std::int64_t n_frames);

  WindowText window_text_;
  std::vector<Lane> lanes_;
  std::vector<Segment> segments_;            // segments of the current window
  std::vector<TokenDecoder::Share> shares_;  // the shares of the current step
  std::vector<Lane*> stepping_;              // the lanes of shares_
  std::deque<Text> texts_;                   // texts that were not returned yet, in order
  std::uint64_t first_ticket_ = 0;           // number of the piece of texts_.front()
  std::int64_t seek_ = 0;                    // mel frame at which the next piece begins
  AdvanceLimit open_limit_;                  // limits the advances of pieces without a pause
};

}  // namespace npuwhisper
