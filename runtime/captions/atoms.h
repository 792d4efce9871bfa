// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/captions.h>

namespace npuwhisper {

/// The cost of ending a line or caption at a given place.
using BreakCost = int;
inline constexpr BreakCost kAfterSentence = 0;
inline constexpr BreakCost kAfterPunctuation = 2;
/// The cost of a line end before a preposition, conjunction, article or the like.
inline constexpr BreakCost kBeforeFunctionWord = 4;
inline constexpr BreakCost kBetweenWords = 8;
/// The cost of a line end after a hyphen or between Korean syllables.
inline constexpr BreakCost kWithinCompound = 16;
/// The cost of a line end after a word that belongs to the next word.
inline constexpr BreakCost kAfterFunctionWord = 24;
/// The cost of a line end within a word that is wider than a line.
inline constexpr BreakCost kWithinWord = 64;

/// Text that no line break may split: a word, an East Asian character with its punctuation, or a
/// piece of a word that is wider than a line.
struct Atom {
  std::string text;  ///< Text of the atom, without white space at either end.
  int width = 0;     ///< Width in columns.
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds end{0};
  bool after_space = false;
  bool begins_word = false;                ///< True: captions mark the atom (CaptionMark).
  BreakCost break_before = kBetweenWords;  ///< The cost of ending a line before this atom.
};

/// Splits text into atoms of at most `columns` columns. A line may break at the boundary of two
/// texts only if the joined text allows a break at this position. Scripts whose line breaks need a
/// dictionary (Thai, Lao, Burmese, Khmer) are an exception: each text in such a script counts as a
/// word. Line breaks follow Unicode annex 14. Grapheme clusters (annex 29) are never split. Columns
/// follow annex 11, with ambiguous characters counted as narrow. `language` is Whisper's code.
std::vector<Atom> split_atoms(std::span<const SpokenText> texts, int columns,
                              std::string_view language);

/// Returns the cost of ending a line after `atom` if the next atom is not known. `language` is
/// Whisper's code.
BreakCost cost_of_ending(const Atom& atom, std::string_view language);

/// Returns the number of columns of `text`, which has no line breaks.
int columns_of(std::string_view text);

}  // namespace npuwhisper
