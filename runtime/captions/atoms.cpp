// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/atoms.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "captions/characters.h"
#include "captions/function_words.h"

namespace npuwhisper {
namespace {

using std::chrono::nanoseconds;

struct Joined {
  std::string text;
  std::vector<std::size_t> begins;  // Offset of each text in `text`, in bytes.
};

Joined join(std::span<const SpokenText> texts) {
  Joined joined;
  for (const SpokenText& spoken : texts) {
    joined.begins.push_back(joined.text.size());
    append_valid(spoken.text, joined.text);
  }
  return joined;
}

// Computes times within a text. Assumes that the speaker needs the same time for each column.
class Clock {
 public:
  Clock(std::span<const SpokenText> texts, std::size_t n) : texts_(texts), widths_(n) {}

  void add(std::size_t text, int width) { widths_[text] += width; }
  nanoseconds at(std::size_t text, int column) const {
    const SpokenText& spoken = texts_[text];
    const nanoseconds length = std::max(spoken.end - spoken.start, nanoseconds(0));
    // Computes length * column / width in two parts to avoid overflow: length may be years.
    const int width = std::max(widths_[text], 1);
    return spoken.start + length / width * column + length % width * column / width;
  }

 private:
  std::span<const SpokenText> texts_;
  std::vector<int> widths_;
};

struct Ends {
  // The last character that is neither a closing bracket nor a closing quotation mark.
  std::uint32_t before = 0;
  std::uint32_t last = 0;
};

Ends ends_of(const std::string& text) {
  Ends ends;
  for (const Character& character : split_characters(text)) {
    ends.last = character.first;
    if (!closes_quotation(character.first)) ends.before = character.first;
  }
  return ends;
}

BreakCost cost_without_space(std::uint32_t before, std::uint32_t after, bool is_japanese) {
  if (is_hangul(before) || is_hangul(after)) return kWithinCompound;
  if (needs_dictionary(before) && needs_dictionary(after)) return kBetweenWords;
  // A Japanese phrase usually begins with an ideograph or a katakana character, and ends with a
  // hiragana character.
  if (is_hiragana(before)) return is_hiragana(after) ? kWithinCompound : kBeforeFunctionWord;
  if (is_hiragana(after)) return kAfterFunctionWord;
  if (is_ideograph(before) && is_ideograph(after) && !is_japanese) return kBetweenWords;
  if (is_ideograph(before) != is_ideograph(after)) return kBetweenWords;
  return kWithinCompound;
}

BreakCost cost_between(const Atom& before, const Atom& after, std::string_view language) {
  const BreakCost cost = cost_of_ending(before, language);
  if (cost <= kAfterPunctuation) return cost;
  const std::uint32_t next = split_characters(after.text).front().first;
  if (opens_bracket(next)) return kAfterPunctuation;
  if (!after.after_space) {
    return cost_without_space(ends_of(before.text).last, next, language == "ja");
  }
  if (cost == kBetweenWords && is_function_word(after.text, language)) return kBeforeFunctionWord;
  return cost;
}

}  // namespace

std::vector<Atom> split_atoms(std::span<const SpokenText> texts, int columns,
                              std::string_view language) {
  struct Place {
    std::size_t text = 0;
    int begin = 0;  // Column of `text` at which the atom begins.
    std::size_t end_text = 0;
    int end = 0;
    bool is_forced = false;
  };
  const Joined joined = join(texts);
  Clock clock(texts, texts.size());
  std::vector<Atom> atoms;
  std::vector<Place> places;
  std::vector<int> said(texts.size());  // Number of columns of each text that are in atoms so far.
  std::size_t text = 0;
  std::uint32_t last = 0;
  bool begins_text = false;
  bool after_space = false;
  std::size_t offset = 0;
  for (const Character& character : split_characters(joined.text)) {
    while (text + 1 < texts.size() && joined.begins[text + 1] <= offset) ++text;
    if (text < texts.size() && joined.begins[text] == offset) begins_text = true;
    offset += character.text.size();
    if (character.is_space) {
      after_space = true;
      continue;
    }
    const bool is_dictionary_word =
        begins_text && needs_dictionary(last) && needs_dictionary(character.first);
    const int width = character.width;
    const int space = after_space ? 1 : 0;
    const bool is_too_wide = !atoms.empty() && atoms.back().width + space + width > columns;
    if (atoms.empty() || character.may_break || is_dictionary_word || is_too_wide) {
      const bool is_forced = is_too_wide && !character.may_break && !is_dictionary_word;
      places.push_back({text, said[text], text, said[text], is_forced});
      Atom& atom = atoms.emplace_back();
      atom.after_space = after_space;
      atom.begins_word = begins_text;
    } else if (after_space) {
      atoms.back().text += ' ';
      atoms.back().width += 1;
    }
    atoms.back().text += character.text;
    atoms.back().width += width;
    said[text] += width;
    places.back().end_text = text;
    places.back().end = said[text];
    clock.add(text, width);
    last = character.last;
    begins_text = false;
    after_space = false;
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    atoms[i].start = clock.at(places[i].text, places[i].begin);
    atoms[i].end = std::max(atoms[i].start, clock.at(places[i].end_text, places[i].end));
    if (i == 0) continue;
    atoms[i].break_before =
        places[i].is_forced ? kWithinWord : cost_between(atoms[i - 1], atoms[i], language);
  }
  return atoms;
}

BreakCost cost_of_ending(const Atom& atom, std::string_view language) {
  const Ends ends = ends_of(atom.text);
  if (ends_sentence(ends.before) && !ends_in_abbreviation(atom.text, language)) {
    return kAfterSentence;
  }
  if (ends_phrase(ends.before) || ends_phrase(ends.last)) return kAfterPunctuation;
  return is_function_word(atom.text, language) ? kAfterFunctionWord : kBetweenWords;
}

int columns_of(std::string_view text) {
  int columns = 0;
  std::string valid;
  append_valid(text, valid);
  for (const Character& character : split_characters(valid)) columns += character.width;
  return columns;
}

}  // namespace npuwhisper
