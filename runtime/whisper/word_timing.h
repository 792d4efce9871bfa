// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/transcriber.h>

#include "engine/token_decoder.h"
#include "model/config.h"
#include "model/tokenizer.h"
#include "whisper/speech_evidence.h"
#include "whisper/word_aligner.h"
#include "whisper/word_pieces.h"
#include "whisper/word_repairs.h"

namespace npuwhisper {

/// The window that the decoder encoded last.
struct WordTimingWindow {
  std::int64_t first_sample = 0;  ///< Sample of the stream at which the window begins.
  int n_frames = 0;               ///< Mel frames (10 ms) that hold audio.
  std::string_view language;      ///< Code of the language; empty for an English-only model.
  Task task = Task::Transcribe;
  std::span<const float> pcm;  ///< Samples from first_sample on. If empty, times are less exact.
};

/// Finds the time of each word of a window. Runs the decoder over the text once more, aligns the
/// text with the audio by the attention of the decoder's alignment heads (word_aligner.h), and
/// corrects the times. Text is split into words as in openai/whisper, but the words are timed by a
/// different method, which models pauses. Reentrant; allocates nothing except the words it returns.
class WordTimer {
 public:
  WordTimer(const Tokenizer& tokenizer, const ModelConfig& config);

  /// Fills `words` of each segment. Sets a segment's start and end to those of its first and last
  /// word. `segments` are the segments, in order, of the window that `decoder` encoded last. The
  /// words of a segment, joined, are exactly the segment's text. Words never overlap each other or
  /// earlier words of the stream. Words lie within the window's audio, unless the audio after
  /// earlier words has fewer samples than there are words. Segments without text do not change. To
  /// save time, the probabilities of words in the first `n_known` segments are set to 0 and not
  /// computed. Errors: those of TokenDecoder::align(), DeviceError (align() returned the wrong
  /// number of values), InvalidArgument (unknown language, more tokens than the model has
  /// positions), Unsupported (the model has no alignment heads).
  Result<void> add_words(TokenDecoder& decoder, const WordTimingWindow& window,
                         std::span<Segment> segments, std::size_t n_known = 0);
  /// Starts a new stream: forgets the end of the last word.
  void reset() { previous_end_ = 0; }

 private:
  static constexpr std::size_t kNoState = static_cast<std::size_t>(-1);
  /// The origin of a word in segments and tokens. The element of times_ with the same index is the
  /// word's time.
  struct Source {
    std::size_t segment = 0;
    std::size_t n_bytes = 0;       // length of the word's text
    std::size_t first_token = 0;   // index in tokens_ of the word's core (WordGroup::core)
    std::size_t n_tokens = 0;      // number of tokens in the core
    std::size_t state = kNoState;  // index in states_ of the core's first token; kNoState: silent
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
  const bool has_heads_;
  const std::size_t n_positions_;
  const std::size_t max_tokens_;
  WordSplitter splitter_;
  WordAligner aligner_;
  SpeechEvidence evidence_;

  std::vector<Token> tokens_;         // input of the decoder
  std::vector<float> probabilities_;  // by token: probability of the next token; 0: not computed
  std::vector<Token> text_;           // text tokens of the current segment
  std::vector<TextState> states_;
  TextState gap_;                // the gap before the next word
  std::vector<Source> sources_;  // origin of each word
  std::vector<WordTime> times_;  // time of each word
  std::vector<std::int64_t> durations_;
  std::int64_t previous_end_ = 0;  // end of the last word in the stream
};

}  // namespace npuwhisper
