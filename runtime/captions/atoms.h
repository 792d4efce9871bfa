// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/captions.h>

namespace npuwhisper {

/// What it costs to end a line, or a caption, at a place.
using BreakCost = int;
inline constexpr BreakCost kAfterSentence = 0;
inline constexpr BreakCost kAfterPunctuation = 2;
inline constexpr BreakCost kBeforeFunctionWord = 4;  ///< A preposition, conjunction, article, ...
inline constexpr BreakCost kBetweenWords = 8;
inline constexpr BreakCost kWithinCompound = 16;     ///< Behind a hyphen, between Korean syllables.
inline constexpr BreakCost kAfterFunctionWord = 24;  ///< It belongs to what follows.
inline constexpr BreakCost kWithinWord = 64;         ///< That is wider than a line.

/// Text that no line break may part: a word, an East Asian character with its punctuation, or a
/// piece of a word that is wider than a line.
struct Atom {
  std::string text;  ///< Without white space.
  int width = 0;     ///< Columns.
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds end{0};
  bool after_space = false;
  bool begins_word = false;                ///< Marked in captions.
  BreakCost break_before = kBetweenWords;  ///< Of ending a line before it.
};

/// Splits text into atoms of at most `columns` columns. Where one of the texts ends, a line may
/// break only where it might in the whole, but for scripts that need a dictionary for that (Thai,
/// Lao, Burmese, Khmer): there words are what the texts are. Line breaks: Unicode annex 14;
/// grapheme clusters, which are never split: annex 29; columns: annex 11, ambiguous ones narrow.
/// `language`: Whisper's code.
std::vector<Atom> split_atoms(std::span<const SpokenText> texts, int columns,
                              std::string_view language);

/// What it costs to end a line behind `atom`, as far as it says so itself.
BreakCost cost_of_ending(const Atom& atom, std::string_view language);

/// Columns that text without line breaks takes.
int columns_of(std::string_view text);

}  // namespace npuwhisper
