// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/live_text.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string_view>
#include <utility>

#include <npuwhisper/transcriber.h>

#include "model/utf8.h"
#include "whisper/punctuation.h"

namespace npuwhisper {
namespace {

/// A word that only one pass recognised is stable if it ended this long before the audio's end.
/// With 0.6 s instead, the first word of a sentence is often wrong: if a pause follows the word, no
/// second pass checks it.
constexpr std::int64_t kSafeNew = kSampleRate * 12 / 10;
/// The last word of a pass is stable if two passes agree on the word and it ended this long before
/// the audio's end. A last word may be only the beginning of a longer word.
constexpr std::int64_t kSafeLast = kSampleRate * 8 / 10;
/// Replaces kSafeLast for a last word that ends a sentence.
constexpr std::int64_t kSafeEnd = kSampleRate * 3 / 10;
/// A pass recognises nearly all words that end at least this long before the end of its audio.
constexpr std::int64_t kHeard = kSampleRate * 6 / 10;
/// A pause of this length ends a phrase.
constexpr std::int64_t kPhrasePause = kSampleRate * 3 / 10;
/// Nobody speaks kFastWords words in less than kFastTime, in any language.
constexpr std::size_t kFastWords = 4;
constexpr std::int64_t kFastTime = kSampleRate / 5;
/// The model hallucinates words only after the last spoken word, while a pause is still too short
/// to end the window. Therefore words that are too fast count as hallucinated only if they end
/// within this distance of the audio's end. Elsewhere, such words are real, and only their times
/// are wrong.
constexpr std::int64_t kInventedTail = 2 * kSampleRate;
/// Minimum distance from a final word's start to the `end` passed to commit(). A word that starts
/// at floor() may be closer to `end`.
constexpr std::int64_t kLeastWord = kSampleRate / 100;

/// Removes the characters of `text` up to and including its next spoken character. Returns that
/// character, with ASCII letters in lower case, or 0 if there is none.
char32_t take_spoken(std::string_view& text) {
  while (!text.empty()) {
    const CodePoint character = first_code_point(text);
    text.remove_prefix(character.n_bytes);
    if (is_silent(character.value)) continue;
    const bool is_capital = character.value >= U'A' && character.value <= U'Z';
    return is_capital ? character.value + (U'a' - U'A') : character.value;
  }
  return 0;
}

/// Returns whether two words are equal apart from punctuation and the case of ASCII letters. Both
/// may change when more text follows.
bool is_same(const LiveWord& a, const LiveWord& b) {
  std::string_view text_a = a.word.text;
  std::string_view text_b = b.word.text;
  while (true) {
    const char32_t character = take_spoken(text_a);
    if (character != take_spoken(text_b)) return false;
    if (character == 0) return true;
  }
}

}  // namespace

LiveText::LiveText(std::size_t max_tokens) {
  committed_.reserve(max_tokens);
  committed_tokens_.reserve(max_tokens);
  heard_.reserve(max_tokens);
  draft_.reserve(max_tokens);
}

std::size_t LiveText::hear(std::span<LiveWord> words, std::span<const Token> tokens,
                           bool is_doubtful, std::int64_t heard) {
  const std::size_t n_known = heard_.size();
  const auto sayable = words.first(n_sayable(words, heard));
  const auto differs =
      std::mismatch(sayable.begin(), sayable.end(), heard_.begin(), heard_.end(), is_same).first;
  n_agreed_ = static_cast<std::size_t>(differs - sayable.begin());
  heard_.assign(std::make_move_iterator(sayable.begin()), std::make_move_iterator(sayable.end()));
  correct_times(n_known, heard_to_);
  heard_to_ = heard;
  is_doubtful_ = is_doubtful;
  draft_.clear();
  for (const LiveWord& word : heard_) {
    const auto own = tokens.subspan(word.first_token, word.n_tokens);
    draft_.insert(draft_.end(), own.begin(), own.end());
  }
  return words.size() - sayable.size();
}

/// Corrects the times of new words that alignment placed too early. The previous pass recognised
/// `n_known` words in the audio up to `known_to`. The first new word is too early if it ends more
/// than kHeard before `known_to`, because the previous pass would have recognised it there. Moves
/// such a word later, and moves the words after it where they would overlap. Alignment tends to
/// place the first word of a sentence in the pause before the sentence.
void LiveText::correct_times(std::size_t n_known, std::int64_t known_to) {
  if (n_known >= heard_.size() || heard_[n_known].word.end >= known_to - kHeard) return;
  std::int64_t shift = known_to - kHeard - heard_[n_known].word.end;
  std::int64_t previous = n_known == 0 ? floor_ : heard_[n_known - 1].word.end;
  for (std::size_t i = n_known; i < heard_.size() && shift > 0; ++i) {
    Word& word = heard_[i].word;
    word.start = std::max(word.start + shift, previous);
    word.end = std::max(word.end + shift, word.start);
    previous = word.end;
    if (i + 1 < heard_.size()) shift = previous - heard_[i + 1].word.start;
  }
}

/// Returns the number of words before the first group of kFastWords successive words that is too
/// fast. A group is too fast if it takes less than kFastTime and ends within kInventedTail of the
/// audio's end. Returns words.size() if there is no such group.
std::size_t LiveText::n_sayable(std::span<const LiveWord> words, std::int64_t heard) {
  for (std::size_t i = 0; i + kFastWords <= words.size(); ++i) {
    const std::int64_t end = words[i + kFastWords - 1].word.end;
    if (end < heard - kInventedTail) continue;
    if (end - words[i].word.start < kFastTime) return i;
  }
  return words.size();
}

std::size_t LiveText::n_all() const {
  std::size_t n = heard_.size();
  while (n > 0 && !heard_[n - 1].is_spoken) --n;
  return n;
}

std::size_t LiveText::n_ended(std::int64_t to) const {
  std::size_t n = n_all();
  while (n > 0 && heard_[n - 1].word.end > to) --n;
  return n;
}

std::size_t LiveText::n_final(const PassSchedule& schedule, std::int64_t heard,
                              std::int64_t now) const {
  const std::size_t n = n_all();
  std::size_t n_due = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (schedule.is_due(heard_[i].word.end, heard, now)) n_due = i + 1;
  }
  while (goes_on(n_due)) ++n_due;
  if (is_doubtful_) return n_due;
  if (schedule.pace() == Pace::RealTime) return std::max(n_due, n_stable(n, heard));
  // Captions end where final words end, so words preferably become final at the end of a phrase.
  const std::size_t n_phrase = n_settled(n, schedule, heard, true);
  return n_phrase > n_due ? n_phrase : std::max(n_due, n_settled(n, schedule, heard, false));
}

