// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/replacement_list.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include <unicase.h>
#include <uninorm.h>

#include "base/trim.h"
#include "model/unicode_class.h"
#include "model/utf8.h"
#include "whisper/word_characters.h"

namespace npuwhisper {

/// A word to compare: a run of characters within words, or one character of a script without
/// spaces.
struct ReplacementList::Unit {
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
  std::string folded;            // without differences of case
  bool continues_phrase = true;  // only spaces and hyphens follow, up to the next unit
};

/// The longest phrase at a unit.
struct ReplacementList::Match {
  std::size_t n_units = 0;  // 0: no phrase
  std::size_t replacement = kNone;
  bool is_open = false;  // more units at the end of the text could make a longer match
};

/// A match in the text of words.
struct ReplacementList::Found {
  std::size_t first_word = 0;
  std::size_t last_word = 0;
  std::size_t begin = 0;  // bytes of the first word's text
  std::size_t end = 0;    // bytes of the last word's text
  std::size_t replacement = kNone;
};

namespace {

bool is_space(char32_t c) {
  return unicode_class(c) == UnicodeClass::Space;
}

bool is_apostrophe(char32_t c) {
  return c == U'\'' || c == U'\u2019';
}

/// Returns whether a character within a word has no effect on the comparison: the soft hyphen, and
/// the joiners of scripts such as Arabic and Devanagari.
bool is_ignored(char32_t c) {
  return c == U'\u00AD' || c == U'\u200C' || c == U'\u200D';
}

bool joins_phrase(char32_t c) {
  return is_space(c) || c == U'-' || c == U'\u2010' || c == U'\u2011' || is_ignored(c);
}

/// Returns the character at a byte of `text`, or a space at its end.
CodePoint code_point_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {.value = U' ', .n_bytes = 1, .is_valid = false};
  return first_code_point(text.substr(at));
}

std::string fold(std::string_view word) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(word.data());
  std::size_t length = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> folded(
      u8_casefold(bytes, word.size(), nullptr, UNINORM_NFC, nullptr, &length), &std::free);
  // The function needs valid UTF-8. A text of the model is valid.
  if (folded == nullptr) return std::string(word);
  std::string out(reinterpret_cast<const char*>(folded.get()), length);
  const auto replace_all = [&](std::string_view found, std::string_view by) {
    for (std::size_t at = out.find(found); at != std::string::npos; at = out.find(found, at)) {
      out.replace(at, found.size(), by);
    }
  };
  replace_all("\u2019", "'");
  for (const char* ignored : {"\u00AD", "\u200C", "\u200D"}) replace_all(ignored, "");
  return out;
}

bool has_word_character(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (!is_separator(c.value)) return true;
    text.remove_prefix(c.n_bytes);
  }
  return false;
}

std::vector<std::string_view> split_at_spaces(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (at == text.size() || is_space(c.value)) {
      if (at > begin) parts.push_back(text.substr(begin, at - begin));
      begin = at + c.n_bytes;
    }
    at += c.n_bytes;
  }
  return parts;
}

bool is_capital(char32_t c) {
  return uc_tolower(c) != c;
}

bool begins_with_capital(std::string_view text) {
  return is_capital(code_point_at(text, 0).value);
}

bool has_capital(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (is_capital(c.value)) return true;
    text.remove_prefix(c.n_bytes);
  }
  return false;
}

std::string with_capital(std::string_view text) {
  if (text.empty()) return {};
  const CodePoint first = first_code_point(text);
  std::string out;
  append_utf8(static_cast<char32_t>(uc_totitle(first.value)), out);
  return out + std::string(text.substr(first.n_bytes));
}

/// Returns the number of bytes of the white space at the beginning of `text`.
std::size_t leading_space(std::string_view text) {
  std::size_t n = 0;
  for (CodePoint c = code_point_at(text, 0); n < text.size() && is_space(c.value);) {
    n += c.n_bytes;
    c = code_point_at(text, n);
  }
  return n;
}

Failure wrong_line(std::size_t number, std::string_view line, const std::string& wanted) {
  return fail(ErrorCode::InvalidArgument, "replacements: line " + std::to_string(number) +
                                              ": found " + in_quotes(line) + ", wanted " + wanted);
}

}  // namespace

std::vector<ReplacementList::Unit> ReplacementList::split(std::string_view text) {
  std::vector<Unit> units;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    if (is_separator(c.value)) {
      if (!units.empty() && !joins_phrase(c.value)) units.back().continues_phrase = false;
      at += c.n_bytes;
      continue;
    }
    std::size_t end = at + c.n_bytes;
    while (is_in_word(c.value) && end < text.size()) {
      CodePoint next = code_point_at(text, end);
      std::size_t n_bytes = next.n_bytes;
      while (is_apostrophe(next.value) || is_ignored(next.value)) {
        const bool is_last = is_apostrophe(next.value);
        next = code_point_at(text, end + n_bytes);
        n_bytes += next.n_bytes;
        if (is_last) break;
      }
      if (!is_in_word(next.value)) break;
      end += n_bytes;
    }
    units.push_back({.begin = at, .end = end, .folded = fold(text.substr(at, end - at))});
    at = end;
  }
  return units;
}

