// SPDX-License-Identifier: LGPL-2.1-or-later
#include "whisper/hotword_tree.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "model/unicode_class.h"
#include "model/utf8.h"
#include "whisper/hotword_list.h"

namespace npuwhisper {
namespace {

/// Returns whether the script of a letter has no spaces between words, or (Hangul) appends
/// particles to names without a space.
bool has_no_spaces(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kRanges[] = {
      {0x0E00, 0x0EFF},    // Thai, Lao
      {0x1000, 0x109F},    // Myanmar
      {0x1780, 0x17FF},    // Khmer
      {0x2E80, 0x9FFF},    // Chinese characters and kana
      {0xAC00, 0xD7AF},    // Hangul
      {0xF900, 0xFAFF},    // Chinese characters
      {0xFF66, 0xFF9F},    // kana of half width
      {0x20000, 0x3FFFF},  // Chinese characters
  };
  return std::ranges::any_of(kRanges, [&](const Range& r) { return c >= r.first && c <= r.last; });
}

bool is_in_word(char32_t c) {
  const UnicodeClass of = unicode_class(c);
  return (of == UnicodeClass::Letter || of == UnicodeClass::Number) && !has_no_spaces(c);
}

/// Returns the last character of `text`, which must not be empty.
char32_t last_code_point(std::string_view text) {
  char32_t last = kReplacementCharacter;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    last = c.value;
    text.remove_prefix(c.n_bytes);
  }
  return last;
}

}  // namespace

HotwordTree::HotwordTree(const Tokenizer& tokenizer, std::span<const std::vector<Token>> phrases)
    : nodes_(1) {
  if (phrases.empty()) return;
  shapes_.resize(static_cast<std::size_t>(tokenizer.special().eot));
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const std::string_view text = tokenizer.bytes(static_cast<Token>(i));
    if (text.empty()) continue;
    const bool begins = is_in_word(first_code_point(text).value);
    const bool ends = is_in_word(last_code_point(text));
    shapes_[i] = static_cast<std::uint8_t>((begins ? kBeginsInWord : 0) | (ends ? kEndsInWord : 0));
  }
  std::map<std::pair<int, Token>, int> children;
  std::vector<std::vector<Token>> paths(1);  // the tokens of each node
  for (const std::vector<Token>& phrase : phrases) {
    int node = 0;
    for (const Token token : phrase) {
      const auto [at, is_new] = children.try_emplace({node, token}, static_cast<int>(paths.size()));
      if (is_new) {
        std::vector<Token> path = paths[static_cast<std::size_t>(node)];
        path.push_back(token);
        paths.push_back(std::move(path));
        nodes_.emplace_back();
      }
      node = at->second;
    }
    if (node != 0) nodes_[static_cast<std::size_t>(node)].is_phrase = true;
  }
  for (const auto& [from, to] : children) {
    Node& node = nodes_[static_cast<std::size_t>(from.first)];
    if (node.n_edges++ == 0) node.first_edge = edges_.size();
    edges_.push_back({from.second, to});
  }
  for (std::size_t i = 1; i < nodes_.size(); ++i) nodes_[i].suffix = find_suffix(paths[i]);
}

/// Returns the node of the longest proper end of `tokens` that begins a phrase.
int HotwordTree::find_suffix(std::span<const Token> tokens) const {
  for (std::size_t begin = 1; begin < tokens.size(); ++begin) {
    const bool is_in_word =
        (shape(tokens[begin - 1]) & kEndsInWord) != 0 && continues_word(tokens[begin]);
    int node = is_in_word ? -1 : 0;
    for (std::size_t i = begin; i < tokens.size() && node >= 0; ++i) node = child(node, tokens[i]);
    if (node > 0) return node;
  }
  return 0;
}

std::span<const HotwordTree::Edge> HotwordTree::edges(int node) const {
  const Node& of = nodes_[static_cast<std::size_t>(node)];
  return std::span(edges_).subspan(of.first_edge, of.n_edges);
}

int HotwordTree::child(int node, Token token) const {
  const auto all = edges(node);
  const auto at = std::ranges::lower_bound(all, token, {}, &Edge::token);
  return at != all.end() && at->token == token ? at->node : -1;
}

HotwordTree::Target HotwordTree::find(const HotwordPlace& place, Token token) const {
  for (int node = place.node; node != 0; node = suffix(node)) {
    if (const int next = child(node, token); next >= 0) return {next, node == place.node, false};
  }
  const int first = can_begin(place, token) ? child(0, token) : -1;
  return {std::max(first, 0), false, first >= 0};
}

float HotwordTree::gain(const HotwordPlace& place, Token token, const HotwordGains& gains) const {
  const Target target = find(place, token);
  return target.node == 0 ? 0 : target.is_first ? gains.first : gains.next;
}

HotwordPlace HotwordTree::advance(const HotwordPlace& place, Token token,
                                  const HotwordGains& gains) const {
  const Target target = find(place, token);
  const float kept = continues_word(token) ? place.kept_within_word : place.kept;
  HotwordPlace next{.node = target.node,
                    .ends_word = (shape(token) & kEndsInWord) != 0,
                    .bonus = kept,
                    .kept_within_word = kept,
                    .kept = kept};
  if (target.node == 0) return next;
  if (target.is_same_phrase) next.bonus = place.bonus;
  next.bonus += target.is_first ? gains.first : gains.next;
  if (nodes_[static_cast<std::size_t>(target.node)].is_phrase) next.kept = next.bonus;
  return next;
}

std::optional<HotwordTree> make_hotword_tree(const Tokenizer& tokenizer,
                                             const TranscriberOptions& options) {
  const auto spellings = spell_hotwords(options.hotwords, tokenizer);
  if (!spellings || spellings->empty()) return std::nullopt;
  return HotwordTree(tokenizer, *spellings);
}

}  // namespace npuwhisper
