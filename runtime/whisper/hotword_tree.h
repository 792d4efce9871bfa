// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <npuwhisper/result.h>
#include <npuwhisper/segment.h>

#include "model/tokenizer.h"

namespace npuwhisper {

/// Maximum gap of a phrase. The gap of a token is the log probability of the most probable token in
/// its position minus that of the token itself, both without the bonus. The gap of a phrase is the
/// sum of the gaps of its tokens. docs/decisions.md, Hotwords, has the measurements.
inline constexpr float kMaxHotwordGap = 5;

/// Bonuses on the log probability of the next token, if the token belongs to a hotword.
struct HotwordGains {
  float first = 0;  ///< Bonus of the first token of a phrase.
  float next = 0;   ///< Bonus of each later token of a phrase.
};

/// The place of a text in the tree of hotwords, and the bonus of the text. A place depends only on
/// the tokens of the text, and on the gaps and the gains of these tokens.
struct HotwordPlace {
  int node = 0;  ///< Node of the text's longest suffix that begins a phrase; 0: none.
  /// Gap of the begun phrase. If this phrase began within a longer phrase that broke off, includes
  /// the whole gap of the longer phrase.
  float gap = 0;
  bool ends_word = false;  ///< The text ends in a word, which the next token may continue.
  float bonus = 0;         ///< Bonus of the text's complete phrases and of the begun phrase.
  /// The bonus that remains if the begun phrase breaks off within a word.
  float kept_within_word = 0;
  /// The bonus that remains if the begun phrase breaks off at the end of a word.
  float kept = 0;
  /// Nodes of the last complete phrases, the newest first; 0: none. A repetition of these phrases
  /// gets no bonus. They are forgotten after a token that is neither part of a phrase nor only
  /// spaces and punctuation.
  std::array<int, 4> repeatable{};
};

/// A prefix tree over the tokens of phrases. It follows a text token by token (Aho and Corasick
/// 1975). When a phrase breaks off, the tree continues with the longest suffix of the text that
/// begins a phrase. A phrase never begins within a word, and it is complete only if a word ends at
/// its last token: "Ann" does not occur in "Joann" and "Annoy". Characters of scripts without
/// spaces between words are words of their own. A phrase gets no bonus if it repeats one of
/// the last four phrases and the text between the two contains only spaces, punctuation and tokens
/// of phrases (HotwordPlace::repeatable). Therefore neither one phrase nor several alternating
/// phrases can fill a text. A phrase also breaks off where its gap exceeds kMaxHotwordGap.
/// Immutable; thread-safe.
class HotwordTree {
 public:
  struct Edge {
    Token token;
    int node;
  };

  /// Builds the tree of `phrases` (see spell_hotwords()). Keeps no reference to its arguments.
  HotwordTree(const Tokenizer& tokenizer, std::span<const std::vector<Token>> phrases);

  /// Returns the number of edges. At most this number of tokens can begin or continue a phrase at
  /// one place.
  std::size_t n_edges() const { return edges_.size(); }

  /// Returns the place of the text after one more token. `gap`: the gap of the token, at least 0; 0
  /// if it is not known. `gains`: the gains that the token can receive.
  HotwordPlace advance(const HotwordPlace& place, Token token, float gap,
                       const HotwordGains& gains) const;
  /// Returns whether a token with this gap continues the begun phrase of `place`.
  bool continues_phrase(const HotwordPlace& place, Token token, float gap) const {
    return place.node != 0 && can_continue(place, gap) && child(place.node, token) >= 0;
  }
  /// Returns whether the begun phrase of `place` can have another token with this gap.
  static bool can_continue(const HotwordPlace& place, float gap) {
    return place.gap + gap <= kMaxHotwordGap;
  }

  /// Returns the tokens that continue the phrase of `node`, with their nodes, in ascending order of
  /// the token ids. For node 0, returns the first tokens of all phrases.
  std::span<const Edge> edges(int node) const;
  /// Returns the node of the longest proper suffix of the node's tokens that begins a phrase; 0:
  /// none.
  int suffix(int node) const { return nodes_[static_cast<std::size_t>(node)].suffix; }
  /// Returns the node for `token` after `node`, or -1.
  int child(int node, Token token) const;
  /// Returns whether a phrase can begin with `token`, which has this gap, at this place.
  bool can_begin(const HotwordPlace& place, Token token, float gap) const {
    return gap <= kMaxHotwordGap && !continues_word(place, token);
  }
  /// Returns whether `token` continues a word at this place.
  bool continues_word(const HotwordPlace& place, Token token) const {
    return place.ends_word && (shape(token) & kBeginsInWord) != 0;
  }
  /// Returns whether `node` belongs to a phrase that would be repeated at this place.
  bool is_repetition(const HotwordPlace& place, int node) const;

 private:
  static constexpr std::uint8_t kBeginsInWord = 1;
  static constexpr std::uint8_t kEndsInWord = 2;
  static constexpr std::uint8_t kIsPartOfCharacter = 4;  // only continuation bytes of UTF-8
  static constexpr std::uint8_t kIsSeparator = 8;        // only spaces and punctuation
  struct Node {
    std::size_t first_edge = 0;
    std::size_t n_edges = 0;
    int parent = 0;  // less than the node's own index
    int suffix = 0;
    bool ends_word = false;  // see HotwordPlace::ends_word
    bool is_phrase = false;
  };
  /// The node that a token leads to.
  struct Target {
    int node = 0;  // 0: no phrase has the token here
    bool is_same_phrase = false;
    bool is_first = false;  // the token is the first one of a phrase
  };

  std::uint8_t shape(Token token) const {
    const auto at = static_cast<std::size_t>(token);
    return at < shapes_.size() ? shapes_[at] : kIsSeparator;  // special tokens separate words
  }
  static std::uint8_t shape_of(std::string_view text);
  /// Returns whether a text with the last token `token` ends in a word. `before`: whether the text
  /// without `token` ends in a word.
  bool ends_word(bool before, Token token) const {
    const std::uint8_t of = shape(token);
    return (of & kIsPartOfCharacter) != 0 ? before : (of & kEndsInWord) != 0;
  }
  Target find(const HotwordPlace& place, Token token, float gap) const;
  void add_phrases(std::span<const std::vector<Token>> phrases);
  void link_suffixes();

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;           // the edges of a node are adjacent
  std::vector<std::uint8_t> shapes_;  // [number of text tokens], the flags above
};

/// Returns the tree of TranscriberOptions::hotwords, or null if the list has no phrase. Errors:
/// those of spell_hotwords().
Result<std::unique_ptr<const HotwordTree>> make_hotword_tree(std::string_view list,
                                                             const Tokenizer& tokenizer);

}  // namespace npuwhisper
