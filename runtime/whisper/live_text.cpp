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

/// What lies so far from the end of the audio does not change any more when more is heard.
/// AlignAtt stops decoding 0.4 s (20 positions) before the end.
constexpr std::int64_t kSafe = kSampleRate * 6 / 10;
/// Likewise of the last word of a pass, which may be the beginning of a longer one.
constexpr std::int64_t kSafeLast = kSampleRate * 8 / 10;
/// Likewise if two passes agree on it, and that a sentence ends with it.
constexpr std::int64_t kSafeEnd = kSampleRate * 3 / 10;
/// So many words in less time are not speech, whatever the language.
constexpr std::size_t kFastWords = 4;
constexpr std::int64_t kFastTime = kSampleRate / 5;
/// What the model makes up, it makes up behind the last word, in a pause that has not yet ended the
/// window. Words of that speed elsewhere are real ones with wrong times.
constexpr std::int64_t kInventedTail = 2 * kSampleRate;
/// Least length of a word that had to be moved.
constexpr std::int64_t kLeastWord = kSampleRate / 100;

/// Removes the next character that is spoken from `text` and returns it in lower case; 0: none.
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

/// But for case and punctuation, which depend on what follows.
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

/// A word that the pass before did not hear, though it would have been safe then, was not spoken
/// then: alignment likes to begin a sentence in the pause before it.
void LiveText::correct_times(std::size_t n_known, std::int64_t known_to) {
  if (n_known >= heard_.size() || heard_[n_known].word.end >= known_to - kSafe) return;
  std::int64_t shift = known_to - kSafe - heard_[n_known].word.end;
  std::int64_t previous = n_known == 0 ? floor_ : heard_[n_known - 1].word.end;
  for (std::size_t i = n_known; i < heard_.size() && shift > 0; ++i) {
    Word& word = heard_[i].word;
    word.start = std::max(word.start + shift, previous);
    word.end = std::max(word.end + shift, word.start);
    previous = word.end;
    if (i + 1 < heard_.size()) shift = previous - heard_[i + 1].word.start;
  }
}

/// How many come before the first that nobody can say so fast, near the end of what was heard.
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

std::size_t LiveText::n_final(const PassSchedule& schedule, std::int64_t heard,
                              std::int64_t now) const {
  const std::size_t n = n_all();
  std::size_t n_due = 0;
  std::size_t n_stable = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t end = heard_[i].word.end;
    const bool is_last = i + 1 == heard_.size();
    if (schedule.is_due(end, heard, now)) n_due = i + 1;
    const bool is_agreed = i < n_agreed_;
    const bool is_end = is_agreed && ends_sentence(heard_[i].word.text);
    const std::int64_t safe = !is_last ? kSafe : is_end ? kSafeEnd : kSafeLast;
    const bool is_stable = (is_agreed && !is_last) || end <= heard - safe;
    if (n_stable == i && is_stable && !is_doubtful_) n_stable = i + 1;
  }
  return std::max(n_due, n_stable);
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
  drop_committed(committed_.size());
  forget_heard();
  heard_to_ = 0;
  floor_ = 0;
}

}  // namespace npuwhisper