/// Returns the number of settled words (PassSchedule::is_settled()) at the start of heard_, at most
/// `n`. `in_phrases`: counts only whole phrases. Does not divide a compound.
std::size_t LiveText::n_settled(std::size_t n, const PassSchedule& schedule, std::int64_t heard,
                                bool in_phrases) const {
  const auto is_last = [&](std::size_t i) {
    return (!in_phrases || ends_phrase(i)) &&
           schedule.is_settled(heard_[i].word.end, heard, in_phrases);
  };
  while (n > 0 && (goes_on(n) || !is_last(n - 1))) --n;
  return n;
}

/// Returns whether word `n` of heard_ (counted from 0) continues a compound, such as "-hearted"
/// after "cold".
bool LiveText::goes_on(std::size_t n) const {
  return n > 0 && n < heard_.size() && heard_[n].word.text.starts_with('-');
}

/// Returns whether the word heard_[i] is the last one, ends with punctuation or precedes a pause.
bool LiveText::ends_phrase(std::size_t i) const {
  const Word& word = heard_[i].word;
  if (i + 1 == heard_.size() || without_closing(word.text).size() < word.text.size()) return true;
  return heard_[i + 1].word.start - word.end >= kPhrasePause;
}

/// Returns the number of stable words at the start of heard_, at most `n`. Does not divide a
/// compound.
std::size_t LiveText::n_stable(std::size_t n, std::int64_t heard) const {
  std::size_t i = 0;
  while (i < n && is_stable(i, heard)) ++i;
  while (goes_on(i)) --i;
  return i;
}

