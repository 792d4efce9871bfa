// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "model/config.h"
#include "model/tokenizer.h"
#include "whisper/speech_evidence.h"
#include "whisper/token_decoder.h"
#include "whisper/word_aligner.h"
#include "whisper/word_pieces.h"
#include "whisper/word_repairs.h"

namespace npuwhisper {

/// The window that was encoded last.
struct WordTimingWindow {
  std::int64_t first_sample = 0;  ///< In the stream.
  int n_frames = 0;               ///< Mel frames (10 ms) that hold audio.
  std::string_view language;      ///< Whisper's code, empty for an English-only model.
  Task task = Task::Transcribe;
  std::span<const float> pcm;  ///< From first_sample on; without it times are less exact.
};

/// Finds when each word of a window was spoken: runs the decoder over the text once more, aligns
/// what its alignment heads attend to with the audio (word_aligner.h), and tidies up. Words are
/// openai/whisper's; their times come from another method, which knows pauses.
/// Reentrant; allocates nothing but the words it returns.
class WordTimer {
 public:
  WordTimer(const Tokenizer& tokenizer, const ModelConfig& config);

  /// Fills `words` of the segments, which are in order those of the window that `decoder` encoded
  /// last, and draws each segment's limits around them. Words joined are exactly the segment's
  /// text. They never overlap each other or those before them in the stream, and lie within the
  /// window's audio (only if that has fewer samples than words left, past it). Segments without
  /// text are left alone. Words of the first `n_known` segments get no probability (0), which saves
  /// the time to compute it. Errors: those of TokenDecoder::align(), DeviceError (its answer has
  /// the wrong size), InvalidArgument (unknown language, more tokens than the model has positions),
  /// Unsupported (the model names no alignment heads).
  Result<void> add_words(TokenDecoder& decoder, const WordTimingWindow& window,
                         std::span<Segment> segments, std::size_t n_known = 0);
  /// The stream begins anew.
  void reset() { previous_end_ = 0; }

 private:
  static constexpr std::size_t kNoState = static_cast<std::size_t>(-1);
  /// Where a word comes from. Its time is in times_.
  struct Source {
    std::size_t segment = 0;
    std::size_t n_bytes = 0;      // of its text
    std::size_t first_token = 0;  // in tokens_; of its core, without punctuation around it
    std::size_t n_tokens = 0;
    std::size_t state = kNoState;  // of its first token; none if no one speaks it
  };

  Result<void> collect_text(const WordTimingWindow& window, std::span<const Segment> segments);
  Result<void> add_prefix(const WordTimingWindow& window);
  void add_segment(std::size_t segment, std::string_view text, bool by_character);
  void mark_gap();
  std::size_t first_row_of(std::size_t segment) const;
  void place(const WordTimingWindow& window, std::span<const float> attention,
             std::span<const Segment> segments);
  void spread(const WordTimingWindow& window);
  void write(std::span<Segment> segments) const;

  const Tokenizer& tokenizer_;
  const std::size_t n_heads_;
  const std::size_t n_positions_;
  const std::size_t max_tokens_;
  WordSplitter splitter_;
  WordAligner aligner_;
  SpeechEvidence evidence_;

  std::vector<Token> tokens_;         // what the decoder reads
  std::vector<float> probabilities_;  // by token: of the one after it; 0: not computed
  std::vector<Token> text_;           // of the segment in work
  std::vector<TextState> states_;
  TextState gap_;                // before the next word
  std::vector<Source> sources_;  // by word
  std::vector<WordTime> times_;  // by word
  std::vector<std::int64_t> durations_;
  std::int64_t previous_end_ = 0;  // of the last word in the stream
};

}  // namespace npuwhisper
