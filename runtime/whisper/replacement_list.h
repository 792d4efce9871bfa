// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

namespace npuwhisper {

/// Maximum number of phrases in TranscriberOptions::replacements.
inline constexpr std::size_t kMaxReplacements = 10'000;
/// Maximum length of the text of a replacement, in bytes. Each match copies it.
inline constexpr std::size_t kMaxReplacementBytes = 1000;

/// A word, and the index of its segment in a list of segments.
struct PlacedWord {
  Word word;
  std::size_t segment = 0;
};

/// The phrases of TranscriberOptions::replacements, which documents their syntax. Phrases match
/// whole words. The search ignores case (full case folding of Unicode) and normalises characters
/// (NFC). Only spaces and hyphens may stand between the words of a match. A character of a script
/// without spaces between words is a word of its own. Of several matches at one place, the one with
/// the most words counts; of these, one without an asterisk, or the one with the longest beginning
/// before the asterisk. Immutable; thread-safe.
class ReplacementList {
 public:
  /// Parses the lines of a list. Errors: InvalidArgument (the message names the line).
  static Result<ReplacementList> parse(std::string_view lines);

  bool is_empty() const { return replacements_.empty(); }

  /// Replaces the phrases in the text that `words` form. A match may cover several words, and words
  /// may contain several matches. The first `n_due` words must not wait for later words. Words from
  /// the first other word that begins a phrase with an unknown end are left as they are. Returns
  /// the number of words before that word, after replacement.
  ///
  /// A replacement with as many words as the match takes the times of these words. Otherwise, the
  /// time of the match is divided in proportion to the number of characters. Punctuation around the
  /// match remains, unless the replacement is empty: then the words disappear with their
  /// punctuation. The first letter of the replacement becomes capital
  /// if that of the match is, unless the list has capital letters there (TranscriberOptions).
  std::size_t replace(std::vector<PlacedWord>& words, std::size_t n_due) const;

  /// Replaces the phrases in a text without word times.
  std::string replace(std::string_view text) const;

 private:
  struct Node {
    std::map<std::string, std::size_t, std::less<>> next;  // nodes, by the next word
    std::map<std::string, std::size_t, std::less<>>
        prefix;                       // replacements, by the last word's beginning
    std::size_t replacement = kNone;  // the phrase that ends here
  };
  struct Replacement {
    std::vector<std::string> words;  // empty: the phrase is removed
    bool takes_capital = false;      // neither the phrase nor the first word prescribes a capital
  };
  struct Unit;
  struct Match;
  struct Found;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  static std::vector<Unit> split(std::string_view text);
  Result<void> add(std::string_view line, std::size_t number, std::vector<std::size_t>& lines);
  Match match(const std::vector<Unit>& units, std::size_t at) const;
  std::size_t find_prefix(const Node& node, std::string_view word) const;
  void put(std::vector<PlacedWord>& words, const Found& found, std::string_view matched) const;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::vector<Replacement> replacements_;
};

}  // namespace npuwhisper