Result<ReplacementList> ReplacementList::parse(std::string_view lines) {
  if (!is_valid_utf8(lines)) {
    return fail(ErrorCode::InvalidArgument,
                "replacements: found " + in_quotes(lines) + ", wanted text in UTF-8");
  }
  ReplacementList list;
  std::vector<std::size_t> numbers;  // the line of each replacement
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = trim(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (const auto added = list.add(line, number, numbers); !added) return fail(added.error());
  }
  return list;
}

Result<void> ReplacementList::add(std::string_view line, std::size_t number,
                                  std::vector<std::size_t>& lines) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return wrong_line(number, line, "PHRASE = REPLACEMENT");
  std::string_view phrase = trim(line.substr(0, equals));
  const bool is_prefix = phrase.ends_with('*');
  if (is_prefix) phrase.remove_suffix(1);
  if (phrase.find('*') != std::string_view::npos) {
    return wrong_line(number, phrase, "an asterisk only at the end of a phrase");
  }
  std::vector<Unit> units = split(phrase);
  if (units.empty()) return wrong_line(number, line, "a word before the equals sign");
  if (is_prefix && units.back().end != phrase.size()) {
    return wrong_line(number, line, "the beginning of a word before the asterisk");
  }
  if (units.front().begin != 0 || units.back().end != phrase.size()) {
    return wrong_line(number, phrase, "letters or digits at the ends of the phrase");
  }
  for (std::size_t i = 0; i + 1 < units.size(); ++i) {
    if (!units[i].continues_phrase) {
      return wrong_line(number, phrase, "only spaces and hyphens between the words");
    }
  }
  if (replacements_.size() == kMaxReplacements) {
    return fail(ErrorCode::InvalidArgument, "replacements: found more than " +
                                                std::to_string(kMaxReplacements) +
                                                " phrases, wanted at most this number");
  }

  std::size_t node = 0;
  const std::size_t n_whole = units.size() - (is_prefix ? 1 : 0);
  for (std::size_t i = 0; i < n_whole; ++i) {
    const auto [edge, is_new] = nodes_[node].next.try_emplace(units[i].folded, nodes_.size());
    node = edge->second;
    if (is_new) nodes_.emplace_back();
  }
  std::size_t& place =
      is_prefix ? nodes_[node].prefix.try_emplace(units.back().folded, kNone).first->second
                : nodes_[node].replacement;
  if (place != kNone) {
    return wrong_line(number, line,
                      "a phrase that is not in line " + std::to_string(lines[place]) + " already");
  }
  const auto words = split_at_spaces(line.substr(equals + 1));
  if (line.size() - equals > kMaxReplacementBytes) {
    return fail(ErrorCode::InvalidArgument,
                "replacements: line " + std::to_string(number) + ": found a replacement of " +
                    std::to_string(line.size() - equals - 1) + " bytes, wanted fewer than " +
                    std::to_string(kMaxReplacementBytes));
  }
  place = replacements_.size();
  lines.push_back(number);
  Replacement& replacement = replacements_.emplace_back();
  for (const std::string_view word : words) replacement.words.emplace_back(word);
  replacement.takes_capital = !replacement.words.empty() && !begins_with_capital(phrase) &&
                              !has_capital(replacement.words.front());
  return {};
}

/// Returns the replacement whose last word has the longest common beginning with `word`.
std::size_t ReplacementList::find_prefix(const Node& node, std::string_view word) const {
  if (node.prefix.empty()) return kNone;
  for (std::size_t n = word.size(); n > 0; --n) {
    const auto found = node.prefix.find(word.substr(0, n));
    if (found != node.prefix.end()) return found->second;
  }
  return kNone;
}

ReplacementList::Match ReplacementList::match(const std::vector<Unit>& units,
                                              std::size_t at) const {
  Match longest;
  std::size_t node = 0;
  for (std::size_t i = at; i < units.size(); ++i) {
    const Node& here = nodes_[node];
    const auto edge = here.next.find(units[i].folded);
    const bool is_whole = edge != here.next.end() && nodes_[edge->second].replacement != kNone;
    const std::size_t replacement =
        is_whole ? nodes_[edge->second].replacement : find_prefix(here, units[i].folded);
    if (replacement != kNone) {
      longest.n_units = i + 1 - at;
      longest.replacement = replacement;
    }
    if (edge == here.next.end() || !units[i].continues_phrase) return longest;
    node = edge->second;
  }
  longest.is_open = !nodes_[node].next.empty() || !nodes_[node].prefix.empty();
  return longest;
}

