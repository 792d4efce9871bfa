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

/// A word, and which tokens it is made of.
struct LiveWord {
  Word word;
  std::size_t first_token = 0;  ///< Of those given to LiveText::hear().
  std::size_t n_tokens = 0;
  std::size_t n_open = 0;  ///< Of its tokens, the last ones that are punctuation alone.
  bool is_spoken = true;   ///< It has a character that is more than punctuation.
};

/// The words of a live window: those that stand, and after them those of the last pass, which may
/// still change. A word becomes final when two successive passes agree on it (LocalAgreement-2:
/// Liu et al. 2020, Macháček et al. 2023) and it is not the last one, or when it ended long enough
/// before the audio did (the idea of AlignAtt, Papi et al. 2023), or when it is due. With
/// Pace::Audio it becomes final with its phrase, when enough audio has followed that; where no
/// phrase ends, when more audio has followed the word; and when it is due. The parts of a compound
/// become final together, so that no caption ends within it. Words become final in their order,
/// never change then, and their times never overlap or go back. Reentrant; allocates nothing after
/// construction but what commit() returns.
class LiveText {
 public:
  /// `max_tokens`: of a window's text.
  explicit LiveText(std::size_t max_tokens);

  /// What was heard after the words that stand, in audio up to `heard`: takes the words' texts.
  /// `is_doubtful`: too improbable to be final unless it is due. Returns how many of the words were
  /// dropped, since nobody can have said them.
  std::size_t hear(std::span<LiveWord> words, std::span<const Token> tokens, bool is_doubtful,
                   std::int64_t heard);
  /// Nothing was said in audio up to `heard`.
  void hear_nothing(std::int64_t heard) { heard_to_ = heard; }
  /// How many of the words heard are final now: the stream was heard up to `heard`, its live edge
  /// is at `now`.
  std::size_t n_final(const PassSchedule& schedule, std::int64_t heard, std::int64_t now) const;
  /// How many must not wait any more: the last of them ended at `to` or before.
  std::size_t n_ended(std::int64_t to) const;
  /// All that were heard, but punctuation without a word before or after it.
  std::size_t n_all() const;
  /// Makes the first `n` words heard final and returns them. Their times lie within [floor(), end).
  std::vector<Word> commit(std::size_t n, std::int64_t end);

  /// Nothing that is said later begins before it.
  std::int64_t floor() const { return floor_; }
  void raise_floor(std::int64_t to);
  std::span<const LiveWord> committed() const { return committed_; }
  std::span<const Token> committed_tokens() const { return committed_tokens_; }
  /// Likewise of the first `n` words that stand.
  std::span<const Token> committed_tokens(std::size_t n) const;
  std::span<const LiveWord> heard() const { return heard_; }
  /// What the next pass may expect after committed_tokens().
  std::span<const Token> draft() const { return draft_; }

  /// The punctuation at the end of committed_tokens(). The next pass decodes it again, because a
  /// full stop in the middle of a sentence makes the model end the text or repeat itself.
  std::span<const Token> open_end() const;
  /// Replaces open_end() by `tokens`, whose text is `text`.
  void replace_open_end(std::span<const Token> tokens, std::string_view text);

  /// The window begins later: forgets the first `n` words that stand.
  void drop_committed(std::size_t n);
  /// What was heard last is not to be trusted.
  void forget_heard();
  /// The stream begins anew.
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
  std::size_t n_agreed_ = 0;  // of heard_, from the first on
  bool is_doubtful_ = false;
  std::int64_t heard_to_ = 0;  // by the last pass
  std::int64_t floor_ = 0;
};

}  // namespace npuwhisper
