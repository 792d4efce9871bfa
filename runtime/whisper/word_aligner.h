// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "whisper/alignment_path.h"
#include "whisper/speech_evidence.h"

namespace npuwhisper {

/// A part of a window's text: one state of the aligner.
struct TextState {
  enum class Kind {
    Spoken,     ///< One token of a word.
    Gap,        ///< A gap between two words where the text marks no pause.
    MarkedGap,  ///< A gap that punctuation or a segment's end marks as a pause.
    Outside,    ///< Audio before the first word or after the last word.
  };
  Kind kind = Kind::Spoken;
  /// First row of the attention for this state's tokens. Row i - 1 belongs to the prediction of
  /// token i.
  std::size_t first_row = 0;
  std::size_t n_rows = 0;
};

/// Finds where the parts of a window's text lie in its audio. One probabilistic model, a chain of
/// states, combines attention and energy:
///  - the score of a token at a position (20 ms) is the log of the heads' mean attention to that
///    position while the decoder predicts the token. The mean is used, not the product, because a
///    single head may be up to 0.2 s ahead of or behind the word, while the heads together cover
///    the word from both sides;
///  - the score of any other state is the log of the attention for its punctuation, or of uniform
///    attention if uniform attention is larger;
///  - energy adds the log odds of speech to the scores of tokens and subtracts the log odds from
///    the scores of gaps. States outside the words accept both speech and pauses, since windows
///    begin and end within speech;
///  - a gap that the text does not mark has a cost.
/// Every token takes at least one position; other states may take none. The best path gives the
/// times. Reentrant; the constructor allocates all memory.
class WordAligner {
 public:
  /// `lead`: number of samples by which attention runs ahead of the words (attention_lead.h).
  WordAligner(std::size_t n_positions, std::size_t max_states, int lead);

  /// Aligns the states with the positions [first, end). `attention` is the mean attention of the
  /// model's alignment heads after softmax, [rows, n_positions]. It must contain the rows of all
  /// states. Returns the range of positions of each state, counted from `first`, or an empty span
  /// if the states do not fit. The result is valid until the next call.
  std::span<const AlignmentPath::Range> align(std::span<const float> attention,
                                              std::span<const TextState> states,
                                              const SpeechEvidence& evidence, std::size_t first,
                                              std::size_t end);

  /// Returns the first sample that `position` represents, counted from the window's first sample.
  /// The result may lie outside the window.
  std::int64_t sample_of(std::int64_t position) const;
  /// Returns the position that represents `sample` of the window. The result may lie outside the
  /// window.
  std::int64_t position_of(std::int64_t sample) const;

 private:
  void add_state(std::span<const float> attention, const TextState& state, std::size_t first);

  const std::size_t n_positions_;
  const int lead_;
  AlignmentPath path_;
  std::vector<float> scores_;  // scores of the current state
  std::vector<float> odds_;    // log odds of speech
};

}  // namespace npuwhisper