/// Returns whether the word heard_[i] is unlikely to change when audio after `heard` arrives.
bool LiveText::is_stable(std::size_t i, std::int64_t heard) const {
  const bool is_agreed = i < n_agreed_;
  const bool is_last = i + 1 == heard_.size();
  if (is_agreed && !is_last) return true;
  const bool is_end = is_agreed && ends_sentence(heard_[i].word.text);
  const std::int64_t safe = !is_agreed ? kSafeNew : is_end ? kSafeEnd : kSafeLast;
  return heard_[i].word.end <= heard - safe;
}

std::vector<Word> LiveText::commit(std::size_t n, std::int64_t end) {
  assert(n <= heard_.size());
  std::vector<Word> words;
  words.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    LiveWord& live = heard_[i];
    Word& word = live.word;
    word.start = std::clamp(word.start, floor_, std::max(floor_, end - kLeastWord));
    word.end = std::clamp(word.end, word.start, std::max(word.start, end));
    floor_ = word.end;
    const auto tokens_end = draft_.begin() + static_cast<std::ptrdiff_t>(live.n_tokens);
    committed_tokens_.insert(committed_tokens_.end(), draft_.begin(), tokens_end);
    draft_.erase(draft_.begin(), tokens_end);
    words.push_back(word);
    committed_.push_back(std::move(live));
  }
  heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(n));
  n_agreed_ -= std::min(n_agreed_, n);
  return words;
}

std::span<const Token> LiveText::open_end() const {
  return std::span(committed_tokens_).last(committed_.empty() ? 0 : committed_.back().n_open);
}

void LiveText::replace_open_end(std::span<const Token> tokens, std::string_view text) {
  if (committed_.empty()) return;
  LiveWord& last = committed_.back();
  committed_tokens_.resize(committed_tokens_.size() - last.n_open);
  committed_tokens_.insert(committed_tokens_.end(), tokens.begin(), tokens.end());
  last.n_tokens = last.n_tokens - last.n_open + tokens.size();
  last.n_open = tokens.size();
  last.word.text.resize(without_closing(last.word.text).size());
  last.word.text += text;
}

void LiveText::raise_floor(std::int64_t to) {
  floor_ = std::max(floor_, to);
}

std::span<const Token> LiveText::committed_tokens(std::size_t n) const {
  std::size_t n_tokens = 0;
  for (std::size_t i = 0; i < n; ++i) n_tokens += committed_[i].n_tokens;
  return std::span(committed_tokens_).first(n_tokens);
}

void LiveText::drop_committed(std::size_t n) {
  const auto n_tokens = static_cast<std::ptrdiff_t>(committed_tokens(n).size());
  committed_.erase(committed_.begin(), committed_.begin() + static_cast<std::ptrdiff_t>(n));
  committed_tokens_.erase(committed_tokens_.begin(), committed_tokens_.begin() + n_tokens);
}

void LiveText::forget_heard() {
  heard_.clear();
  draft_.clear();
  n_agreed_ = 0;
}

void LiveText::reset() {
  // Does not use drop_committed(), because an exception in commit() may have left tokens in
  // committed_tokens_ that belong to no word in committed_.
  committed_.clear();
  committed_tokens_.clear();
  forget_heard();
  heard_to_ = 0;
  floor_ = 0;
}

}  // namespace npuwhisper