std::size_t ReplacementList::replace(std::vector<PlacedWord>& words, std::size_t n_due) const {
  std::string text;
  std::vector<std::size_t> begins;  // the first byte of each word
  for (const PlacedWord& placed : words) {
    begins.push_back(text.size());
    text += placed.word.text;
  }
  const auto word_at = [&](std::size_t byte) {
    return static_cast<std::size_t>(std::ranges::upper_bound(begins, byte) - begins.begin()) - 1;
  };
  const std::vector<Unit> units = split(text);
  std::vector<Found> all;
  std::size_t n_ready = words.size();
  for (std::size_t i = 0; i < units.size();) {
    const Match longest = match(units, i);
    const std::size_t first = word_at(units[i].begin);
    // A match that begins in a due word must not wait for a phrase that begins in its last word.
    const bool is_due = first < n_due || (!all.empty() && all.back().first_word < n_due &&
                                          all.back().last_word >= first);
    if (longest.is_open && !is_due) {
      n_ready = first;
      break;
    }
    if (longest.n_units == 0) {
      ++i;
      continue;
    }
    const Unit& last_unit = units[i + longest.n_units - 1];
    const std::size_t last = word_at(last_unit.end - 1);
    all.push_back({.first_word = first,
                   .last_word = last,
                   .begin = units[i].begin - begins[first],
                   .end = last_unit.end - begins[last],
                   .replacement = longest.replacement});
    i += longest.n_units;
  }
  // A word that waits keeps its text, so matches that reach into such a word wait, too.
  while (!all.empty() && all.back().last_word >= n_ready) {
    n_ready = std::min(n_ready, all.back().first_word);
    all.pop_back();
  }
  // From the last match to the first one, so that the places of the earlier ones remain valid.
  const std::size_t n_waiting = words.size() - n_ready;
  for (auto found = all.rbegin(); found != all.rend(); ++found) {
    const std::size_t begin = begins[found->first_word] + found->begin;
    const std::size_t end = begins[found->last_word] + found->end;
    put(words, *found, std::string_view(text).substr(begin, end - begin));
  }
  return words.size() - n_waiting;
}

/// Writes the replacement of one match. `matched`: the text of the match.
void ReplacementList::put(std::vector<PlacedWord>& words, const Found& found,
                          std::string_view matched) const {
  const auto at = [&](std::size_t i) { return words.begin() + static_cast<std::ptrdiff_t>(i); };
  const Word first = words[found.first_word].word;
  const Word last = words[found.last_word].word;
  const std::string before = first.text.substr(0, found.begin);
  const std::string after = last.text.substr(found.end);
  std::vector<std::string> parts = replacements_[found.replacement].words;
  if (replacements_[found.replacement].takes_capital && begins_with_capital(matched)) {
    parts.front() = with_capital(parts.front());
  }
  const std::size_t n_words = found.last_word + 1 - found.first_word;
  if (parts.empty()) {
    if (has_word_character(before) || has_word_character(after)) {
      words[found.first_word].word.text = before + after;
      words[found.first_word].word.end = last.end;
      words.erase(at(found.first_word + 1), at(found.last_word + 1));
    } else {
      words.erase(at(found.first_word), at(found.last_word + 1));
    }
    return;
  }
  if (parts.size() == n_words) {
    for (std::size_t i = 0; i < n_words; ++i) {
      std::string& text = words[found.first_word + i].word.text;
      // A word that begins with a hyphen, such as "-York", has no space. Its replacement needs one.
      const std::size_t n_spaces = leading_space(text);
      std::string out = i == 0 ? before : n_spaces == 0 ? " " : text.substr(0, n_spaces);
      out += parts[i];
      if (i + 1 == n_words) out += after;
      text = std::move(out);
    }
    return;
  }
  std::size_t n_bytes = 0;
  for (const std::string& part : parts) n_bytes += part.size();
  float probability = 0;
  for (std::size_t i = found.first_word; i <= found.last_word; ++i) {
    probability += words[i].word.probability / static_cast<float>(n_words);
  }
  std::vector<PlacedWord> placed;
  std::size_t done = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    PlacedWord& next = placed.emplace_back();
    next.segment = words[found.first_word].segment;
    next.word.probability = probability;
    next.word.text = (i == 0 ? before : " ") + parts[i];
    if (i + 1 == parts.size()) next.word.text += after;
    const auto time_of = [&](std::size_t byte) {
      const std::int64_t length = last.end - first.start;
      return first.start +
             length * static_cast<std::int64_t>(byte) / static_cast<std::int64_t>(n_bytes);
    };
    next.word.start = time_of(done);
    done += parts[i].size();
    next.word.end = time_of(done);
  }
  words.erase(at(found.first_word), at(found.last_word + 1));
  words.insert(at(found.first_word), std::make_move_iterator(placed.begin()),
               std::make_move_iterator(placed.end()));
}

std::string ReplacementList::replace(std::string_view text) const {
  std::vector<PlacedWord> words;
  // Each word begins with the white space before it, as in Segment::words.
  bool was_space = true;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    const bool space = is_space(c.value);
    if (words.empty() || (space && !was_space)) words.emplace_back();
    words.back().word.text += text.substr(at, c.n_bytes);
    was_space = space;
    at += c.n_bytes;
  }
  replace(words, words.size());
  std::string out;
  for (const PlacedWord& placed : words) out += placed.word.text;
  return out;
}

}  // namespace npuwhisper
