// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "whisper/alignment_path.h"
#include "whisper/speech_evidence.h"

namespace npuwhisper {

/// A stretch of a window's text as the aligner knows it.
struct TextState {
  enum class Kind {
    Spoken,     ///< One token of a word.
    Gap,        ///< Between two words, where the text marks no pause.
    MarkedGap,  ///< Where it does, by punctuation or the end of a segment.
    Outside,    ///< Before the first word and after the last one.
  };
  Kind kind = Kind::Spoken;
  /// Of the attention, for the tokens in it: row i - 1 predicts token i.
  std::size_t first_row = 0;
  std::size_t n_rows = 0;
};

/// What a model's alignment heads attend to, after softmax: [n_heads, n_rows, n_positions].
struct AttentionView {
  std::span<const float> values;
  std::size_t n_rows = 0;
};

/// Finds the stretches of a window's text in its audio. Attention and energy are put into one
/// probabilistic model, a chain of states:
///  - a token has at each position (20 ms) the probability with which the mean of the heads attends
///    to it while the decoder predicts the token. The mean, not a product: single heads run ahead
///    or behind by up to 0.2 s, and together they bracket the word;
///  - all else has that of its punctuation, or of even attention where that is more;
///  - energy adds log odds of speech: for tokens, against gaps. Outside there may be anything,
///  since
///    windows begin and end amid the speech of others;
///  - a gap that the text does not mark costs something.
/// Every token takes at least one position, the others may take none. The best path gives the
/// times. Reentrant; all memory is allocated by the constructor.
class WordAligner {
 public:
  /// `lead`: samples by which attention runs ahead of the words (attention_lead.h).
  WordAligner(std::size_t n_heads, std::size_t n_positions, std::size_t max_states, int lead);

  /// The positions of each state among [first, end), counted from `first`. Empty when the states do
  /// not fit in. Valid until the next call.
  std::span<const AlignmentPath::Range> align(const AttentionView& attention,
                                              std::span<const TextState> states,
                                              const SpeechEvidence& evidence, std::size_t first,
                                              std::size_t end);

  /// Sample of the window at which what `position` attends to begins, and the other way round
  /// (rounded down). May lie outside the window.
  std::int64_t sample_of(std::int64_t position) const;
  std::int64_t position_of(std::int64_t sample) const;

 private:
  void add_state(const AttentionView& attention, const TextState& state, std::size_t first);
  void read_row(const AttentionView& attention, std::size_t row, std::size_t first);

  const std::size_t n_heads_;
  const std::size_t n_positions_;
  const int lead_;
  AlignmentPath path_;
  std::vector<float> row_;     // mean of the heads
  std::vector<float> scores_;  // of the state in work
  std::vector<float> odds_;    // log odds of speech
};

}  // namespace npuwhisper
