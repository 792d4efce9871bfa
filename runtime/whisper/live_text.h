// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/segment.h>

#include "whisper/pass_schedule.h"

namespace npuwhisper {

/// A word and its tokens.
struct LiveWord {
  Word word;
  std::size_t first_token = 0;  ///< Index into the tokens passed to LiveText::hear().
  std::size_t n_tokens = 0;
  std::size_t n_open = 0;  ///< Number of punctuation tokens at the word's end.
  bool is_spoken = true;   ///< Whether the word has a character other than punctuation.
};

/// The words of a live window: final words, followed by the words of the last pass, which may still
/// change. With Pace::RealTime a word becomes final in any of these cases:
///  - two successive passes agree on the word, and another word follows it (LocalAgreement-2: Liu
///    et al. 2020, Macháček et al. 2023);
///  - the word ended long enough before the end of the audio (as in AlignAtt, Papi et al. 2023);
///  - the next pass would be too late for the word (PassSchedule::is_due()).
/// With Pace::Audio a word becomes final in any of these cases:
///  - the word's phrase has ended, and a certain amount of audio follows the phrase;
///  - a larger amount of audio follows the word;
///  - the next pass would be too late for the word.
/// The parts of a compound become final together, so that no caption ends within a compound. Words
/// become final in order and do not change afterwards. The times of final words are in order and do
/// not overlap. Reentrant; allocates nothing after construction except the result of commit().
class LiveText {
 public:
  /// `max_tokens`: limit on the tokens of a window's text.
  explicit LiveText(std::size_t max_tokens);

  /// Replaces the words that are not final by the words of a pass over the audio up to `heard`.
  /// LiveWord::first_token of `words` is an index into `tokens`. The texts of `words` are moved
  /// out. `is_doubtful`: the words are too improbable to become final before they are due. If
  /// some words are faster than any speech, drops them and all words after them. Returns the number
  /// of dropped words.
  std::size_t hear(std::span<LiveWord> words, std::span<const Token> tokens, bool is_doubtful,
                   std::int64_t heard);
  /// Records that the new audio up to `heard` has no speech.
  void hear_nothing(std::int64_t heard) { heard_to_ = heard; }
  /// Returns the number of words at the beginning of heard() that can become final now. `heard`:
  /// the end of the audio that passes have processed. `now`: the stream's live edge.
  std::size_t n_final(const PassSchedule& schedule, std::int64_t heard, std::int64_t now) const;
  /// Returns the number of words in heard() up to the last one that ended at or before `to`.
  std::size_t n_ended(std::int64_t to) const;
  /// Returns the number of words in heard() up to the last spoken word. Any entries after that word
  /// are punctuation that belongs to no word.
  std::size_t n_all() const;
  /// Makes the first `n` words of heard() final and returns them. Clips their times to the range
  /// from floor() to `end`. Raises floor() to the end of the last of these words.
  std::vector<Word> commit(std::size_t n, std::int64_t end);

  /// Returns the earliest sample at which the next final word can begin.
  std::int64_t floor() const { return floor_; }
  void raise_floor(std::int64_t to);
  std::span<const LiveWord> committed() const { return committed_; }
  std::span<const Token> committed_tokens() const { return committed_tokens_; }
  /// Returns the tokens of the first `n` final words.
  std::span<const Token> committed_tokens(std::size_t n) const;
  std::span<const LiveWord> heard() const { return heard_; }
  /// Returns the tokens of heard(). The next pass uses them as its draft of the text after
  /// committed_tokens().
  std::span<const Token> draft() const { return draft_; }

  /// Returns the punctuation at the end of committed_tokens(). The next pass decodes it again,
  /// because a full stop in the middle of a sentence makes the model end the text or repeat itself.
  std::span<const Token> open_end() const;
  /// Replaces open_end() by `tokens`, whose text is `text`. Does nothing if there are no final
  /// words.
  void replace_open_end(std::span<const Token> tokens, std::string_view text);

  /// Drops the first `n` final words because the window begins after them.
  void drop_committed(std::size_t n);
  /// Discards the words of the last pass.
  void forget_heard();
  /// Starts a new stream.
  void reset();

 private:
  std::size_t n_settled(std::size_t n, const PassSchedule& schedule, std::int64_t heard,
                        bool in_phrases) const;
  bool ends_phrase(std::size_t i) const;
  bool goes_on(std::size_t n) const;
  std::size_t n_stable(std::size_t n, std::int64_t heard) const;
  bool is_stable(std::size_t i, std::int64_t heard) const;
  static std::size_t n_sayable(std::span<const LiveWord> words, std::int64_t heard);
  void correct_times(std::size_t n_known, std::int64_t known_to);

  std::vector<LiveWord> committed_;
  std::vector<Token> committed_tokens_;
  std::vector<LiveWord> heard_;
  std::vector<Token> draft_;  // tokens of heard_
  std::size_t n_agreed_ = 0;  // number of words at the start of heard_ that two passes agree on
  bool is_doubtful_ = false;
  std::int64_t heard_to_ = 0;  // end of the audio that was passed to hear() or hear_nothing()
  std::int64_t floor_ = 0;
};

}  // namespace npuwhisper
